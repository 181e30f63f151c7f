package watcher_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// verdicts selects the families of results, and one other of jobs.
var verdicts = generators.Selection{
	Allow: []generators.Pattern{
		pattern("kubestate_cronjob_last_result"), pattern("kubestate_cronjob_last_result_time_seconds"),
		pattern("kubestate_cronjob_last_result_duration_seconds"), pattern("kubestate_job_failed_for_good"), pattern("kube_job_info"),
	},
	Groups: []generators.Group{generators.Verdicts},
}

// TestRandomResults changes Jobs and the configuration: which resources are exported, the shard,
// whether finished Jobs leave. Lines follow after at most three minutes.
func TestRandomResults(t *testing.T) {
	seeds := uint64(24)
	if testing.Short() {
		seeds = 6
	}
	superseded, kept := 0, 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 5))
			w := newRandomAPI(seed)
			for _, name := range cronJobNames {
				w.add("ADDED", item{uid: name, name: name, namespace: "n", batch: batchItem{kind: "CronJob"}})
			}
			a := &api{}
			a.serve(t, w)
			parts, resharded := 1+rnd.IntN(3), seed%2 == 1
			shard := sharding.All()
			anyShard := func() sharding.Ranges {
				return []sharding.Ranges{sharding.All(), sharding.Even(rnd.IntN(2), 2), sharding.Even(rnd.IntN(4), 4)}[rnd.IntN(3)]
			}
			config := func() watcher.Config {
				if !resharded {
					shard = anyShard()
				}
				c := watcher.Config{Client: newClient(t, a.config()), Selection: verdicts, Parts: parts, Shard: shard}
				c.Resources = [][]generators.Resource{
					{&generators.Jobs, &generators.CronJobs}, {&generators.Jobs}, {&generators.CronJobs}, {&generators.CronJobs, attributed, &generators.Jobs},
				}[rnd.IntN(4)]
				if rnd.IntN(3) == 0 {
					c.Namespaces = []string{"n", "other"}[:1+rnd.IntN(2)]
				}
				if rnd.IntN(2) == 0 {
					c.FinishedAfter = map[string]time.Duration{"jobs.batch": leaveAfter}
					c.FinishedKeep = []generators.Pattern{pattern([]string{"kube_job_info", "kubestate_job_failed_for_good"}[rnd.IntN(2)])}
				}
				if rnd.IntN(6) == 0 {
					c.Selection.Groups = nil
				}
				return c
			}
			now := config()
			of := newWatcher(now, prometheus.NewRegistry(), &log{about: aboutReason})
			run(t, of)
			expect := func() {
				t.Helper()
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				var want, got []string
				w.mu.Lock()
				for _, o := range w.objects {
					exported := slices.ContainsFunc(now.Resources, func(r generators.Resource) bool { return r.Describe().Kind.Kind == o.batch.kind })
					if !exported || now.Selection.Groups == nil || !shard.Holds(sharding.Hash(o.uid)) {
						continue
					}
					succeeded := w.lastOf(o.batch.cronJob, false)
					switch left := now.FinishedAfter != nil && !o.batch.ended.IsZero(); {
					case o.batch.kind == "CronJob":
						want = append(want, w.lastResultOf(o.name)...)
					case left && !now.FinishedKeep[0].MatchString("kubestate_job_failed_for_good"):
					case !o.batch.failed:
						want = append(want, fmt.Sprintf("kubestate_job_failed_for_good{namespace=\"n\",job_name=%q} 0\n", o.name))
					case succeeded == nil || succeeded.batch.ended.Before(o.batch.ended):
						kept++
						want = append(want, fmt.Sprintf("kubestate_job_failed_for_good{namespace=\"n\",job_name=%q} 1\n", o.name))
					default:
						superseded++
						want = append(want, fmt.Sprintf("kubestate_job_failed_for_good{namespace=\"n\",job_name=%q} 0\n", o.name))
					}
				}
				w.mu.Unlock()
				for line := range strings.Lines(text(of.Resources()...)) {
					if strings.HasPrefix(line, "kubestate_") {
						got = append(got, line)
					}
				}
				slices.Sort(want)
				slices.Sort(got)
				if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
					t.Fatalf("seed %d (-want +got):\n%s", seed, d)
				}
			}
			for range 30 {
				switch n := rnd.IntN(20); {
				case n < 12:
					for range 1 + rnd.IntN(20) {
						w.changeJob(fmt.Sprint("job-", rnd.IntN(30)))
					}
				case n < 14:
					w.end()
				case n < 15:
					w.compact()
					w.end()
				case n < 17 && resharded:
					shard = anyShard()
					of.Reshard(shard)
				case n < 18:
					now = config()
					of.Change(now)
				default:
					expect()
				}
				time.Sleep(time.Duration(rnd.Int64N(int64(2 * time.Second))))
			}
			expect()
		})
	}
	if superseded < 20 || kept < 5 {
		t.Errorf("%d failed jobs were superseded, %d were not", superseded, kept)
	}
}

