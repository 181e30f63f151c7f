package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/klog/v2"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

var (
	// errFindings is the error of a report with findings.
	errFindings = errors.New("there are findings")
	// errUnknown is the error of a report without findings, but with unknown answers.
	errUnknown = errors.New("some answers are unknown: not all resources can be read")
)

// writeAnswers writes the answers about a snapshot or the cluster of an API server. It logs warnings alone.
func writeAnswers(ctx context.Context, tables *generators.Registry, opts options.Options, stdout, stderr io.Writer) error {
	progress := newProgress(stderr)
	logs := slog.NewTextHandler(progress, &slog.HandlerOptions{Level: slog.LevelWarn})
	log := slog.New(logs)
	klog.SetSlogLogger(slog.New(debugHandler{logs}))
	if opts.ConfigErr != nil {
		log.Warn("starting without the configuration file", "err", opts.ConfigErr)
	}
	if opts.Several() {
		return errors.New("answers are about one cluster: name it with --kubeconfig or --snapshot PATH, instead of --clusters or several snapshots")
	}
	warnIneffective(opts, log)
	limitMemory(opts.MemoryShare, log)
	opts = forAnswers(tables, opts)
	read := ofCluster
	if opts.Snapshot != "" {
		read = ofSnapshot
	}
	content, err := read(ctx, tables, opts, progress, log)
	progress.stop()
	if err != nil {
		return err
	}
	content.Namespaces, content.Limits = opts.Namespaces, opts.Limits()
	report := answers.From(content)
	report.Shard = sharding.Static(opts.Shard, opts.TotalShards).String()
	if err := writeReport(stdout, opts, report); err != nil {
		return err
	}
	return verdict(report, opts.Snapshot != "")
}

// forAnswers restricts the options to what answers read.
func forAnswers(tables *generators.Registry, opts options.Options) options.Options {
	wanted := familyNames(answers.Families(opts.Snapshot != ""))
	chosen := opts.Resources
	opts.Resources = nil
	for _, r := range tables.Resources() {
		d := r.Describe()
		reads := slices.ContainsFunc(d.Families, func(f generators.FamilyDescription) bool { return wanted.MatchString(f.Name) })
		if reads && slices.Contains(chosen, r) && (opts.Snapshot != "" || len(opts.Namespaces) == 0 || d.Namespaced || answers.ReadsAlways(d.Name)) {
			opts.Resources = append(opts.Resources, r)
		}
	}
	opts.Custom = options.Custom{}
	opts.Selection.Allow, opts.Selection.Deny, opts.Selection.OptIn = []generators.Pattern{wanted}, nil, nil
	opts.Selection.Sparse, opts.Selection.Groups = []generators.Pattern{wanted}, nil
	if opts.NamespaceSelector == "" { // which excludes derived families
		opts.Selection.Groups = []generators.Group{generators.Attribution, generators.Verdicts}
	}
	return opts
}

// familyNames are the names of some families, as a pattern.
type familyNames []string

// MatchString reports whether a name is one of those.
func (f familyNames) MatchString(name string) bool { return slices.Contains(f, name) }

