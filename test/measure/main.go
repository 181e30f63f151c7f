// Command measure starts a control plane of many pods and measures kubestate
// against it: how soon it is ready, how much memory it takes and how fast it
// answers. Bare client-go informers of the same resources, measured in the same
// run, are the yardstick. It prints a table in Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
)

// patience is how long anything may take before the measurement is given up.
const patience = 5 * time.Minute

// options are what the command line says.
type options struct {
	pods      int
	kubestate string
	resources []string
	idle      time.Duration
	scrapes   int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var opts options
	flag.IntVar(&opts.pods, "pods", 20000, "number of pods in the cluster")
	flag.StringVar(&opts.kubestate, "kubestate", "../.build/kubestate", "program to measure")
	flag.DurationVar(&opts.idle, "idle", 30*time.Second, "pause before the steady memory is read")
	flag.IntVar(&opts.scrapes, "scrapes", 7, "number of scrapes to time")
	resources := flag.String("resources", strings.Join(allResources(), ","), "resources to watch")
	informers := flag.String("informers", "", "for its own use: run bare informers by this kubeconfig")
	flag.Parse()
	opts.resources = strings.Split(*resources, ",")
	if *informers != "" {
		return runInformers(ctx, *informers, opts.resources)
	}
	return measure(ctx, opts)
}

// measure has the cluster, and in it first kubestate and then the informers.
func measure(ctx context.Context, opts options) (err error) {
	dir, err := os.MkdirTemp("", "measure")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := cluster.New(ctx, dir, cluster.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()

	begin := time.Now()
	names, err := c.Populate(ctx, opts.pods)
	if err != nil {
		return err
	}
	progress("%d pods written in %s", len(names), round(time.Since(begin)))
	if err := listable(ctx, c, len(names)); err != nil {
		return err
	}
	// The API server's first client pays for things that later ones find done.
	progress("warming up")
	if _, err := measureInformers(ctx, filepath.Join(dir, "warm-up.log"), c, options{resources: opts.resources}); err != nil {
		return err
	}
	progress("measuring kubestate")
	program, err := measureProgram(ctx, filepath.Join(dir, "kubestate.log"), c, opts, names)
	if err != nil {
		return err
	}
	progress("measuring informers")
	yardstick, err := measureInformers(ctx, filepath.Join(dir, "informers.log"), c, opts)
	if err != nil {
		return err
	}
	fmt.Print(report(opts, program, yardstick))
	return nil
}

// listable waits until the API server knows of so many pods.
func listable(ctx context.Context, c *cluster.Cluster, pods int) error {
	return c.Await(ctx, patience, func(ctx context.Context) error {
		list, err := c.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil {
			return err
		}
		n := len(list.Items)
		if list.RemainingItemCount != nil {
			n += int(*list.RemainingItemCount)
		}
		if n != pods {
			return fmt.Errorf("%d of %d pods", n, pods)
		}
		return nil
	})
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// wait blocks for a while, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// report is the table.
func report(opts options, program scraped, yardstick watched) string {
	var table strings.Builder
	row := func(what, kubestate, informers, ratio string) {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", what, kubestate, informers, ratio)
	}
	compare := func(what string, kubestate, informers float64, unit string) {
		row(what, fmt.Sprintf("%.2f %s", kubestate, unit), fmt.Sprintf("%.2f %s", informers, unit), fmt.Sprintf("%.2f", kubestate/informers))
	}
	fmt.Fprintf(&table, "%d pods, %s; %d cores, %s, %s/%s\n\n", opts.pods, strings.Join(opts.resources, ", "),
		runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	row("", "kubestate", "bare informers", "ratio")
	row("---", "---:", "---:", "---:")
	compare("start until ready", program.ready.Seconds(), yardstick.ready.Seconds(), "s")
	compare("CPU until ready", program.cpu.Seconds(), yardstick.cpu.Seconds(), "s")
	compare("peak resident memory until ready", program.peak, yardstick.peak, "MiB")
	compare(fmt.Sprintf("resident memory after %s idle", opts.idle), program.steady, yardstick.steady, "MiB")
	row("peak resident memory after the scrapes", fmt.Sprintf("%.1f MiB", program.peakAfterScrapes), "", "")
	row("first scrape", round(program.first).String(), "", "")
	row(fmt.Sprintf("scrape, median of %d", len(program.times)), round(median(program.times)).String(), "", "")
	row("scrape, fastest to slowest", fmt.Sprintf("%s to %s", round(program.times[0]), round(program.times[len(program.times)-1])), "", "")
	row("size of an answer, uncompressed", fmt.Sprintf("%.1f MB", float64(program.bytes)/1e6), "", "")
	row("series", fmt.Sprint(program.series), "", "")
	row("pods in the answer", fmt.Sprintf("%d of %d", program.pods, opts.pods), "", "")
	return table.String()
}

// median returns the middle of sorted times.
func median(times []time.Duration) time.Duration { return times[len(times)/2] }

// podSet is which pods there must be.
func podSet(names []types.NamespacedName) map[types.NamespacedName]bool {
	set := make(map[types.NamespacedName]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}
