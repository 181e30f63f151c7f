package generators

import (
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// schedules caches parsed schedules, since most updates leave the schedule unchanged.
type schedules map[scheduleKey]cron.Schedule

type scheduleKey struct {
	spec    string
	zone    string
	hasZone bool
}

// parse returns the schedule for a CronJob's spec.schedule and spec.timeZone, nil if the
// API server's validation rejects them.
func (m *schedules) parse(spec string, zone *string) cron.Schedule {
	key := scheduleKey{spec, value(zone), zone != nil}
	if schedule, ok := (*m)[key]; ok {
		return schedule
	}
	if *m == nil || len(*m) >= memoized {
		*m = make(schedules)
	}
	key.spec, key.zone = strings.Clone(key.spec), strings.Clone(key.zone)
	schedule := parseSchedule(key)
	(*m)[key] = schedule
	return schedule
}

// parseSchedule uses the parser of the CronJob controller. That parser also accepts a
// time zone in the schedule; Kubernetes honours it if spec.timeZone is unset.
func parseSchedule(key scheduleKey) cron.Schedule {
	spec := key.spec
	inSpec := strings.Contains(spec, "TZ")
	if key.hasZone {
		if inSpec || !validZone(key.zone) {
			return nil
		}
		spec = "TZ=" + key.zone + " " + spec
	} else if inSpec && !strings.Contains(spec, " ") {
		return nil // the parser panics
	}
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		return nil
	}
	return schedule
}

// zonePart matches an element of a time zone's name, as API servers do.
var zonePart = regexp.MustCompile(`^[A-Za-z.\-_0-9+]{1,14}$`)

// validZone applies the API server's validation of spec.timeZone.
func validZone(zone string) bool {
	for part := range strings.SplitSeq(zone, "/") {
		if part == "." || part == ".." || strings.HasPrefix(part, "-") || !zonePart.MatchString(part) {
			return false
		}
	}
	_, err := time.LoadLocation(zone)
	return err == nil && !strings.EqualFold(zone, "Local")
}
