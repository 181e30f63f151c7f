package main

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/discovery"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/watcher"
)

// definedBy is the kind of the objects that define custom resources.
var definedBy = discovery.Definitions.Describe().Kind

// loadSnapshot replaces the content of the watcher by the snapshot's objects, under the given
// configuration, and returns the resources that were rebuilt. It logs what could not be read. On
// error the content stays as it is.
func loadSnapshot(tables *generators.Registry, opts options.Options, config watcher.Config, w *watcher.Watcher, log *slog.Logger) (rebuilt []string, err error) {
	loading := w.Loading(config)
	report, err := readSnapshot(tables, opts, config, loading.Resources(), loading.Add)
	if err != nil {
		return nil, err
	}
	if opts.Custom.Config != nil { // then definitions have been read for their kinds
		maps.DeleteFunc(report.Skipped, func(kind schema.GroupVersionKind, _ int) bool {
			return kind.Group == definedBy.Group && kind.Kind == definedBy.Kind
		})
	}
	logReport(opts, report, log)
	return loading.Done(), nil
}

// readSnapshot passes the snapshot's objects of resources to a sink.
func readSnapshot(tables *generators.Registry, opts options.Options, config watcher.Config, resources []generators.Resource, sink snapshot.Sink) (snapshot.Report, error) {
	report, err := snapshot.Read(opts.Snapshot, snapshotResources(resources, config), tables.Scheme(), os.Stdin, sink)
	if err == nil {
		err = refuse(opts, report)
	}
	if err != nil {
		return report, fmt.Errorf("snapshot: %w", err)
	}
	return report, nil
}

// snapshotResources returns the resources to read: those to load, and namespaces if their labels select
// objects.
func snapshotResources(all []generators.Resource, config watcher.Config) []generators.Resource {
	isNamespaces := func(r generators.Resource) bool { return r.Describe().Key == generators.Namespaces.Describe().Key }
	if config.NamespaceSelector != "" && !slices.ContainsFunc(all, isNamespaces) {
		all = append(all, &generators.Namespaces)
	}
	return all
}

// refuse returns why a snapshot must not be served, or nil: it is bad as a whole, nothing of it
// can be read, or something cannot and it has to be complete.
func refuse(opts options.Options, r snapshot.Report) error {
	failure := r.Failure()
	switch {
	case r.Err != nil:
		return r.Err
	case failure != nil && opts.SnapshotStrict:
		return fmt.Errorf("%w; without --snapshot-strict the rest would be served", failure)
	case failure != nil && r.Objects == 0:
		return failure
	}
	return nil
}

// logReport logs what was read, and warns of each file that could not be read completely.
func logReport(opts options.Options, r snapshot.Report, log *slog.Logger) {
	for _, f := range r.Files {
		attrs := []any{"file", f.Path}
		if f.Err != nil {
			attrs = append(attrs, "err", f.Err)
		}
		if len(f.Failures) > 0 {
			attrs = append(attrs, "count", f.Failed, "objects", strings.Join(f.Failures, "; "))
		}
		if f.StrayLines > 0 {
			attrs = append(attrs, "lines", f.StrayLines, "first", f.FirstStray)
		}
		switch {
		case f.Err != nil:
			log.Warn("snapshot: file cannot be read", attrs...)
		case len(f.Failures) > 0:
			log.Warn("snapshot: file has objects that cannot be read", attrs...)
		default:
			log.Warn("snapshot: file has lines outside of objects", attrs...)
		}
	}
	if r.Unnamed > 0 {
		log.Warn("snapshot: more files cannot be read completely", "count", r.Unnamed)
	}
	files := []any{"files", r.Read, "ignored", r.IgnoredFiles()}
	if kinds := r.IgnoredKinds(); kinds != nil {
		files = append(files, "ignored_kinds", strings.Join(kinds, ", "))
	}
	skipped := strings.Join(r.SkippedKinds(), ", ")
	if r.Objects == 0 {
		log.Warn("snapshot: no objects of exported kinds", append([]any{"path", opts.Snapshot}, append(files, "skipped", skipped)...)...)
		return
	}
	if skipped != "" {
		log.Warn("snapshot: objects of kinds that are not exported", "skipped", skipped)
	}
	log.Info("snapshot: loaded", append(files, "objects", r.Objects, "copies", r.Copies)...)
}
