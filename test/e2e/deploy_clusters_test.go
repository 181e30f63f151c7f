package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// clustersPage is the page whose commands the tests run.
const clustersPage = "../../docs/clusters.md"

// remote has the controllers that write tokens of accounts.
var remote = cluster.Options{Controllers: true, Only: []string{"serviceaccount-token-controller"}}

// A workstation is a directory from which clusters are administered, with a context for each.
type workstation struct{ directory, kubeconfig string }

func newWorkstation(t *testing.T, clusters map[string]*cluster.Cluster) workstation {
	t.Helper()
	w := workstation{directory: t.TempDir()}
	must(t, os.Symlink(filepath.Join(repository(t), "deploy"), filepath.Join(w.directory, "deploy")))
	all := clientcmdapi.NewConfig()
	for name, c := range clusters {
		ca, err := os.ReadFile(c.CA)
		must(t, err)
		all.Clusters[name] = &clientcmdapi.Cluster{Server: c.URL, CertificateAuthorityData: ca}
		all.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: c.Token(c.Admin())}
		all.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	}
	w.kubeconfig = filepath.Join(w.directory, "admin")
	must(t, clientcmd.WriteToFile(*all, w.kubeconfig))
	return w
}

// run runs commands by the shell, and returns their output.
func (w workstation) run(t *testing.T, commands string) string {
	t.Helper()
	kubectl, err := process.Built("kubectl")
	must(t, err)
	shell := exec.CommandContext(t.Context(), "sh", "-eu", "-c", commands)
	shell.Dir = w.directory
	shell.Env = append(os.Environ(), "KUBECONFIG="+w.kubeconfig, "HOME="+w.directory, "PATH="+filepath.Dir(kubectl)+":"+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v: %s", commands, err, out)
	}
	return string(out)
}

// kubeconfigs returns the files that the commands made, by name.
func (w workstation) kubeconfigs(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.directory, "kubeconfigs"))
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// sectionCode returns the first block of code of a section of the page of clusters that has a text.
func sectionCode(t *testing.T, heading, has string) string {
	t.Helper()
	text, err := os.ReadFile(clustersPage)
	must(t, err)
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for block := range strings.SplitSeq(section, "\n\n") {
		if strings.HasPrefix(block, "    ") && strings.Contains(block, has) {
			return strings.ReplaceAll(strings.TrimPrefix(block, "    "), "\n    ", "\n") + "\n"
		}
	}
	t.Fatalf("%s: the section %s has no code with %q", clustersPage, heading, has)
	return ""
}

