package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/watcher"
)

// loadSnapshot has the watcher go over to a configuration, with the objects of the snapshot. It
// logs what of that cannot be read, and changes nothing if there is an error.
func loadSnapshot(tables *generators.Registry, opts options.Options, config watcher.Config, w *watcher.Watcher, log *slog.Logger) (anew []string, err error) {
	loading := w.Loading(config)
	report, err := snapshot.Read(opts.Snapshot, opts.Resources, tables.Scheme(), os.Stdin, loading.Add)
	if err == nil {
		err = refusal(opts, report)
	}
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	warn(opts, report, log)
	return loading.Done(), nil
}

// refusal is why a snapshot is not to be served: nothing of it can be read, or not all where all
// has to be.
func refusal(opts options.Options, r snapshot.Report) error {
	failure := r.Failure()
	switch {
	case r.Bad != nil:
		return r.Bad
	case failure != nil && opts.SnapshotStrict:
		return fmt.Errorf("%w; without --snapshot-strict the rest would be served", failure)
	case failure != nil && r.Objects == 0:
		return failure
	}
	return nil
}

// warn logs what of a snapshot is not served.
func warn(opts options.Options, r snapshot.Report, log *slog.Logger) {
	for _, f := range r.Files {
		about := []any{"file", f.Path}
		if f.Err != nil {
			about = append(about, "err", f.Err)
		}
		if len(f.Failures) > 0 {
			about = append(about, "count", len(f.Failures), "objects", strings.Join(f.Failures, "; "))
		}
		if f.Text > 0 {
			about = append(about, "lines", f.Text, "first", f.First)
		}
		switch {
		case f.Err != nil:
			log.Warn("a file of the snapshot cannot be read", about...)
		case len(f.Failures) > 0:
			log.Warn("a file of the snapshot has objects that cannot be read", about...)
		default:
			log.Warn("a file of the snapshot has lines that belong to no object", about...)
		}
	}
	skipped := strings.Join(r.SkippedKinds(), ", ")
	if r.Objects == 0 {
		log.Warn("the snapshot has no objects that are exported", "path", opts.Snapshot, "files", r.Read, "ignored", r.Ignored, "skipped", skipped)
		return
	}
	if skipped != "" {
		log.Warn("the snapshot has objects that are not exported", "skipped", skipped)
	}
	log.Info("read the snapshot", "files", r.Read, "ignored", r.Ignored, "objects", r.Objects, "copies", r.Copies)
}
