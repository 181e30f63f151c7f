// Package cronjobs compares kubestate's next schedule times of CronJobs with those of the CronJob
// controller, and its invalid schedules with the API server's validation.
package cronjobs

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// chunk is the number of CronJobs that are compared at a time.
const chunk = 5_000

// TestNextRuns compares random schedules, zones and last schedule times, $KUBESTATE_CRONJOBS of them.
func TestNextRuns(t *testing.T) {
	n := chunk
	if text := os.Getenv("KUBESTATE_CRONJOBS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("ZONEINFO", zoneinfo(t))
	locals := []string{"UTC", "America/New_York", "Australia/Lord_Howe"}
	for i := 0; i*chunk < n; i++ {
		t.Setenv("TZ", locals[i%len(locals)]) // for schedules without a zone
		c := compared{seed: uint64(i)}
		c.compare(t)
		t.Logf("seed %d: %d CronJobs, %d invalid, %d without a next run, %d differences", i, chunk, c.invalid, c.never, c.different)
	}
}

// zoneinfo unpacks Go's archive of time zones: the controller loads a zone for each CronJob, which
// takes milliseconds from the archive.
func zoneinfo(t *testing.T) string {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dir := filepath.Join(t.TempDir(), "zoneinfo")
	if err := os.CopyFS(dir, archive); err != nil {
		t.Fatal(err)
	}
	return dir
}

type compared struct {
	seed                      uint64
	invalid, never, different int
}

func (c *compared) compare(t *testing.T) {
	jobs := random(c.seed)
	file := filepath.Join(t.TempDir(), "cronjobs.json")
	text, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := process.Results(t.Context(), "cronjobs", file)
	if err != nil {
		t.Fatal(err)
	}
	got := ours(t, file)
	for i := range jobs.Items {
		j := &jobs.Items[i]
		w := want[j.Namespace+"/"+j.Name]
		switch w {
		case "invalid":
			c.invalid++
		case "never":
			c.never++
		}
		if got[j.Name] != w {
			if c.different++; c.different <= 20 {
				t.Errorf("seed %d: %s: %q in %v after %v (%v): %s, want %s", c.seed, j.Name, j.Spec.Schedule, zone(j), j.Status.LastScheduleTime, j.CreationTimestamp, got[j.Name], w)
			}
		}
	}
}

func zone(j *batchv1.CronJob) string {
	if j.Spec.TimeZone == nil {
		return "no zone"
	}
	return strconv.Quote(*j.Spec.TimeZone)
}

// ours returns the results of kubestate's series by name.
func ours(t *testing.T, file string) map[string]string {
	program, err := process.Built("kubestate")
	if err != nil {
		t.Fatal(err)
	}
	e, err := exporter.Start(t.Context(), filepath.Join(t.TempDir(), "kubestate.log"), program, "--resources=cronjobs", "--snapshot="+file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
	}()
	_, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]string{}
	for line := range strings.Lines(string(body)) {
		family, rest, _ := strings.Cut(line, "{")
		if rest == "" {
			continue
		}
		_, rest, _ = strings.Cut(rest, `cronjob="`)
		name, rest, _ := strings.Cut(rest, `"`)
		_, value, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), "} ")
		switch family {
		case "kube_cronjob_created":
			if results[name] == "" {
				results[name] = "never"
			}
		case "kube_cronjob_next_schedule_time":
			results[name] = value
		case "kube_cronjob_schedule_invalid":
			results[name] = "invalid"
		}
	}
	return results
}

// random returns CronJobs with random schedules, about a third of them invalid.
func random(seed uint64) *batchv1.CronJobList {
	r := rand.New(rand.NewPCG(seed, 1))
	list := &batchv1.CronJobList{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "CronJobList"}}
	for i := range chunk {
		j := batchv1.CronJob{
			TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "CronJob"},
			ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: fmt.Sprint("job-", i), UID: types.UID(fmt.Sprint("uid-", i)), CreationTimestamp: moment(r)},
			Spec:       batchv1.CronJobSpec{Schedule: schedule(r)},
		}
		if r.IntN(2) == 0 {
			t := moment(r)
			j.Status.LastScheduleTime = &t
		}
		if r.IntN(3) > 0 {
			z := pick(r, zones)
			j.Spec.TimeZone = &z
		}
		list.Items = append(list.Items, j)
	}
	return list
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

