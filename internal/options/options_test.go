package options_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/options"
)

// asText compares resources by key, and patterns by source and language.
var asText = cmp.Options{
	cmpopts.IgnoreUnexported(options.Options{}), // TestNeedRestart looks at that
	cmp.Transformer("Key", func(r generators.Resource) string { return r.Describe().Key }),
	cmp.Transformer("Source", func(p generators.Pattern) string { return fmt.Sprintf("%T %v", p, p) }),
}

// registry has the built-in tables and one whose plural is that of a built-in one.
var registry = func() *generators.Registry {
	r, err := generators.NewRegistry(append(generators.Builtin(), widgets)...)
	if err != nil {
		panic(err)
	}
	return r
}()

// widgets are deployments.example.com.
var widgets = &generators.Table[*jsonobject.Object]{
	Resource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "deployments"}, Kind: "Deployment",
	Scope: generators.Namespaced, Default: generators.Off, Identity: generators.Identity{generators.UID},
	Families: []generators.Family[*jsonobject.Object]{{
		Name: "widget_created", Type: generators.Gauge, Stability: generators.Alpha, Help: "Creation time.",
		Row: func(*jsonobject.Object, *generators.Samples) {},
	}},
}

// unset returns the options without arguments.
func unset() options.Options {
	return options.Options{
		Listen:          "[::]:10241",
		ListenTelemetry: "[::]:10242",
		MemoryShare:     0.9,
		Clusters:        options.Clusters{Label: "cluster"},
		TakeoverAfter:   time.Minute,
		LeaseDuration:   6 * time.Second,
		Timeouts:        options.Timeouts{ReadHeader: 5 * time.Second, Read: time.Minute, Write: time.Minute, Idle: 5 * time.Minute},
		MaxScrapes:      40,
		StartupBuckets:  []float64{1, 5, 10, 30, 60, 120, 300, 600},
		ScrapeShards:    1,
		Profiling:       options.ProfilingAuto,
		TotalShards:     1,
		Resources:       registry.Defaults(),
	}
}

