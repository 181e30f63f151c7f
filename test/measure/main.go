// Command measure measures kubestate on a control plane of many pods: startup, memory, CPU per
// update, and scrapes at rest, under updates and beside slow clients. Other modes measure custom
// resources, shards beside an unsharded kubestate, and upgrades and resizes of shards. The same run
// measures the references: nginx with the same bytes, bare client-go informers of the same objects,
// and another exporter if there is one. The responses are checked, and the results are a Markdown
// table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

// timeout bounds each step.
const timeout = 5 * time.Minute

// options are the flags.
type options struct {
	pods      int
	updates   int  // per second
	restarts  bool // updates restart a container
	slow      int
	churn     int
	soak      time.Duration
	kubestate string
	nginx     string
	peer      string
	idle      time.Duration
	window    time.Duration
	scrapes   int
	shards    int
	rolls     []int
	custom    int
	storm     time.Duration
	sizes     []int
	clusters  int
	turns     int
}

func parse() (opts options, informers string) {
	flag.IntVar(&opts.pods, "pods", 20000, "number of pods in the cluster")
	flag.IntVar(&opts.updates, "updates", 500, "pod updates per second")
	flag.BoolVar(&opts.restarts, "restarts", true, "have each pod update restart a container")
	flag.IntVar(&opts.slow, "slow", 25, "number of clients that read a byte a second, besides one that does not read; 0 for none")
	flag.IntVar(&opts.churn, "churn", 0, "number of pods to create and delete")
	flag.DurationVar(&opts.soak, "soak", 0, "time to run with 200 updates a second and two scrapers")
	flag.StringVar(&opts.kubestate, "kubestate", "../.build/kubestate", "program to measure")
	flag.StringVar(&opts.nginx, "nginx", "../.build/nginx", "nginx to compare with")
	flag.StringVar(&opts.peer, "peer", os.Getenv("PEER"), "another exporter to measure, with the flags --kubeconfig, --port and --telemetry-port")
	flag.DurationVar(&opts.idle, "idle", 30*time.Second, "pause before the steady memory is read")
	flag.DurationVar(&opts.window, "window", 20*time.Second, "time over which CPU is measured")
	flag.IntVar(&opts.scrapes, "scrapes", 7, "number of scrapes to time")
	flag.IntVar(&opts.shards, "shards", 0, "only measure this number of shards beside an unsharded kubestate")
	flag.IntVar(&opts.custom, "custom", 0, "only measure this number of custom resources of 10 kinds")
	flag.DurationVar(&opts.storm, "storm", time.Minute, "with -custom: time in which definitions are created and deleted")
	flag.Func("rolls", "only measure upgrades and resizes of StatefulSets of these numbers of shards, such as 2,4", numbers(&opts.rolls, 2))
	flag.Func("sizes", "only measure the sizes of answers of clusters of these numbers of pods, such as 1000,20000", numbers(&opts.sizes, 1))
	flag.IntVar(&opts.clusters, "clusters", 0, "only measure this number of clusters in one process beside as many processes")
	flag.IntVar(&opts.turns, "turns", 0, "only measure kubestate and the peer, another build of it, in turns, this number of times")
	flag.StringVar(&informers, "informers", "", "internal: run bare informers with this kubeconfig")
	flag.Parse()
	return opts, informers
}

// numbers returns a parser of lists of numbers of at least least.
func numbers(to *[]int, least int) func(string) error {
	return func(text string) error {
		for part := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(part)
			if err != nil || n < least {
				return fmt.Errorf("%q is no number of at least %d", part, least)
			}
			*to = append(*to, n)
		}
		return nil
	}
}

