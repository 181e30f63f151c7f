package main

import (
	"context"
	"log/slog"

	"github.com/kubestate/kubestate/internal/options"
)

// details passes records on at debug level: client-go logs what it retries as
// errors, and what matters of that the watcher logs. Records below that level it
// drops: they hold headers and bodies of requests, and so tokens.
type details struct{ slog.Handler }

func (d details) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelDebug && d.Handler.Enabled(ctx, slog.LevelDebug)
}

func (d details) Handle(ctx context.Context, record slog.Record) error {
	record.Level = slog.LevelDebug
	return d.Handler.Handle(ctx, record)
}

func (d details) WithAttrs(attrs []slog.Attr) slog.Handler {
	return details{d.Handler.WithAttrs(attrs)}
}
func (d details) WithGroup(name string) slog.Handler { return details{d.Handler.WithGroup(name)} }

// warnIneffective logs the settings that have no effect.
func warnIneffective(opts options.Options, log *slog.Logger) {
	for _, setting := range opts.Ineffective() {
		log.Warn("a setting has no effect", "setting", setting)
	}
}