func TestParse(t *testing.T) {
	f := func(change func(o *options.Options), args ...string) {
		t.Helper()
		want := unset()
		change(&want)
		got, err := options.Parse(registry, args)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			return
		}
		if d := cmp.Diff(want, got, asText); d != "" {
			t.Errorf("%q (-want +got):\n%s", args, d)
		}
	}
	type o = options.Options
	f(func(*o) {})

	// Sources of objects.
	f(func(o *o) { o.Kubeconfig = "file" }, "--kubeconfig", "file")
	f(func(o *o) { o.Kubeconfig = "b" }, "--kubeconfig=a", "--kubeconfig=b")
	f(func(o *o) { o.APIServer = "https://a:1" }, "--apiserver=https://a:1")
	f(func(o *o) { o.Kubeconfig, o.APIServer = "file", "https://a:1" }, "--kubeconfig=file", "--apiserver=https://a:1")
	f(func(o *o) { o.Snapshot = "folder" }, "--snapshot=folder")

	// Ports.
	f(func(o *o) { o.Listen = "[::]:0" }, "--port=0")
	f(func(o *o) { o.Listen = "[::]:65535" }, "--port", "65535")
	f(func(o *o) { o.Listen = "127.0.0.1:10241" }, "--host=127.0.0.1")
	f(func(o *o) { o.Listen = "[::1]:8080" }, "--host=::1", "--port=8080")
	f(func(o *o) { o.Listen = ":10241" }, "--host=")
	f(func(o *o) { o.ListenTelemetry = "localhost:8081" }, "--telemetry-host=localhost", "--telemetry-port=8081")

	// Memory.
	f(func(o *o) { o.MemoryShare = 0 }, "--auto-gomemlimit=false")
	f(func(o *o) { o.MemoryShare = 1 }, "--auto-gomemlimit", "--auto-gomemlimit-ratio=1")
	f(func(o *o) { o.MemoryShare = 0 }, "--auto-gomemlimit=false", "--auto-gomemlimit-ratio=0.5")

	// Lists.
	f(func(o *o) { o.Resources = []generators.Resource{&generators.Pods} }, "--resources=pods")
	f(func(o *o) { o.Resources = []generators.Resource{&generators.Nodes, &generators.Pods} }, "--resources=pods,nodes,pods")
	f(func(o *o) { o.Resources = []generators.Resource{&generators.Nodes, &generators.Pods} }, "--resources=pods", "--resources", "nodes")
	f(func(o *o) { o.Resources = []generators.Resource{&generators.Roles} }, "--resources= ,\n roles ,\t")
	f(func(*o) {}, "--resources=")
	f(func(o *o) { o.Resources = []generators.Resource{&generators.Deployments} }, "--resources=deployments")
	f(func(o *o) { o.Resources = []generators.Resource{&generators.Deployments} }, "--resources=deployments.apps,deployments")
	f(func(o *o) { o.Resources = []generators.Resource{widgets} }, "--resources=deployments.example.com")
	f(func(o *o) { o.Resources = []generators.Resource{&generators.Deployments, widgets} }, "--resources=deployments.example.com,deployments")
	f(func(*o) {}, "--resources= , ")
	f(func(o *o) { o.Namespaces = []string{"b", "a"} }, "--namespaces=b,a,b,a")
	f(func(o *o) { o.Namespaces = []string{"b", "a"} }, "--namespaces=b", "--namespaces= a ,b")
	f(func(o *o) { o.Denied = []string{"b", "a"} }, "--namespaces-denylist=b", "--namespaces-denylist=a,b")

	f(func(*o) {}, "--finished-jobs-after=0", "--finished-pods-after=0s", "--finished-keep=")

	// Families and labels.
	f(func(o *o) { o.Selection.Labels = generators.Allowlist{"pods": {"a", "b*"}, "*": nil} }, "--metric-labels-allowlist=pods=[a,b*],*=[]")
	f(func(o *o) { o.Selection.Labels = generators.Allowlist{"nodes": {"b"}} }, "--metric-labels-allowlist=pods=[a]", "--metric-labels-allowlist=nodes=[b]")
	f(func(o *o) { o.Selection.Labels = generators.Allowlist{} }, "--metric-labels-allowlist=pods=[a]", "--metric-labels-allowlist=")
	f(func(o *o) { o.Selection.Labels = generators.Allowlist{"roles.rbac.authorization.k8s.io": {"*"}} }, "--metric-labels-allowlist=roles=[*]")
	f(func(o *o) { o.Selection.Annotations = generators.Allowlist{"pods": {"a"}} }, "--metric-annotations-allowlist=pods=[a]")
	f(func(o *o) {
		o.Selection.Labels = generators.Allowlist{"deployments.apps": {"a", "c"}, "deployments.example.com": {"b"}}
	}, "--metric-labels-allowlist=deployments=[a],deployments.example.com=[b],deployments.apps=[c]")

	// Extra labels.
	extra := func(name, value string) generators.ExtraLabel { return generators.ExtraLabel{Name: name, Value: value} }
	type all = []generators.ExtraLabel
	f(func(o *o) { o.Selection.Extra = all{extra("cluster", "prod"), extra("region", "eu")} }, "--extra-labels=cluster=prod, region = eu ,")
	f(func(o *o) { o.Selection.Extra = all{extra("cluster", "a=b"), extra("region", `"`)} }, "--extra-labels=cluster=a=b", `--extra-labels=region="`)
	f(func(*o) {}, "--extra-labels=")

	// Shards and nodes.
	podsOnly := slices.DeleteFunc(registry.Resources(), func(r generators.Resource) bool { return r.Describe().Key != "pods" })
	f(func(o *o) { o.TotalShards = 3 }, "--total-shards=3")
	f(func(o *o) { o.Shard, o.TotalShards = 2, 3 }, "--shard=2", "--total-shards=3")
	f(func(o *o) { o.Pod, o.PodNamespace = "kubestate-0", "kubestate" }, "--pod=kubestate-0", "--pod-namespace=kubestate")
	f(func(*o) {}, "--shard=0", "--total-shards=1", "--node=", "--track-unscheduled-pods=false")
	f(func(o *o) { o.Node, o.Resources = "worker-1.example", podsOnly }, "--node=worker-1.example", "--resources=pods")
	f(func(o *o) { o.Unscheduled, o.Resources = true, podsOnly }, "--track-unscheduled-pods", "--resources=pods")
	f(func(o *o) { o.Node, o.Resources, o.TotalShards = "a", podsOnly, 2 }, "--node=a", "--resources=pods", "--total-shards=2")

	// Serving.
	f(func(o *o) { o.Timeouts.ReadHeader = time.Second }, "--server-read-header-timeout=1s")
	f(func(o *o) { o.Timeouts.Read = 90 * time.Second }, "--server-read-timeout=1m30s")
	f(func(o *o) { o.Timeouts.Write = 0 }, "--server-write-timeout=0")
	f(func(o *o) { o.Timeouts.Idle = time.Hour }, "--server-idle-timeout", "1h")
	f(func(o *o) { o.ShutdownDelay = 5 * time.Second }, "--shutdown-delay=5s")
	f(func(o *o) { o.TakeoverAfter = 0 }, "--shard-takeover-after=0")
	f(func(o *o) { o.Lease, o.LeaseDuration = "kubestate", 15*time.Second }, "--lease=kubestate", "--lease-duration=15s")
	f(func(o *o) { o.Lease, o.PodNamespace = "kubestate", "monitoring" }, "--lease=kubestate", "--pod-namespace=monitoring")
	f(func(o *o) { o.StartupBuckets = []float64{0, 0.5, 60} }, "--workload-startup-buckets=1", "--workload-startup-buckets=0, 0.5,6e1")
	f(func(o *o) { o.MaxScrapes = 3 }, "--max-concurrent-scrapes=3")
	f(func(o *o) { o.ScrapeShards = 8 }, "--scrape-shards=8")
	f(func(o *o) { o.ServeIncomplete = true }, "--serve-incomplete")
	f(func(o *o) { o.Profiling = options.ProfilingOn }, "--profiling=on")
	f(func(o *o) { o.Profiling = options.ProfilingOff }, "--profiling=off")
	f(func(*o) {}, "--profiling=auto", "--serve-incomplete=false")
	f(func(o *o) { o.MaxScrapes = 0 }, "--max-concurrent-scrapes=0")

	// Other.
	f(func(o *o) { o.FromCache = true }, "--use-apiserver-cache")
	f(func(o *o) { o.ObjectLimit = 5 }, "--object-limit=5")
	f(func(o *o) { o.MaxStaleness = 3 * time.Minute }, "--max-staleness=3m")
	f(func(*o) {}, "--use-apiserver-cache=false", "--object-limit=0", "--max-staleness=0")

	f(func(o *o) { o.LogLevel = slog.LevelDebug }, "-v1")
	f(func(o *o) { o.LogLevel = slog.LevelDebug }, "--v=5")
	f(func(*o) {}, "-v=0")
	f(func(*o) {}, "-v=-1")
}

