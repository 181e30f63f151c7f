package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// testValuesAreNotHeld creates, changes and deletes Secrets and ConfigMaps, and searches kubestate's
// memory for their values. As a control, the search finds exported labels.
func testValuesAreNotHeld(t *testing.T) {
	for name, gates := range map[string][]string{"streamed": nil, "listed": {"WatchList=false"}} {
		t.Run(name, func(t *testing.T) {
			c := cluster.Start(t, cluster.Options{FeatureGates: gates})
			v := &vault{t: t, api: c.Client.CoreV1()}
			v.plant("early", 40)
			e := start(t, c.Kubeconfig, "--resources", "secrets,configmaps", "--metric-labels-allowlist", "secrets=[*],configmaps=[*]",
				"--metric-annotations-allowlist", "secrets=[*]")
			await(t, settling, e.Ready, e.Process)
			v.want(e)
			v.plant("late", 10)
			v.change()
			v.want(e)
			must(t, c.KillAPIServer())
			must(t, c.StartAPIServer(t.Context()))
			v.change()
			v.remove("late")
			v.want(e)
			v.search(e)
		})
	}
}

// vault has the created objects.
type vault struct {
	t       *testing.T
	api     corev1client.CoreV1Interface
	secrets []*corev1.Secret
	maps    []*corev1.ConfigMap
	values  []string // secret ones
	shown   []string // exported labels
}

// secret returns a new secret value.
func (v *vault) secret() string {
	v.values = append(v.values, random())
	return v.values[len(v.values)-1]
}

func random() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// about returns metadata with a label to be found and an owner.
func (v *vault) about(name string) metav1.ObjectMeta {
	v.shown = append(v.shown, random())
	return metav1.ObjectMeta{
		Name:        name,
		Labels:      map[string]string{"shown": v.shown[len(v.shown)-1]},
		Annotations: map[string]string{"note": name},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: "1", Controller: new(true),
		}},
	}
}

// plant creates n Secrets of several types, and as many ConfigMaps.
func (v *vault) plant(prefix string, n int) {
	v.t.Helper()
	for i := range n {
		name := fmt.Sprintf("%s-%d", prefix, i)
		secret := &corev1.Secret{ObjectMeta: v.about(name), Data: map[string][]byte{"a": []byte(v.secret())}}
		if i%2 == 0 {
			secret.Type = corev1.SecretTypeBasicAuth
			secret.StringData = map[string]string{"username": v.secret(), "password": v.secret()}
		}
		secret, err := v.api.Secrets("default").Create(v.t.Context(), secret, metav1.CreateOptions{})
		must(v.t, err)
		v.secrets = append(v.secrets, secret)
		configMap := &corev1.ConfigMap{
			ObjectMeta: v.about(name),
			Data:       map[string]string{"a": v.secret()},
			BinaryData: map[string][]byte{"b": []byte("\xff" + v.secret())},
		}
		configMap, err = v.api.ConfigMaps("default").Create(v.t.Context(), configMap, metav1.CreateOptions{})
		must(v.t, err)
		v.maps = append(v.maps, configMap)
	}
}

// change changes the value of each object.
func (v *vault) change() {
	v.t.Helper()
	for i, secret := range v.secrets {
		secret.Data["a"] = []byte(v.secret())
		changed, err := v.api.Secrets("default").Update(v.t.Context(), secret, metav1.UpdateOptions{})
		must(v.t, err)
		v.secrets[i] = changed
	}
	for i, configMap := range v.maps {
		configMap.Data["a"] = v.secret()
		changed, err := v.api.ConfigMaps("default").Update(v.t.Context(), configMap, metav1.UpdateOptions{})
		must(v.t, err)
		v.maps[i] = changed
	}
}

// remove deletes the objects with the prefix.
func (v *vault) remove(prefix string) {
	v.t.Helper()
	v.secrets = slices.DeleteFunc(v.secrets, func(s *corev1.Secret) bool {
		if !strings.HasPrefix(s.Name, prefix) {
			return false
		}
		must(v.t, v.api.Secrets("default").Delete(v.t.Context(), s.Name, metav1.DeleteOptions{}))
		return true
	})
	v.maps = slices.DeleteFunc(v.maps, func(m *corev1.ConfigMap) bool {
		if !strings.HasPrefix(m.Name, prefix) {
			return false
		}
		must(v.t, v.api.ConfigMaps("default").Delete(v.t.Context(), m.Name, metav1.DeleteOptions{}))
		return true
	})
}

// want checks for all series of present objects, and none of deleted ones.
func (v *vault) want(e *exporter.Exporter) {
	v.t.Helper()
	want := map[string]bool{}
	for _, s := range v.secrets {
		about := fmt.Sprintf("{namespace=%q,secret=%q", s.Namespace, s.Name)
		for _, line := range append(
			common("kube_secret", about, &s.ObjectMeta),
			fmt.Sprintf("kube_secret_type%s,type=%q} 1", about, s.Type),
			fmt.Sprintf("kube_secret_annotations%s,annotation_note=%q} 1", about, s.Annotations["note"]),
			fmt.Sprintf(`kube_secret_owner%s,owner_kind="Deployment",owner_name="web",owner_is_controller="true"} 1`, about),
		) {
			want[line] = true
		}
	}
	for _, m := range v.maps {
		for _, line := range common("kube_configmap", fmt.Sprintf("{namespace=%q,configmap=%q", m.Namespace, m.Name), &m.ObjectMeta) {
			want[line] = true
		}
	}
	var lines []string
	for line := range want {
		lines = append(lines, line)
	}
	await(v.t, settling, func(ctx context.Context) error {
		series, err := e.Scrape(ctx)
		if err != nil {
			return err
		}
		if missing := series.Missing(lines...); missing != nil {
			return fmt.Errorf("missing:\n%s", strings.Join(missing, "\n"))
		}
		if n := len(series.Containing(`namespace="default",secret=`)); n != 7*len(v.secrets) {
			return fmt.Errorf("%d series of %d secrets", n, len(v.secrets))
		}
		return nil
	}, e.Process)
}

// common returns the series that Secrets and ConfigMaps both have.
func common(prefix, about string, o *metav1.ObjectMeta) []string {
	return []string{
		prefix + "_info" + about + "} 1",
		fmt.Sprintf("%s_labels%s,label_shown=%q} 1", prefix, about, o.Labels["shown"]),
		fmt.Sprintf("%s_created%s} %d", prefix, about, o.CreationTimestamp.Unix()),
		fmt.Sprintf("%s_metadata_resource_version%s} %s", prefix, about, o.ResourceVersion),
	}
}

// search searches kubestate's memory.
func (v *vault) search(e *exporter.Exporter) {
	v.t.Helper()
	var texts []string
	for _, value := range v.values {
		texts = append(texts, value, base64.StdEncoding.EncodeToString([]byte(value)), base64.StdEncoding.EncodeToString([]byte("\xff"+value)))
	}
	secret := len(texts)
	texts = append(texts, v.shown...)
	found, err := e.Contains(texts)
	must(v.t, err)
	leaked, shown := 0, 0
	for i, is := range found {
		switch {
		case is && i < secret:
			leaked++
		case is:
			shown++
		}
	}
	v.t.Logf("of %d values %d found, of %d labels %d", len(v.values), leaked, len(v.shown), shown)
	if leaked > 0 {
		v.t.Errorf("%d values of Secrets and ConfigMaps are in kubestate's memory", leaked)
	}
	if shown == 0 {
		v.t.Error("no label found: the search does not work")
	}
}