// ofSnapshot reads a snapshot.
func ofSnapshot(_ context.Context, tables *generators.Registry, opts options.Options, p *progress, log *slog.Logger) (answers.Content, error) {
	registry := prometheus.NewRegistry()
	config := watcherConfig(newCustomResources(tables, registry, log), opts)
	config.Namespaces = nil // all objects together tell the time
	w := watcher.New(config, watcher.NewMetrics(registry), log)
	loading := w.Loading(config)
	var objects atomic.Int64
	stop := p.keep(func() string { return fmt.Sprintf("read %d objects", objects.Load()) }) // also while files of other kinds are passed over
	report, err := readSnapshot(tables, opts, config, loading.Resources(), func(kind schema.GroupVersionKind, o runtime.Object) error {
		objects.Add(1)
		return loading.Add(kind, o)
	})
	stop()
	if err != nil {
		return answers.Content{}, err
	}
	if report.Objects == 0 {
		text := fmt.Sprintf("snapshot: %s has no objects that answers are about", opts.Snapshot)
		if passed := report.IgnoredKinds(); len(passed) > 0 {
			text += "; files without objects: " + strings.Join(passed, ", ")
		}
		return answers.Content{}, errors.New(text)
	}
	clear(report.Skipped) // most kinds are not asked about
	logReport(opts, report, log)
	loading.Done()
	content := answers.Content{Resources: w.Resources(), PassedOver: report.IgnoredKinds()}
	for _, f := range report.Files {
		if f.Err != nil || f.Failed > 0 {
			content.Unseen = append(content.Unseen, answers.Unseen{Resource: f.Path, State: "unreadable"})
		}
	}
	return content, nil
}

// ofCluster reads the objects of an API server until all lists are complete or refused, or the timeout. Failures
// of requests are in the report, not in the log.
func ofCluster(ctx context.Context, tables *generators.Registry, opts options.Options, p *progress, _ *slog.Logger) (answers.Content, error) {
	log := slog.New(slog.NewTextHandler(p, &slog.HandlerOptions{Level: slog.LevelError}))
	ctx, cancel := context.WithCancel(ctx)
	registry := prometheus.NewRegistry()
	from, err := newCluster(tables, opts, home(opts), registry, log)
	if err == nil {
		err = from.check(ctx)
	}
	if err != nil {
		cancel()
		return answers.Content{}, err
	}
	w := from.watched
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	waiting := time.NewTicker(20 * time.Millisecond)
	defer waiting.Stop()
	for timeout := time.After(opts.Report.Timeout); ; {
		statuses := w.Checks()
		open := slices.DeleteFunc(slices.Clone(statuses), watcher.Status.Settled)
		if len(open) == 0 {
			break
		}
		p.show(fmt.Sprintf("read %d of %d resources", len(statuses)-len(open), len(statuses)))
		select {
		case <-waiting.C:
			continue
		case <-timeout:
		}
		break
	}
	content := answers.Content{Resources: w.Resources(), Unseen: unseen(w.Statuses()), Now: time.Now()}
	if len(content.Unseen) == len(w.Statuses()) {
		u := content.Unseen[0]
		return answers.Content{}, fmt.Errorf("nothing can be read from the API server: %s: %s %s", u.Resource, u.State, u.Reason)
	}
	return content, nil
}

// unseen returns the resources that have never been complete, except absent ones.
func unseen(statuses []watcher.Status) (all []answers.Unseen) {
	for _, s := range statuses {
		if !s.Complete && s.State != watcher.Absent {
			u := answers.Unseen{Resource: s.Resource, State: string(s.State), Reason: s.Reason}
			if strings.EqualFold(u.Reason, u.State) {
				u.Reason = ""
			}
			all = append(all, u)
		}
	}
	return all
}

// writeReport writes a report in the format of the options, with colours on a terminal.
func writeReport(w io.Writer, opts options.Options, r answers.Report) error {
	switch opts.Report.Output {
	case "json":
		return r.WriteJSON(w)
	case "yaml":
		return r.WriteYAML(w)
	}
	color := hasEscapes(w) && os.Getenv("NO_COLOR") == ""
	return answers.Text{Color: color, Queries: opts.Report.Queries}.Write(w, r)
}

// verdict is the error of a report, nil without findings. Unreadable files of a snapshot may have objects of any
// resource.
func verdict(r answers.Report, snapshot bool) error {
	switch worst := r.Severity(); {
	case worst == answers.Warning || worst == answers.Critical:
		return errFindings
	case slices.ContainsFunc(r.Answers, func(a answers.Answer) bool {
		return a.Severity == answers.Unknown && (snapshot || a.Name != answers.NotSeen)
	}):
		return errUnknown
	}
	return nil
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