// lastResultOf returns the lines of a CronJob. The caller holds mu.
func (w *randomAPI) lastResultOf(cronJob string) []string {
	succeeded, failed := w.lastOf(cronJob, false), w.lastOf(cronJob, true)
	last, results := failed, [2]int{0, 1}
	if succeeded != nil && (failed == nil || !succeeded.batch.ended.Before(failed.batch.ended)) {
		last, results = succeeded, [2]int{1, 0}
	}
	if last == nil {
		return nil
	}
	return []string{
		fmt.Sprintf("kubestate_cronjob_last_result{namespace=\"n\",cronjob=%q,result=\"succeeded\"} %d\n", cronJob, results[0]),
		fmt.Sprintf("kubestate_cronjob_last_result{namespace=\"n\",cronjob=%q,result=\"failed\"} %d\n", cronJob, results[1]),
		fmt.Sprintf("kubestate_cronjob_last_result_time_seconds{namespace=\"n\",cronjob=%q} %d\n", cronJob, last.batch.ended.Unix()),
		fmt.Sprintf("kubestate_cronjob_last_result_duration_seconds{namespace=\"n\",cronjob=%q} %d\n", cronJob, last.batch.ended.Unix()-last.batch.started.Unix()),
	}
}

// TestResultRequests holds which resources are requested for the results of Jobs, and that a resource
// is requested once.
func TestResultRequests(t *testing.T) {
	f := func(config watcher.Config, want ...string) {
		t.Helper()
		config.Selection = verdicts
		config.Selection.Allow = append(slices.Clip(verdicts.Allow), pattern("pod_workload"))
		synctest.Test(t, func(t *testing.T) {
			f := newHarness(t, config)
			var got []string
			for range want {
				q := f.next(t)
				got = append(got, fmt.Sprint(q, map[bool]string{true: " of a shard"}[q.r.URL.Query().Has("shardSelector")]))
			}
			synctest.Wait()
			select {
			case q := <-f.requests:
				t.Errorf("unexpected request %s", q)
			default:
			}
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("requests (-want +got):\n%s", d)
			}
			var names []string
			for _, s := range f.w.Statuses() {
				names = append(names, s.Resource)
			}
			if len(names) != len(want) {
				t.Errorf("statuses of %q, want %d", names, len(want))
			}
		})
	}
	resources := func(all ...generators.Resource) []generators.Resource { return all }
	const jobs, cronJobs = "stream /apis/batch/v1/jobs", "stream /apis/batch/v1/cronjobs"
	f(watcher.Config{Resources: resources(&generators.Jobs, &generators.CronJobs)}, cronJobs, jobs)
	f(watcher.Config{Resources: resources(&generators.CronJobs)}, cronJobs, jobs)
	f(watcher.Config{Resources: resources(&generators.Jobs)}, cronJobs, jobs)
	f(watcher.Config{Resources: resources(&generators.Jobs), Shard: half}, cronJobs, jobs, jobs+" of a shard")
	f(watcher.Config{Resources: resources(&generators.Jobs, &generators.CronJobs), Shard: half}, cronJobs, cronJobs+" of a shard", jobs, jobs+" of a shard")
	const selected = " labelSelector=a=b"
	f(watcher.Config{
		Resources: resources(&generators.Jobs, &generators.CronJobs),
		Selectors: map[schema.GroupResource]string{generators.Jobs.Resource.GroupResource(): "a=b"},
	}, cronJobs, jobs, jobs+selected)
	f(watcher.Config{Resources: resources(&generators.CronJobs), Namespaces: []string{"a"}}, "stream /apis/batch/v1/namespaces/a/cronjobs", "stream /apis/batch/v1/namespaces/a/jobs")
	f(watcher.Config{Resources: resources(replicaSets)}, "stream /apis/apps/v1/replicasets")

	const apps = "stream /apis/apps/v1/"
	owners := []string{"stream /api/v1/pods of a shard", "stream /api/v1/replicationcontrollers", apps + "daemonsets", apps + "deployments", apps + "replicasets", apps + "statefulsets"}
	f(watcher.Config{Resources: resources(attributed, &generators.Jobs, &generators.CronJobs), Shard: half},
		append(owners, cronJobs, cronJobs+" of a shard", jobs, jobs+" of a shard")...)
}

// TestForbiddenResults has an API server that refuses Jobs: CronJobs are served, with what they tell
// themselves.
func TestForbiddenResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Resources: []generators.Resource{&generators.CronJobs}, Selection: verdicts})
		c := &item{uid: "c", name: "c", namespace: "n", version: 1, batch: batchItem{kind: "CronJob", ended: time.Unix(1700000000, 0)}}
		for range 2 {
			switch q := f.next(t); q.r.URL.Path {
			case "/apis/batch/v1/jobs":
				q.fail(http.StatusForbidden, metav1.StatusReasonForbidden)
			default:
				q.watch().event("ADDED", c.batchObject()).event("BOOKMARK", endOf(kinds["cronjobs"]))
			}
		}
		time.Sleep(10 * time.Second) // 403 of a starting API server does not count
		f.expect(t, ""+
			"kubestate_cronjob_last_result{namespace=\"n\",cronjob=\"c\",result=\"succeeded\"} 1\n"+
			"kubestate_cronjob_last_result{namespace=\"n\",cronjob=\"c\",result=\"failed\"} 0\n"+
			"kubestate_cronjob_last_result_time_seconds{namespace=\"n\",cronjob=\"c\"} 1700000000\n", nil)
	})
}