func main() {
	opts, informers := parse()
	run := func(ctx context.Context) error { return measure(ctx, opts) }
	switch {
	case len(opts.rolls) > 0:
		run = func(ctx context.Context) error { return measureRolls(ctx, opts, opts.rolls) }
	case len(opts.sizes) > 0:
		run = func(ctx context.Context) error { return measureSizes(ctx, opts) }
	case opts.clusters > 0:
		run = func(ctx context.Context) error { return measureClusters(ctx, opts) }
	case opts.turns > 0:
		run = func(ctx context.Context) error { return measureTurns(ctx, opts) }
	case opts.shards > 0:
		run = func(ctx context.Context) error { return measureShards(ctx, opts) }
	case informers != "":
		run = func(ctx context.Context) error { return runInformers(ctx, informers, opts.custom > 0) }
	case opts.custom > 0:
		run = func(ctx context.Context) error { return measureCustom(ctx, opts) }
	}
	process.Main("measure", run)
}

// bench is a populated cluster and nginx.
type bench struct {
	options
	dir     string
	cluster *cluster.Cluster
	names   []types.NamespacedName // of the pods
	web     *nginx
}

// measure measures pods and prints the table. Wrong responses of kubestate are an error after that.
func measure(ctx context.Context, opts options) error {
	return withBench(ctx, opts, func(b *bench) error {
		r, err := b.measureAll(ctx)
		if err != nil {
			return err
		}
		fmt.Print(b.report(r))
		return errors.Join(r.kubestate.problems...)
	})
}

// withBench runs f with a populated cluster and nginx.
func withBench(ctx context.Context, opts options, f func(*bench) error) error {
	return withCluster(ctx, opts, cluster.Options{}, func(b *bench) (err error) {
		if b.web, err = startNginx(ctx, opts.nginx, b.path("nginx")); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.web.Kill()) }()
		return f(b)
	})
}

// withCluster runs f with a populated cluster.
func withCluster(ctx context.Context, opts options, clusterOpts cluster.Options, f func(*bench) error) error {
	return cluster.With(ctx, clusterOpts, func(dir string, c *cluster.Cluster) error {
		b := &bench{options: opts, dir: dir, cluster: c}
		if err := b.populate(ctx); err != nil {
			return err
		}
		return f(b)
	})
}

// populate fills the cluster and waits until the API server lists it.
func (b *bench) populate(ctx context.Context) (err error) {
	begin := time.Now()
	if b.names, err = b.cluster.Populate(ctx, b.pods); err != nil {
		return err
	}
	progress("%d pods written in %s", len(b.names), time.Since(begin).Round(time.Millisecond))
	return b.cluster.Await(ctx, timeout, func(ctx context.Context) error {
		list, err := b.cluster.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil {
			return err
		}
		n := len(list.Items)
		if list.RemainingItemCount != nil {
			n += int(*list.RemainingItemCount)
		}
		if n != b.pods {
			return fmt.Errorf("%d of %d pods", n, b.pods)
		}
		return nil
	})
}

// results are the measurements.
type results struct {
	kubestate *program
	informers *usage
	peer      *program // may be nil
}

// measureAll measures one program after another.
func (b *bench) measureAll(ctx context.Context) (r results, err error) {
	// The first client of the API server fills its caches.
	progress("warming up")
	if err := b.warmUp(ctx); err != nil {
		return r, err
	}
	if r.kubestate, err = b.measureProgram(ctx, "kubestate", b.startKubestate, ready, b.phases("kubestate")...); err != nil {
		return r, fmt.Errorf("measure kubestate: %w", err)
	}
	if b.peer != "" {
		if r.peer, err = b.measureProgram(ctx, "peer", b.startPeer, b.peerReady, b.phases("peer")...); err != nil {
			return r, fmt.Errorf("measure peer: %w", err)
		}
	}
	if r.informers, err = b.measureInformers(ctx, b.podUpdater(b.newPodChanger(), b.updates)); err != nil {
		return r, fmt.Errorf("measure informers: %w", err)
	}
	return r, nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// during runs f beside background, which ends with its context, and returns when both have. If
// background ends first, so does f's context.
func during(ctx context.Context, background, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() {
		err := background(ctx)
		cancel(err)
		ended <- err
	}()
	err := f(ctx)
	cancel(errDone)
	if failed := <-ended; !errors.Is(failed, errDone) {
		return errors.Join(failed, err)
	}
	return err
}

// errDone ends the background.
var errDone = errors.New("done")
