package generators

import (
	"strings"

	"github.com/netresearch/go-cron"
)

// cronParser reads schedules as the CronJob controller does: five fields or a
// descriptor; where both the day of the month and the day of the week are
// restricted, one of them has to match.
var cronParser = cron.MustNewParser(
	cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor | cron.DowOrDom)

// schedules remembers parsed schedules: most objects come again unchanged.
type schedules map[scheduleKey]cron.Schedule

type scheduleKey struct {
	spec    string
	zone    string
	hasZone bool
}

// parse gives the schedule for a CronJob's spec.schedule and spec.timeZone, or
// nil if they are not valid.
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

func parseSchedule(key scheduleKey) cron.Schedule {
	spec := key.spec
	if key.hasZone {
		spec = "CRON_TZ=" + key.zone + " " + spec
	}
	schedule, err := cronParser.Parse(spec)
	if err != nil {
		return nil
	}
	return schedule
}
