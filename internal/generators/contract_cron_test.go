package generators_test

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// schedule parses a cron job's schedule by the rules of the controller, if the API server's
// validation accepts schedule and time zone. test/controlplane compares both with the functions
// of Kubernetes.
func schedule(o object) (s cron.Schedule, ok bool) {
	text, zone := o.at("spec.schedule").text(), o.at("spec.timeZone")
	if zone.exists {
		_, err := time.LoadLocation(zone.text())
		if err != nil || zone.text() == "" || strings.Contains(text, "TZ") {
			return nil, false
		}
		text = "CRON_TZ=" + zone.text() + " " + text
	}
	defer func() { _ = recover() }() // TZ=UTC, and no fields
	s, err := cron.ParseStandard(text)
	return s, err == nil
}
