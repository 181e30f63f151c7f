package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec" //nolint:depguard // only looks for a plugin that client-go starts
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubestate/kubestate/internal/authfilter"
	"github.com/kubestate/kubestate/internal/clusters"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/version"
	"github.com/kubestate/kubestate/internal/watcher"
)

// watcherConfig returns the watcher's configuration, without a client.
func watcherConfig(custom *customResources, opts options.Options) watcher.Config {
	return watcher.Config{
		Resources:  custom.resources(opts),
		Selection:  opts.Selection,
		Namespaces: opts.Namespaces,
		Denied:     opts.Denied,
		Selectors:  opts.Selectors,

		NamespaceSelector: opts.NamespaceSelector,

		FinishedAfter: opts.FinishedAfter,
		FinishedKeep:  opts.FinishedKeep,

		StartupBuckets: opts.StartupBuckets,

		Shard:       shardOf(opts),
		Node:        opts.Node,
		Unscheduled: opts.Unscheduled,
		FromCache:   opts.FromCache,
		ObjectLimit: opts.ObjectLimit,
		Budgets:     watcher.Budgets{Series: opts.SeriesBudget, Namespace: opts.NamespaceBudget},
		Parts:       opts.ScrapeShards,
	}
}

// shardOf returns the part of the hash space to serve: none yet if a StatefulSet determines it.
func shardOf(opts options.Options) sharding.Ranges {
	if opts.Pod != "" {
		return sharding.None()
	}
	return sharding.Even(opts.Shard, opts.TotalShards)
}

// protection returns the auth filter, which wraps the handlers of both ports, or a wrapper without
// effect. serves reports whether the handler has the path of a request.
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

// profiling reports whether the telemetry port, which listens on the address, serves profiles.
func profiling(opts options.Options, on net.Addr) bool {
	address, _ := on.(*net.TCPAddr)
	closed := opts.AuthFilter || address != nil && address.IP.IsLoopback()
	return opts.Profiling == options.ProfilingOn || opts.Profiling == options.ProfilingAuto && closed
}

// clientConfig returns the address and credentials for the API server.
func clientConfig(opts options.Options) (*rest.Config, error) {
	config, err := restConfig(opts)
	if err != nil {
		return nil, err
	}
	config.UserAgent = userAgent()
	return config, nil
}

// userAgent names the program in requests.
func userAgent() string {
	v := version.Get()
	return fmt.Sprintf("kubestate/%s (%s/%s)", v.Version, v.OS, v.Arch)
}

// restConfig returns the configuration of the kubeconfig or address, or else of the pod.
func restConfig(opts options.Options) (*rest.Config, error) {
	if opts.Command == options.Answers {
		return userConfig(opts)
	}
	if opts.Kubeconfig != "" || opts.APIServer != "" {
		config, err := loadKubeconfig(&clientcmd.ClientConfigLoadingRules{ExplicitPath: opts.Kubeconfig}, opts)
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

// userConfig returns the configuration that kubectl would use: of --kubeconfig, $KUBECONFIG, the home directory,
// or the pod.
func userConfig(opts options.Options) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath, rules.WarnIfAllMissing = opts.Kubeconfig, false
	config, err := loadKubeconfig(rules, opts)
	switch {
	case clientcmd.IsEmptyConfig(err):
		return nil, errors.New("no API server: name one with --kubeconfig, $KUBECONFIG or --apiserver, or objects in files with --snapshot")
	case err != nil:
		return nil, fmt.Errorf("%s: %w", strings.TrimSpace("kubeconfig "+opts.Kubeconfig), err)
	}
	return config, checkPlugin(opts.Kubeconfig, config.ExecProvider)
}

// loadKubeconfig returns the configuration of the files that rules name, with the context and address of the
// options.
func loadKubeconfig(rules clientcmd.ClientConfigLoader, opts options.Options) (*rest.Config, error) {
	if info, err := os.Stat(opts.Kubeconfig); err == nil && !info.Mode().IsRegular() { // a pipe is empty the second time
		return nil, errors.New("not a regular file")
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: opts.Context, ClusterInfo: clientcmdapi.Cluster{Server: opts.APIServer}}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	if raw, err := loader.RawConfig(); err == nil {
		if err := clusters.CheckFiles(raw, cmp.Or(opts.Context, raw.CurrentContext)); err != nil {
			return nil, err
		}
	}
	return loader.ClientConfig()
}

// checkPlugin returns an error if the kubeconfig's credential plugin is not installed.
func checkPlugin(kubeconfig string, plugin *clientcmdapi.ExecConfig) error {
	if plugin == nil {
		return nil
	}
	if _, err := exec.LookPath(plugin.Command); err != nil {
		return fmt.Errorf("kubeconfig %s: credential plugin: %w", kubeconfig, err)
	}
	return nil
}
