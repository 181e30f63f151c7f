package generators_test

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A timetable says when a schedule fires.
type timetable struct {
	zone                                   *time.Location
	every                                  time.Duration // instead of the fields, if not 0
	minutes, hours, days, months, weekdays field
}

// A field holds the values of a schedule's field at which it fires.
type field struct {
	values map[int]bool
	// any says that the field restricts nothing: a star or question mark.
	any bool
}

var zoneName = regexp.MustCompile(`^[A-Za-z0-9/_+:-]{1,64}$`)

var descriptors = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	// These never fire, like fields without a value.
	"@triggered": ", , , , ,", "@manual": ", , , , ,", "@none": ", , , , ,",
}

// schedule reads a cron job's timetable.
func schedule(o object) (timetable, bool) {
	text := o.at("spec.schedule").text()
	if zone := o.at("spec.timeZone"); zone.set() {
		text = "CRON_TZ=" + zone.text() + " " + text
	}
	return parseSchedule(text)
}

func parseSchedule(text string) (timetable, bool) {
	s := timetable{zone: time.Local}
	if len(text) > 1024 {
		return s, false
	}
	if name, isZone := cutZone(text); isZone {
		name, rest, _ := strings.Cut(name, " ")
		zone, ok := parseZone(name)
		if !ok {
			return s, false
		}
		s.zone, text = zone, strings.TrimSpace(rest)
	}
	if every, ok := strings.CutPrefix(text, "@every "); ok {
		d, err := time.ParseDuration(every)
		s.every = d.Truncate(time.Second)
		return s, err == nil && d >= time.Second
	}
	if fields, ok := descriptors[text]; ok {
		text = fields
	}
	return s, s.parseFields(strings.Fields(text))
}

func cutZone(text string) (string, bool) {
	if name, ok := strings.CutPrefix(text, "CRON_TZ="); ok {
		return name, true
	}
	return strings.CutPrefix(text, "TZ=")
}

func parseZone(name string) (*time.Location, bool) {
	for _, quote := range []string{`"`, `'`} {
		if len(name) > 1 && strings.HasPrefix(name, quote) && strings.HasSuffix(name, quote) {
			name = name[1 : len(name)-1]
		}
	}
	if !zoneName.MatchString(name) {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

func (s *timetable) parseFields(texts []string) bool {
	fields := []struct {
		field    *field
		min, max int
		names    string
	}{
		{&s.minutes, 0, 59, ""},
		{&s.hours, 0, 23, ""},
		{&s.days, 1, 31, ""},
		{&s.months, 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"},
		{&s.weekdays, 0, 6, "sun mon tue wed thu fri sat"},
	}
	if len(texts) != len(fields) {
		return false
	}
	for i, f := range fields {
		f.field.values = map[int]bool{}
		names := numbered(strings.Fields(f.names), f.min)
		for element := range strings.SplitSeq(texts[i], ",") {
			if element != "" && !f.field.add(strings.ToLower(element), f.min, f.max, names) {
				return false
			}
		}
	}
	s.weekdays.values[0] = s.weekdays.values[0] || s.weekdays.values[sunday]
	return true
}

// sunday is the other number of day 0.
const sunday = 7

func numbered(names []string, first int) map[string]int {
	numbers := map[string]int{}
	for i, name := range names {
		numbers[name] = first + i
	}
	return numbers
}

// add adds an element of a comma list: *, a or a-b, each with or without /step.
func (f *field) add(element string, first, last int, names map[string]int) bool {
	span, step, stepped := strings.Cut(element, "/")
	every := 1
	if stepped {
		n, err := strconv.Atoi(step)
		if err != nil || n < 1 {
			return false
		}
		every = n
	}
	from, to, ok := bounds(span, stepped, first, last, names)
	if !ok {
		return false
	}
	values := []int{from}
	for v := from; v != to; values = append(values, v) {
		if v++; v > max(last, to) {
			v = first
		}
	}
	if every > 1 && every >= len(values) {
		return false
	}
	for i := 0; i < len(values); i += every {
		f.values[values[i]] = true
	}
	f.any = f.any || isStar(span) && every == 1
	return true
}

// isStar says that the range is that of all values. The parser does not look at
// what comes after the hyphen of *-5.
func isStar(span string) bool {
	low, _, _ := strings.Cut(span, "-")
	return low == "*" || low == "?"
}

// bounds gives the first and the last value of a range, which may wrap around.
func bounds(span string, stepped bool, first, last int, names map[string]int) (from, to int, ok bool) {
	if isStar(span) {
		return first, last, true
	}
	low, high, isRange := strings.Cut(span, "-")
	from, ok = bound(low, first, last, names)
	switch {
	case !ok:
		return 0, 0, false
	case isRange:
		to, ok = bound(high, first, last, names)
		return from, to, ok
	case stepped:
		return from, last, true
	}
	return from, from, true
}

func bound(text string, first, last int, names map[string]int) (int, bool) {
	if v, ok := names[text]; ok {
		return v, true
	}
	v, err := strconv.ParseUint(text, 10, 8)
	if _, isWeekday := names["sun"]; isWeekday {
		last = sunday
	}
	return int(v), err == nil && int(v) >= first && int(v) <= last
}

// next is the first time after t at which the timetable fires, the zero time
// if it does not until the end of the fifth year after t.
func (s timetable) next(t time.Time) time.Time {
	if s.every > 0 {
		return t.Truncate(time.Second).Add(s.every)
	}
	year, month, day := t.In(s.zone).Date()
	for d := day; ; d++ {
		// Noon is on the same day in every zone.
		date := time.Date(year, month, d, 12, 0, 0, 0, time.UTC)
		if date.Year() > year+5 {
			return time.Time{}
		}
		if !s.firesOn(date) {
			continue
		}
		if at := s.firstAfter(t, date); !at.IsZero() {
			return at
		}
	}
}

// firesOn takes, as cron jobs do, either of the two kinds of days where both
// are restricted.
func (s timetable) firesOn(date time.Time) bool {
	if !s.months.values[int(date.Month())] {
		return false
	}
	day, weekday := s.days.values[date.Day()], s.weekdays.values[int(date.Weekday())]
	if s.days.any || s.weekdays.any {
		return day && weekday
	}
	return day || weekday
}

// firstAfter gives the day's first time after t, the zero time if it has none.
func (s timetable) firstAfter(t, date time.Time) (first time.Time) {
	for _, hour := range slices.Sorted(maps.Keys(s.hours.values)) {
		for minute := range s.minutes.values {
			at := onTheClock(date, hour, minute, s.zone)
			if at.After(t) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// onTheClock is the date's time at which the zone's clock shows hour and
// minute. Where the clock is put forward past it, that is as long after the
// hour to which it is put.
func onTheClock(date time.Time, hour, minute int, zone *time.Location) time.Time {
	year, month, day := date.Date()
	at := time.Date(year, month, day, hour, minute, 0, 0, zone)
	if at.Hour() == hour && at.Minute() == minute {
		return at
	}
	_, before := at.Add(-24 * time.Hour).Zone()
	return time.Date(year, month, day, hour, minute, -before, 0, time.UTC).In(zone)
}