// TestParsePatterns holds the languages of patterns.
func TestParsePatterns(t *testing.T) {
	type patterns = []generators.Pattern
	allow := func(s generators.Selection) patterns { return s.Allow }
	deny := func(s generators.Selection) patterns { return s.Deny }
	optIn := func(s generators.Selection) patterns { return s.OptIn }
	sparse := func(s generators.Selection) patterns { return s.Sparse }
	f := func(arg string, of func(generators.Selection) patterns, name string, want ...bool) {
		t.Helper()
		o, err := options.Parse(registry, []string{arg})
		if err != nil {
			t.Errorf("%s: %v", arg, err)
			return
		}
		var got []bool
		for _, p := range of(o.Selection) {
			got = append(got, p.MatchString(name))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: matches of %s (-want +got):\n%s", arg, name, d)
		}
	}
	f("--metric-allowlist=", allow, "kube_pod_info")
	f("--metric-allowlist=kube_pod_info", allow, "kube_pod_info", true)
	f("--metric-allowlist=pod", allow, "kube_pod_info", true)
	f("--metric-allowlist=^pod,info$,Pod", allow, "kube_pod_info", false, true, false)
	f("--metric-allowlist=^kube_(?!pod_)", allow, "kube_pod_info", false)
	f("--metric-allowlist=^kube_(?!pod_)", allow, "kube_node_info", true)
	f(`--metric-allowlist=^\w+$`, allow, "kube_pod_info", true)
	f("--metric-denylist=\n  pod_info,\n  node\n", deny, "kube_pod_info", true, false)
	f("--metric-denylist=(?<!pod)_info", deny, "kube_pod_info", false)
	f("--metric-opt-in-list=nodesel,x", optIn, "kube_pod_nodeselectors", true, false)
	f("--metric-opt-in-list=(?i)NODE", optIn, "kube_pod_nodeselectors", true)
	f("--metric-opt-in-list=a", allow, "a")
	f("--metric-opt-in-list=a", deny, "a")
	f("--metric-allowlist=a", optIn, "a")
	f("--metric-sparse=phase$,kube_(?!pod_)", sparse, "kube_pod_status_phase", true, false)
	f("--metric-sparse=phase", allow, "kube_pod_status_phase")
}

