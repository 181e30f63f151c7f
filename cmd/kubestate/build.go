package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubestate/kubestate/internal/authfilter"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/version"
	"github.com/kubestate/kubestate/internal/watcher"
)

// builder makes watchers from options.
type builder struct {
	metrics *watcher.Metrics
	log     *slog.Logger
}

// watcher makes the watcher that the options describe. One of a snapshot is
// complete at once.
func (b builder) watcher(ctx context.Context, opts options.Options) (*watcher.Watcher, error) {
	config := watcher.Config{
		Resources:  opts.Resources,
		Selection:  opts.Selection,
		Namespaces: opts.Namespaces,
		Denied:     opts.Denied,
	}
	if opts.Snapshot != "" {
		w := watcher.New(config, b.metrics, b.log)
		return w, b.load(opts, w)
	}
	var err error
	if config.Client, err = newClient(ctx, opts); err != nil {
		return nil, err
	}
	return watcher.New(config, b.metrics, b.log), nil
}

// load fills w from the snapshot.
func (b builder) load(opts options.Options, w *watcher.Watcher) error {
	var kinds []schema.GroupVersionKind
	for _, r := range opts.Resources {
		kinds = append(kinds, r.Describe().Kind)
	}
	contents, err := snapshot.Read(opts.Snapshot, kinds)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if skipped := contents.SkippedKinds(); len(skipped) > 0 {
		b.log.Warn("the snapshot has objects that are not exported", "skipped", strings.Join(skipped, ", "))
	}
	return w.Load(contents.Objects)
}

// newClient makes the client for the API server, and fails if it cannot ever
// be of use.
func newClient(ctx context.Context, opts options.Options) (*watcher.Client, error) {
	config, err := clientConfig(opts)
	if err != nil {
		return nil, err
	}
	var resources []schema.GroupVersionResource
	for _, r := range opts.Resources {
		resources = append(resources, r.Describe().Resource)
	}
	client, err := watcher.NewClient(config, resources)
	if err != nil {
		return nil, err
	}
	return client, client.Check(ctx)
}

// protection gives what the handlers of both ports are to be wrapped in.
func protection(opts options.Options, reg prometheus.Registerer, log *slog.Logger) (func(http.Handler) http.Handler, error) {
	if !opts.AuthFilter {
		return func(h http.Handler) http.Handler { return h }, nil
	}
	config, err := clientConfig(opts)
	if err != nil {
		return nil, err
	}
	filter, err := authfilter.New(config, reg, log)
	if err != nil {
		return nil, err
	}
	return func(h http.Handler) http.Handler { return filter.Protect(h, server.OpenPaths()...) }, nil
}

// clientConfig says how to reach the API server, and who asks.
func clientConfig(opts options.Options) (*rest.Config, error) {
	config, err := foundConfig(opts)
	if err != nil {
		return nil, err
	}
	v := version.Get()
	config.UserAgent = fmt.Sprintf("kubestate/%s (%s/%s)", v.Version, v.OS, v.Arch)
	return config, nil
}

// foundConfig is that of a kubeconfig or address, or of a pod of the cluster.
func foundConfig(opts options.Options) (*rest.Config, error) {
	if opts.Kubeconfig != "" || opts.APIServer != "" {
		config, err := clientcmd.BuildConfigFromFlags(opts.APIServer, opts.Kubeconfig)
		if err != nil {
			return nil, fmt.Errorf("kubeconfig %s: %w", opts.Kubeconfig, err)
		}
		return config, nil
	}
	config, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, errors.New("no API server: name one with --kubeconfig, or run in a pod with a service account; or serve objects from files with --snapshot")
	}
	return config, err
}

// lookAgain is how often a configuration file that is awaited is looked for.
const lookAgain = time.Second

// awaitConfig looks for the configuration file that the arguments name until it
// can be used, sends the watcher that it asks for to next, and waits for ctx to
// end. current are the options that are in use.
func awaitConfig(ctx context.Context, args []string, current options.Options, b builder, next chan<- *watcher.Watcher) error {
	w := awaitUsable(ctx, args, current, b)
	if w == nil {
		return nil
	}
	select {
	case next <- w:
		b.log.Info("took up the configuration file")
	case <-ctx.Done():
	}
	<-ctx.Done()
	return nil
}

// awaitUsable gives the watcher of the configuration file once that can be
// used, nil if ctx ends before. What is wrong is logged when it changes.
func awaitUsable(ctx context.Context, args []string, current options.Options, b builder) *watcher.Watcher {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	wrong := current.Awaited.Error()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
		w, err := b.fromConfig(ctx, args, current)
		if err == nil {
			return w
		}
		if err.Error() != wrong {
			wrong = err.Error()
			b.log.Warn("cannot use the configuration file yet", "err", err)
		}
	}
}

// fromConfig makes the watcher that the configuration file asks for.
func (b builder) fromConfig(ctx context.Context, args []string, current options.Options) (*watcher.Watcher, error) {
	opts, err := options.Parse(args)
	if err := errors.Join(err, opts.Awaited); err != nil {
		return nil, err
	}
	// Half of what the file asks for must not pass for all of it.
	if opts.WebConfig != current.WebConfig || opts.AuthFilter != current.AuthFilter {
		return nil, errors.New("--config: tls_config and auth_filter count from a start on: restart, or give them as flags")
	}
	if opts.Listen != current.Listen || opts.ListenTelemetry != current.ListenTelemetry {
		b.log.Warn("the configuration file names other ports; they count from the next start on")
	}
	return b.watcher(ctx, opts)
}
