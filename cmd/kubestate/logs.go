package main

import (
	"context"
	"log/slog"

	"github.com/kubestate/kubestate/internal/options"
)

// debugHandler is the slog.Handler of klog. It lowers records to debug level, since client-go logs
// retries as errors and the watcher logs those that matter. It drops records below debug level:
// they contain headers and bodies of requests, and so tokens.
type debugHandler struct{ slog.Handler }

func (d debugHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelDebug && d.Handler.Enabled(ctx, slog.LevelDebug)
}

func (d debugHandler) Handle(ctx context.Context, record slog.Record) error {
	record.Level = slog.LevelDebug
	return d.Handler.Handle(ctx, record)
}

func (d debugHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return debugHandler{d.Handler.WithAttrs(attrs)}
}
func (d debugHandler) WithGroup(name string) slog.Handler {
	return debugHandler{d.Handler.WithGroup(name)}
}

// warnIneffective logs the settings that have no effect.
func warnIneffective(opts options.Options, log *slog.Logger) {
	for _, setting := range opts.Ineffective() {
		log.Warn("setting has no effect", "setting", setting)
	}
}