// TestDeployedClusters follows docs/clusters.md: it prepares two remote clusters, deploys the overlay in a
// home cluster, and starts the program as its pod specifies. A Prometheus scrapes it by annotations, and
// another one by a target for each cluster. Then kubeconfigs break and a token is revoked and replaced.
func TestDeployedClusters(t *testing.T) {
	t.Parallel()
	var oslo, berlin *cluster.Cluster
	var d *deployments
	var starting sync.WaitGroup
	starting.Go(func() { oslo = cluster.Start(t, remote) })
	starting.Go(func() { berlin = cluster.Start(t, remote) })
	starting.Go(func() { d = startDeployments(t) })
	starting.Wait()
	must(t, oslo.Put(t.Context(), slices.Values(smallShop())))
	must(t, berlin.Put(t.Context(), slices.Values(smallShop()[:2])))
	w := newWorkstation(t, map[string]*cluster.Cluster{"home": d.c, "oslo": oslo, "berlin": berlin})
	w.run(t, sectionCode(t, "Remote clusters", "mkdir"))
	w.run(t, sectionCode(t, "Home cluster", "create secret"))
	if diff := gocmp.Diff([]string{"berlin.kubeconfig", "oslo.kubeconfig"}, w.kubeconfigs(t)); diff != "" {
		t.Errorf("kubeconfigs (-want +got):\n%s", diff)
	}

	m := mode{name: "clusters", namespace: "kubestate", pods: map[string]int{"kubestate": 1}}
	p := d.newDeployed(t, m, d.pods(t, m)[0])
	d.wantsAccess(t, m, []*deployed{p})
	createAccount(t, oslo, "default", "nobody")
	at := &deployments{c: oslo, k: newKubectl(t, oslo.Kubeconfig)}
	at.wantsAccess(t, mode{name: "clusters-remote", namespace: "kubestate"}, []*deployed{{pod: p.pod, kubeconfig: filepath.Join(w.directory, "kubeconfigs", "oslo.kubeconfig")}})

	p.start(t)
	p.probed(t)
	f := deployedFleet{p, w}
	f.wantsStates(t, map[string]string{"berlin": "up", "oslo": "up"})
	wantLines(t, p.Exporter,
		`kube_deployment_spec_replicas{cluster="oslo",namespace="shop",deployment="web"} 5`,
		`kube_deployment_spec_replicas{cluster="berlin",namespace="shop",deployment="web"} 5`)
	wantNone(t, p.Exporter, `namespace="kubestate"`, `deployment="kubestate"`) // of the home cluster

	annotated := runPrometheus(t, d.scraping(t, m, []*deployed{p})+"rule_files: ['"+fastRules(t)+"']\n")
	each := runPrometheus(t, "global: {scrape_interval: 1s}\nscrape_configs:\n"+
		replaced(t, sectionCode(t, "Prometheus", "kubestate-clusters"), "kubestate.kubestate.svc:10241", address(p.Exporter)))
	for prometheus, want := range map[*prometheus]map[string]float64{
		annotated: {`instance="` + address(p.Exporter) + `"`: 1, `instance="` + strings.TrimPrefix(p.Telemetry, "http://") + `"`: 1},
		each:      {`cluster="berlin", instance="` + address(p.Exporter) + `"`: 1, `cluster="oslo", instance="` + address(p.Exporter) + `"`: 1},
	} {
		prometheus.wantResult(t, "max by (cluster, instance) (up)", want, p.Process)
		prometheus.wantResult(t, "count by (cluster) (kube_deployment_spec_replicas)", map[string]float64{`cluster="berlin"`: 2, `cluster="oslo"`: 2}, p.Process)
		prometheus.wantResult(t, "count by (cluster) (kube_pod_info)", map[string]float64{`cluster="oslo"`: 9}, p.Process)
	}
	const alerts = `count by (alertname, cluster) (ALERTS{alertname=~"Kubestate.*"})`
	annotated.wantResult(t, "count(kubestate:replicas:max)", map[string]float64{"": 1}, p.Process) // the rules have been evaluated
	annotated.wantResult(t, alerts, map[string]float64{}, p.Process)

	// A kubeconfig is redacted, and another one is no YAML: one new cluster is invalid, and oslo continues.
	w.run(t, "kubectl --context oslo config view --minify > kubeconfigs/bergen.kubeconfig; cp kubeconfigs/oslo.kubeconfig oslo; echo '{' > kubeconfigs/oslo.kubeconfig")
	f.update(t)
	f.wantsStates(t, map[string]string{"bergen": "invalid", "berlin": "up", "oslo": "up"})
	f.wantsSelf(t, `kubestate_cluster_specification_successful{cluster="oslo"} 0`, `kubestate_cluster_served{cluster="oslo"} 1`, `kubestate_cluster_served{cluster="bergen"} 0`)
	annotated.wantResult(t, alerts, map[string]float64{`alertname="KubestateClusterDown", cluster="bergen"`: 1, `alertname="KubestateClusterRefused", cluster="oslo"`: 1}, p.Process)
	must(t, p.Ready(t.Context()))
	w.run(t, "mv oslo kubeconfigs/oslo.kubeconfig; rm kubeconfigs/bergen.kubeconfig")
	f.update(t)
	f.wantsStates(t, map[string]string{"berlin": "up", "oslo": "up"})
	f.wantsSelf(t, `kubestate_cluster_specification_successful{cluster="oslo"} 1`)

	// The token of oslo is revoked. Its watches end with the API server's process.
	w.run(t, sectionCode(t, "Security", "delete secret"))
	must(t, oslo.KillAPIServer())
	must(t, oslo.StartAPIServer(t.Context()))
	f.wantsStates(t, map[string]string{"berlin": "up", "oslo": "down"})
	await(t, settling, func(ctx context.Context) error { return f.readyz(ctx, "cluster oslo", "down (Unauthorized)") }, p.Process)
	createNamespace(t, berlin, "meanwhile")
	wantLines(t, p.Exporter, `kube_namespace_status_phase{cluster="berlin",namespace="meanwhile",phase="Active"} 1`,
		`kube_deployment_spec_replicas{cluster="oslo",namespace="shop",deployment="web"} 5`)
	annotated.wantResult(t, alerts, map[string]float64{`alertname="KubestateClusterDown", cluster="oslo"`: 1}, p.Process)

	// It gets another one.
	w.run(t, strings.Replace(sectionCode(t, "Remote clusters", "mkdir"), "mkdir -m 700 kubeconfigs\n", "", 1))
	f.update(t)
	f.wantsStates(t, map[string]string{"berlin": "up", "oslo": "up"})
	createNamespace(t, oslo, "afterwards")
	wantLines(t, p.Exporter, `kube_namespace_status_phase{cluster="oslo",namespace="afterwards",phase="Active"} 1`)
	// Watches that failed meanwhile may be pending for a while.
	annotated.wantResult(t, `count by (alertname, cluster) (ALERTS{alertname=~"Kubestate.*"} unless ALERTS{alertname="KubestateWatchErrors", cluster="oslo", alertstate="pending"})`,
		map[string]float64{}, p.Process)

	// A cluster leaves.
	w.run(t, "rm kubeconfigs/berlin.kubeconfig")
	f.update(t)
	wantNone(t, p.Exporter, `cluster="berlin"`)
	f.wantsStates(t, map[string]string{"oslo": "up"})
	if status, body, err := exporter.Get(t.Context(), p.Scrapes+"/metrics/cluster/berlin"); status != http.StatusNotFound {
		t.Errorf("status %d of a cluster that left: %v %s", status, err, body)
	}
	d.tryClustersFile(t, w)
}

