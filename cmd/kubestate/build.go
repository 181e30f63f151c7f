package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os/exec" //nolint:depguard // only looks for a plugin that client-go starts

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubestate/kubestate/internal/authfilter"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/version"
	"github.com/kubestate/kubestate/internal/watcher"
)

// configure gives what the options want watched. Options of a snapshot name no
// API server to ask.
func configure(opts options.Options) (watcher.Config, error) {
	config := watcher.Config{
		Resources:  opts.Resources,
		Selection:  opts.Selection,
		Namespaces: opts.Namespaces,
		Denied:     opts.Denied,

		Shard:       shardOf(opts),
		Node:        opts.Node,
		Unscheduled: opts.Unscheduled,
		FromCache:   opts.FromCache,
		ObjectLimit: opts.ObjectLimit,
	}
	if opts.Snapshot != "" {
		return config, nil
	}
	var err error
	config.Client, err = newClient(opts)
	return config, err
}

// shardOf is what to serve of all objects, which is nothing yet if a StatefulSet says
// that.
func shardOf(opts options.Options) sharding.Ranges {
	if opts.Pod != "" {
		return sharding.None()
	}
	return sharding.Even(opts.Shard, opts.TotalShards)
}

// newWatcher makes the watcher that the options describe, and fails if it cannot
// ever be of use. One of a snapshot is complete at once.
func newWatcher(ctx context.Context, tables *generators.Registry, opts options.Options, metrics *watcher.Metrics, log *slog.Logger) (*watcher.Watcher, error) {
	config, err := configure(opts)
	if err != nil {
		return nil, err
	}
	if opts.Snapshot == "" {
		return watcher.New(config, metrics, log), config.Client.Check(ctx)
	}
	w := watcher.New(config, metrics, log)
	_, err = loadSnapshot(tables, opts, config, w, log)
	return w, err
}

// newClient makes the client for the API server.
func newClient(opts options.Options) (*watcher.Client, error) {
	config, err := clientConfig(opts)
	if err != nil {
		return nil, err
	}
	var resources []schema.GroupVersionResource
	for _, r := range opts.Resources {
		resources = append(resources, r.Recipe().Versions...)
	}
	return watcher.NewClient(config, resources)
}

// protection gives what the handlers of both ports are to be wrapped in. serves says
// which requests the handler has an answer for.
func protection(opts options.Options, reg prometheus.Registerer, log *slog.Logger) (func(h http.Handler, serves func(*http.Request) bool) http.Handler, error) {
	if !opts.AuthFilter {
		return func(h http.Handler, _ func(*http.Request) bool) http.Handler { return h }, nil
	}
	config, err := clientConfig(opts)
	if err != nil {
		return nil, err
	}
	filter, err := authfilter.New(config, opts.Audiences, reg, log)
	if err != nil {
		return nil, err
	}
	return func(h http.Handler, serves func(*http.Request) bool) http.Handler {
		return filter.Protect(h, serves, server.OpenPaths()...)
	}, nil
}

// profiling says whether the telemetry port, which listens on the address, serves
// profiles.
func profiling(opts options.Options, on net.Addr) bool {
	address, _ := on.(*net.TCPAddr)
	closed := opts.AuthFilter || address != nil && address.IP.IsLoopback()
	return opts.Profiling == options.ProfilingOn || opts.Profiling == options.ProfilingAuto && closed
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
		switch {
		case clientcmd.IsEmptyConfig(err):
			return nil, fmt.Errorf("kubeconfig %s: it names no API server, or no current context; name one with --apiserver, or another file with --kubeconfig", opts.Kubeconfig)
		case err != nil:
			return nil, fmt.Errorf("kubeconfig %s: %w", opts.Kubeconfig, err)
		}
		return config, checkPlugin(opts.Kubeconfig, config.ExecProvider)
	}
	config, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, errors.New("no API server: name one with --kubeconfig, or run in a pod with a service account; or serve objects from files with --snapshot")
	}
	return config, err
}

// checkPlugin reports a credential plugin that the kubeconfig names and that is not
// installed.
func checkPlugin(kubeconfig string, plugin *clientcmdapi.ExecConfig) error {
	if plugin == nil {
		return nil
	}
	if _, err := exec.LookPath(plugin.Command); err != nil {
		return fmt.Errorf("kubeconfig %s: credential plugin: %w", kubeconfig, err)
	}
	return nil
}