func TestParseCommands(t *testing.T) {
	f := func(want options.Options, args ...string) {
		t.Helper()
		got, err := options.Parse(registry, args)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			return
		}
		if d := cmp.Diff(want, got, asText); d != "" {
			t.Errorf("%q (-want +got):\n%s", args, d)
		}
	}
	f(options.Options{Command: options.Help}, "help")
	f(options.Options{Command: options.Help}, "--help")
	f(options.Options{Command: options.Help}, "-h")
	f(options.Options{Command: options.Help}, "version", "--help")
	f(options.Options{Command: options.Version}, "version")
	rbac := unset()
	rbac.Command = options.RBAC
	f(rbac, "rbac")
	rbac.Namespaces = []string{"a"}
	f(rbac, "rbac", "--namespaces=a")
	f(rbac, "--namespaces=a", "rbac")
	cardinality := unset()
	cardinality.Command, cardinality.Snapshot = options.Cardinality, "folder"
	f(cardinality, "cardinality", "--snapshot=folder")
	cardinality.View = options.View{By: "label", Sort: "-bytes", Format: "json"}
	f(cardinality, "--by=label", "--snapshot", "folder", "cardinality", "--sort", "-bytes", "--format=json")
}

func TestKlog(t *testing.T) {
	o, err := options.Parse(registry, []string{"--logtostderr=true", "--alsologtostderr", "--vmodule=a=2", "--log_dir=/tmp", "--add_dir_header", "--stderrthreshold", "INFO", "-v=4"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"--add-dir-header", "--alsologtostderr", "--log-dir", "--logtostderr", "--stderrthreshold", "--vmodule"}
	if d := cmp.Diff(want, o.Klog); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestParseErrors(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		got, err := options.Parse(registry, args)
		if err == nil {
			t.Errorf("%q: %+v, want an error", args, got)
			return
		}
		if err.Error() != want {
			t.Errorf("%q: error %q, want %q", args, err, want)
		}
	}
	f("unknown flag: --bogus; the nearest is --host", "--bogus")
	f("unknown flag: --metric_allow_list; the nearest is --metric-allowlist", "--metric_allow_list=a")
	f("--collectors was removed: use --resources", "--collectors=pods")
	f("--metric-blacklist was removed: use --metric-denylist", "--metric-blacklist", "a")
	f(`--resources: there is no resource "verticalpodautoscalers": they are custom resources: use --custom-resource-presets=vpa`, "--resources=verticalpodautoscalers")
	f(`--metric-labels-allowlist: there is no resource "verticalpodautoscalers": they are custom resources: use --custom-resource-presets=vpa`, "--metric-labels-allowlist=verticalpodautoscalers=[*]")
	f(`unknown shorthand flag: 'x' in -x`, "-x")
	f("flag needs an argument: --port", "--port")
	f(`unknown command "serve" (commands are answers, rbac, cardinality, presets, version and help)`, "serve")
	f(`cardinality needs --snapshot`, "cardinality")
	f(`--by is a flag of kubestate cardinality`, "--by=label")
	f(`--by is a flag of kubestate cardinality`, "--sort=", "--by=", "rbac")
	f(`--format is a flag of kubestate cardinality`, "--snapshot=folder", "--format", "json")
	f(`unexpected argument "now"`, "version", "now")
	f(`unexpected argument "pods"`, "rbac", "pods")

	f(`invalid argument "65536" for "--port" flag: strconv.ParseUint: parsing "65536": value out of range`, "--port=65536")
	f(`invalid argument "-1" for "--telemetry-port" flag: strconv.ParseUint: parsing "-1": invalid syntax`, "--telemetry-port=-1")
	f(`invalid argument "much" for "-v, --v" flag: strconv.ParseInt: parsing "much": invalid syntax`, "-v=much")

	f("--object-limit is -5, want 1 or more, or 0 for unlimited", "--object-limit=-5")
	f(`invalid argument "true" for "--profiling" flag: want auto, on or off`, "--profiling=true")
	f(`invalid argument "" for "--profiling" flag: want auto, on or off`, "--profiling=")
	f("--max-staleness is 1m0s, want at least 3m0s, as a healthy watch can be idle for two minutes, or 0 for unlimited", "--max-staleness=1m")
	f("--max-staleness is -1h0m0s, want at least 3m0s, as a healthy watch can be idle for two minutes, or 0 for unlimited", "--max-staleness=-1h")

	f(`--pod "kubestate-0" and --pod-namespace "": set both or neither`, "--pod=kubestate-0")
	f(`--pod "" and --pod-namespace "kubestate": set both or neither`, "--pod-namespace=kubestate")
	f("--lease needs an API server and excludes --snapshot", "--lease=a", "--snapshot=a")
	f("--workload-metrics: counters exclude --lease with --pod: a shard hands its counters to other shards, not to its standby", "--lease=a", "--pod=kubestate-0", "--pod-namespace=kubestate", "--workload-metrics=attribution,counters")
	f(`--lease: "A" cannot be the name of a Lease: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`, "--lease=A")
	f("--lease-duration is 2s, want 3s to 24h0m0s in whole seconds", "--lease-duration=2s")
	f("--lease-duration is 6.5s, want 3s to 24h0m0s in whole seconds", "--lease-duration=6500ms")
	f("--lease-duration is 25h0m0s, want 3s to 24h0m0s in whole seconds", "--lease-duration=25h")
	f("--pod needs an API server and excludes --snapshot", "--pod=kubestate-0", "--pod-namespace=kubestate", "--snapshot=a")
	f("--total-shards is 0, want at least 1", "--total-shards=0")
	f("--total-shards is -1, want at least 1", "--total-shards=-1", "--shard=7")
	f("--shard is 3, want 0 to 2 with --total-shards 3", "--shard=3", "--total-shards=3")
	f("--shard is -1, want 0 to 2 with --total-shards 3", "--shard=-1", "--total-shards=3")
	f("--shard is 1, want 0 to 0 with --total-shards 1", "--shard=1")
	f(`invalid argument "2147483648" for "--shard" flag: strconv.ParseInt: parsing "2147483648": value out of range`, "--shard=2147483648")
	f("--node selects pods, not nodes, services: set --resources=pods, and run another kubestate for the others",
		"--node=a", "--resources=pods,services,nodes")
	f("--track-unscheduled-pods selects pods, not nodes: set --resources=pods, and run another kubestate for the others",
		"--track-unscheduled-pods", "--resources=nodes")
	f("--node selects pods, not "+strings.Join(otherThanPods(), ", ")+": set --resources=pods, and run another kubestate for the others", "--node=a")
	f("--node a and --track-unscheduled-pods exclude each other: run one kubestate for each", "--node=a", "--track-unscheduled-pods", "--resources=pods")
	f(`--node: "$(NODE_NAME)" cannot be the name of a node: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
		"--node=$(NODE_NAME)", "--resources=pods")

	f("--snapshot excludes --kubeconfig and --apiserver", "--snapshot=a", "--kubeconfig=b")
	f("--workload-metrics: verdicts exclude --namespace-selector: the jobs of a CronJob are followed in all namespaces or in those of --namespaces",
		"--workload-metrics=attribution,verdicts", "--namespace-selector=team=a")
	f("--snapshot excludes --kubeconfig and --apiserver", "--snapshot=a", "--apiserver=b")

	f(`--resources: there is no resource "podz"; the nearest is "pods"`, "--resources=pods,podz")
	f(`--resources: there is no resource "Pods"; the nearest is "pods"`, "--resources=Pods")
	f(`--resources: there is no resource "node"; the nearest is "nodes"`, "--resources=pods", "--resources=node")

	f(`invalid argument "pods=a" for "--metric-labels-allowlist" flag: want [ at "a"`, "--metric-labels-allowlist=pods=a")
	f(`--metric-labels-allowlist: there is no resource "podz"; the nearest is "pods"`, "--metric-labels-allowlist=podz=[a]")
	f(`--metric-labels-allowlist: there is no resource ""; the nearest is "jobs"`, "--metric-labels-allowlist==[a]")
	f(`--metric-labels-allowlist: "*a*" has more than one *`, "--metric-labels-allowlist=pods=[a,*a*]")
	f(`--metric-labels-allowlist: "**" has more than one *`, "--metric-labels-allowlist=*=[**]")
	f(`--metric-annotations-allowlist: there is no resource "podz"; the nearest is "pods"`, "--metric-annotations-allowlist=podz=[a]")
	f(`--metric-annotations-allowlist: "*a*" has more than one *`, "--metric-annotations-allowlist=pods=[*a*]")

	f(`invalid argument "cluster" for "--extra-labels" flag: want name=value at "cluster"`, "--extra-labels=cluster")
	f("--extra-labels: label namespace is a label of kube_configmap_annotations", "--extra-labels=cluster=a,namespace=b")
	f("--extra-labels: label reason is a label of kubestate_finished_objects", "--resources=services", "--finished-jobs-after=1h", "--extra-labels=reason=a")
	f("--extra-labels: label phase is a label of kube_pod_status_phase", "--resources=pods", "--extra-labels=phase=a")
	f(`--extra-labels: "" is not a label name`, "--extra-labels==a")

	f("--metric-opt-in-list: pattern \"(\": error parsing regexp: missing closing ): `(`", "--metric-opt-in-list=(")
	f("--metric-opt-in-list: pattern \"(?!a)\": error parsing regexp: invalid or unsupported Perl syntax: `(?!`", "--metric-opt-in-list=a,(?!a)")
	f(`--workload-metrics: unknown group "verdict"; known are attribution, counters, verdicts`, "--workload-metrics=attribution,verdict")
	const buckets = `invalid argument "%s" for "--workload-startup-buckets" flag: %s`
	for _, c := range [][2]string{
		{"", "want 1 to 32 bounds"}, {",", "want 1 to 32 bounds"}, {"a", `"a" is not a number of seconds`}, {"1,-1", `"-1" is not a number of seconds`},
		{"1,+Inf", `"+Inf" is not a number of seconds`}, {"1,NaN", `"NaN" is not a number of seconds`}, {"1,2,2", "2 does not exceed the bound before it"},
	} {
		f(fmt.Sprintf(buckets, c[0], c[1]), "--workload-startup-buckets="+c[0])
	}
	f("--extra-labels: label workload is a label of kubestate_workload_container_terminations_total", "--workload-metrics=counters", "--extra-labels=workload=a")
	const sparseFamilies = "kubestate_cronjob_last_result, kubestate_daemonset_rollout, kube_deployment_status_condition, kubestate_deployment_rollout, kube_horizontalpodautoscaler_status_condition, kube_job_complete, kube_job_failed, " +
		"kube_namespace_status_phase, kube_namespace_status_condition, kube_node_status_condition, kube_persistentvolumeclaim_status_phase, " +
		"kube_persistentvolumeclaim_status_condition, kube_persistentvolume_status_phase, kube_pod_status_phase, kube_pod_status_qos_class, " +
		"kube_pod_status_ready, kube_pod_status_scheduled, kubestate_statefulset_rollout"
	f(`--metric-sparse: pattern "kube_pod_status_reason" matches no sparse family; there are `+sparseFamilies, "--metric-sparse=kube_pod_status_phase,kube_pod_status_reason")
	f(`--metric-sparse: pattern "x" matches no sparse family; there are `+sparseFamilies, "--resources=services", "--metric-sparse=x")
	f("--metric-sparse: pattern \"a[\": error parsing regexp: unterminated [] set in `a[`", "--metric-sparse=a[")
	f("--finished-keep: pattern \"a[\": error parsing regexp: unterminated [] set in `a[`", "--finished-keep=a[")
	f("--finished-pods-after is -1s, want 0 or more", "--finished-pods-after=-1s")
	f("--finished-jobs-after is -1h0m0s, want 0 or more", "--finished-jobs-after=-1h")
	f("--metric-allowlist: pattern \"a[\": error parsing regexp: unterminated [] set in `a[`", "--metric-allowlist=b,a[")
	f("--metric-denylist: pattern \"a[\": error parsing regexp: unterminated [] set in `a[`", "--metric-denylist=a[")
}

// otherThanPods returns the default resources but pods.
func otherThanPods() []string {
	var names []string
	for _, r := range unset().Resources {
		if name := r.Describe().Name; name != "pods" {
			names = append(names, name)
		}
	}
	return names
}

// TestUsageHasEveryFlag holds that the usage has all documented flags, with a help of at most 15
// words each; docs/configuration.md has details.
func TestUsageHasEveryFlag(t *testing.T) {
	usage := options.Usage(registry)
	flags := slices.Concat(options.Flags(registry), options.ViewFlags(), options.ReportFlags())
	if len(options.Flags(registry)) == 0 || len(options.ViewFlags()) == 0 || len(options.ReportFlags()) == 0 {
		t.Error("no flags")
	}
	for _, flag := range flags {
		if words := len(strings.Fields(flag.Usage)); words > 15 {
			t.Errorf("help of --%s: %d words, want at most 15", flag.Name, words)
		}
		if !strings.Contains(usage, " --"+flag.Name+" ") {
			t.Errorf("usage lacks --%s", flag.Name)
		}
	}
}