// tryClustersFile deploys a file of clusters, which names the home cluster and a kubeconfig, in place of the
// directory.
func (d *deployments) tryClustersFile(t *testing.T, w workstation) {
	t.Helper()
	const list = "clusters:\n- {name: hub, home: true}\n- {name: oslo, kubeconfig: oslo.kubeconfig, labels: {region: north}}\n"
	must(t, os.WriteFile(filepath.Join(w.directory, "clusters.yaml"), []byte(list), 0o600))
	w.run(t, sectionCode(t, "File", "create configmap"))
	const of = "- github.com/kubestate/kubestate/deploy/kustomize/"
	d.k.run(t, "apply", "--server-side", "-k", overlay(t, "resources:\n"+of+"base?ref=v0.1.0\ncomponents:\n"+of+"components/clusters-file?ref=v0.1.0\n"))
	m := mode{name: "clusters-file", namespace: "kubestate"}
	var pod corev1.Pod
	awaitAPI(t, d.c, func(ctx context.Context) error {
		pods, err := d.c.Client.CoreV1().Pods(m.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kubestate"})
		if err != nil {
			return err
		}
		at := slices.IndexFunc(pods.Items, func(p corev1.Pod) bool {
			return isReady(&p) && slices.Contains(p.Spec.Containers[0].Args, "--clusters=/etc/clusters/clusters.yaml")
		})
		if at < 0 {
			return fmt.Errorf("none of %d pods has the file and is ready", len(pods.Items))
		}
		pod = pods.Items[at]
		return nil
	})
	p := d.newDeployed(t, m, pod)
	p.start(t)
	p.probed(t)
	p.wants(t, []string{
		`kube_deployment_spec_replicas{cluster="hub",namespace="kubestate",deployment="kubestate"} 1`,
		`kube_deployment_spec_replicas{cluster="oslo",region="north",namespace="shop",deployment="web"} 5`,
	})
}

// A deployedFleet is a program with the clusters whose kubeconfigs a workstation has.
type deployedFleet struct {
	*deployed
	w workstation
}

// update brings the kubeconfigs of the workstation to the program by the documented commands; the test is
// the kubelet.
func (f deployedFleet) update(t *testing.T) {
	t.Helper()
	f.w.run(t, sectionCode(t, "Home cluster", "create secret"))
	secret, err := f.d.c.Client.CoreV1().Secrets(f.pod.Namespace).Get(t.Context(), "kubestate-clusters", metav1.GetOptions{})
	must(t, err)
	if diff := gocmp.Diff(f.w.kubeconfigs(t), slices.Sorted(maps.Keys(secret.Data))); diff != "" {
		t.Fatalf("keys of the Secret (-want +got):\n%s", diff)
	}
	f.mounts["clusters"].write(t, f.content(t, "clusters"))
}

// wantsStates waits until the clusters are these, by name, in these states.
func (f deployedFleet) wantsStates(t *testing.T, want map[string]string) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		self, err := f.Self(ctx)
		if err != nil {
			return err
		}
		got := map[string]string{}
		for line, value := range self {
			if labels, ok := strings.CutPrefix(line, "kubestate_cluster_state{cluster="); ok && value == 1 {
				parts := strings.Split(labels, `"`)
				got[parts[1]] = parts[3]
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			return fmt.Errorf("states (-want +got):\n%s", diff)
		}
		return nil
	}, f.Process)
}

// wantsSelf waits until the self-metrics have all lines.
func (f deployedFleet) wantsSelf(t *testing.T, lines ...string) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		self, err := f.Self(ctx)
		if err != nil {
			return err
		}
		if missing := self.Missing(lines...); missing != nil {
			return errors.New(strings.Join(missing, "\n"))
		}
		return nil
	}, f.Process)
}

// readyz returns nil if the line of a check has a text.
func (f deployedFleet) readyz(ctx context.Context, check, text string) error {
	_, body, err := exporter.Get(ctx, f.Telemetry+"/readyz?verbose")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(body)) {
		if strings.Contains(line, check+" ") && strings.Contains(line, text) {
			return nil
		}
	}
	return fmt.Errorf("no %q of %s in\n%s", text, check, body)
}