var zones = []string{
	"UTC", "Etc/GMT+5", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York",
	"America/Sao_Paulo", "America/St_Johns", "America/Caracas", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Africa/Casablanca",
	"Antarctica/Troll", "Asia/Beirut", "Africa/Cairo", "Asia/Gaza", "US/Pacific", "EST5EDT",
	"", "Local", "local", "Nowhere/Land", "../UTC", "UTC ", "'UTC'", "Europe//Berlin", "-UTC", "America/Argentina/Buenos_Aires",
}

// moment returns a random second of the years 2014 to 2099, often near a change of daylight saving
// time.
func moment(r *rand.Rand) metav1.Time {
	if r.IntN(2) == 0 {
		return metav1.Unix(r.Int64N(2_700_000_000)+1_400_000_000, 0)
	}
	day := pick(r, []time.Time{
		time.Date(2024, 3, 10, 0, 0, 0, 0, time.UTC), time.Date(2024, 11, 3, 0, 0, 0, 0, time.UTC), time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC),
		time.Date(2024, 10, 27, 0, 0, 0, 0, time.UTC), time.Date(2018, 11, 4, 0, 0, 0, 0, time.UTC), time.Date(2024, 4, 6, 0, 0, 0, 0, time.UTC),
		time.Date(2024, 10, 5, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
	})
	return metav1.Unix(day.Unix()+r.Int64N(4*86400)-2*86400, 0)
}

// schedule returns a random schedule: five fields, a descriptor, or an invalid one.
func schedule(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0:
		return pick(r, []string{
			"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@Daily", "@reboot", "@manual", "@none", "@triggered", "@", "",
			"@every 1h", "@every 90s", "@every 100ms", "@every -5m", "@every 0s", "@every", "@every x", "@every 1h30m10.5s", "@every 876000h",
			"TZ=UTC", "CRON_TZ=UTC", "TZ=Asia/Tokyo 30 4 * * *", "CRON_TZ=Europe/Berlin 30 2 * * *", "TZ= 0 0 * * *", `TZ="UTC" 0 0 * * *`, "TZ=UTC @daily",
			" 0 0 * * *", "0 0 * * * ", "0\t0 * * *", "TZ=UTC\t0 0 * * *", " TZ=UTC 0 0 * * *", "0 0 L * *", "0 0 * * 5#1", "H * * * *", "* * * *", "* * * * * *",
		})
	default:
		return strings.Join([]string{
			field(r, 0, 59, nil), field(r, 0, 23, nil), field(r, 1, 31, nil),
			field(r, 1, 12, []string{"jan", "FEB", "Mar", "oct", "dec", "january"}), field(r, 0, 6, []string{"sun", "MON", "Fri", "sat", "monday"}),
		}, pick(r, []string{" ", " ", " ", "  ", "\t"}))
	}
}

// field returns a comma list of one to three ranges, with or without a step; one in about thirty is
// invalid.
func field(r *rand.Rand, first, last int, names []string) string {
	if r.IntN(3) == 0 {
		return "*"
	}
	number := func() string {
		if names != nil && r.IntN(4) == 0 {
			return pick(r, names)
		}
		if r.IntN(60) == 0 {
			return pick(r, []string{strconv.Itoa(last + 1), strconv.Itoa(first - 1), "x", "007", "", "99999999999999999999"})
		}
		return strconv.Itoa(first + r.IntN(last-first+1))
	}
	var ranges []string
	for range 1 + r.IntN(3)*r.IntN(2) {
		text := number()
		switch r.IntN(8) {
		case 0, 1:
			text = pick(r, []string{"*", "?"})
		case 2, 3:
			low := first + r.IntN(last-first+1)
			text = fmt.Sprintf("%d-%d", low, low+r.IntN(last-low+1))
		case 4:
			text += "-" + number() // may be reversed
		}
		if r.IntN(4) == 0 {
			text += "/" + pick(r, []string{"1", "2", "3", "5", "15", "24", "60", "100", "0", "-1", "9223372036854775807"})
		}
		ranges = append(ranges, text)
	}
	return strings.Join(ranges, pick(r, []string{",", ",", ",", ",,"}))
}
