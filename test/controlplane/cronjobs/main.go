// Command cronjobs prints when Kubernetes runs the CronJobs of a file next: a line each of
// namespace/name, and Unix seconds, "never" or "invalid". The file is a CronJobList in JSON. The
// functions are copies of unexported ones of the CronJob controller and the API server's
// validation.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
	_ "time/tzdata" // the zones that kubestate has built in
	_ "unsafe"      // for go:linkname

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/tools/record"
	_ "k8s.io/kubernetes/pkg/apis/batch/validation"
	_ "k8s.io/kubernetes/pkg/controller/cronjob"
	"k8s.io/kubernetes/pkg/util/parsers"
)

//go:linkname formatSchedule k8s.io/kubernetes/pkg/controller/cronjob.formatSchedule
func formatSchedule(*batchv1.CronJob, record.EventRecorder) string

//go:linkname nextScheduleTimeDuration k8s.io/kubernetes/pkg/controller/cronjob.nextScheduleTimeDuration
func nextScheduleTimeDuration(*batchv1.CronJob, time.Time, cron.Schedule) *time.Duration

//go:linkname validateScheduleFormat k8s.io/kubernetes/pkg/apis/batch/validation.validateScheduleFormat
func validateScheduleFormat(schedule string, allowTZ bool, zone *string, path *field.Path) field.ErrorList

//go:linkname validateTimeZone k8s.io/kubernetes/pkg/apis/batch/validation.validateTimeZone
func validateTimeZone(zone *string, path *field.Path) field.ErrorList

// delta is added by the controller to the time until the next run.
const delta = 100 * time.Millisecond

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cronjobs:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: cronjobs FILE")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var list batchv1.CronJobList
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for i := range list.Items {
		c := &list.Items[i]
		fmt.Fprintf(out, "%s/%s %s\n", c.Namespace, c.Name, next(c))
	}
	return out.Flush()
}

// next is when the controller would run c after its last run, or its creation.
func next(c *batchv1.CronJob) string {
	refused := validateScheduleFormat(c.Spec.Schedule, true, c.Spec.TimeZone, nil)
	refused = append(refused, validateTimeZone(c.Spec.TimeZone, nil)...)
	schedule, err := parsers.ParseCronScheduleWithPanicRecovery(formatSchedule(c, nil))
	if err != nil || len(refused) > 0 {
		return "invalid"
	}
	last := c.CreationTimestamp.Time
	if t := c.Status.LastScheduleTime; t != nil {
		last = t.Time
	}
	if schedule.Next(last).IsZero() {
		return "never" // on some of these the controller's function does not return
	}
	wait := *nextScheduleTimeDuration(c, last, schedule)
	return fmt.Sprint(last.Add(wait - delta).Unix())
}
