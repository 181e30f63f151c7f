package cardinality_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/cardinality"
	"github.com/kubestate/kubestate/internal/store"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// resource makes a resource with the families of its objects' lines. Each object is a namespace and lines,
// in the order of the families.
func resource(name string, families []string, objects ...[]string) *store.Resource {
	var all []store.Family
	for _, f := range families {
		all = append(all, store.Family{Name: f, Header: []byte("# TYPE " + f + " gauge\n")})
	}
	r := store.NewResource(name, all, 1)
	for i, o := range objects {
		rendered := store.Rendered{UID: fmt.Sprint(i), Namespace: o[0]}
		rest := o[1:]
		for _, f := range families {
			for len(rest) > 0 && strings.HasPrefix(rest[0], f+"{") {
				rendered.Text = append(append(rendered.Text, rest[0]...), '\n')
				rest = rest[1:]
			}
			rendered.Ends = append(rendered.Ends, len(rendered.Text))
		}
		if len(rest) > 0 {
			panic("BUG: no family of " + rest[0])
		}
		r.Partitions()[0].Set(rendered)
	}
	return r
}

// content has finished and running pods and jobs, label values with escapes and markup, and an object
// without a namespace.
func content() cardinality.Content {
	pod := func(namespace, name, phase string) []string {
		identity := fmt.Sprintf(`{cluster="a",namespace="%s",pod="%s",uid="u-%s"`, namespace, name, name)
		lines := []string{namespace, "kube_pod_info" + identity + `} 1`, "kube_pod_owner" + identity + `,owner_kind="Job"} 1`}
		for _, p := range []string{"Running", "Succeeded"} {
			value := "0"
			if p == phase {
				value = "1"
			}
			lines = append(lines, "kube_pod_status_phase"+identity+`,phase="`+p+`"} `+value)
		}
		return lines
	}
	return cardinality.Content{
		Resources: []*store.Resource{
			resource("nodes", []string{"kube_node_info", "kube_node_labels"},
				[]string{"", `kube_node_info{cluster="a",node="one"} 1`, `kube_node_labels{cluster="a",node="one",label_a="<b>\"q\"&\\n\nz",label_b=""} 1`}),
			resource("leases", []string{"kube_lease_owner"}),
			resource("jobs", []string{"kube_job_info", "kube_job_complete", "kube_job_failed"},
				[]string{
					"shop", `kube_job_info{cluster="a",namespace="shop",job_name="x"} 1`,
					`kube_job_complete{cluster="a",namespace="shop",job_name="x",condition="true"} 1`,
					`kube_job_complete{cluster="a",namespace="shop",job_name="x",condition="false"} 0`,
				},
				[]string{
					"shop", `kube_job_info{cluster="a",namespace="shop",job_name="xy"} 1`,
					`kube_job_complete{cluster="a",namespace="shop",job_name="xy",condition="true"} 0`,
					`kube_job_complete{cluster="a",namespace="shop",job_name="xy",condition="false"} 1`,
				},
				[]string{"bank", `kube_job_info{cluster="a",namespace="bank",job_name="x"} 1`, `kube_job_failed{cluster="a",namespace="bank",job_name="x",condition="true"} 1`}),
			resource("pods", []string{"kube_pod_info", "kube_pod_owner", "kube_pod_status_phase"},
				pod("shop", "cart", "Running"), pod("shop", "cart-1", "Succeeded"), pod("bank", "vault", "Running")),
		},
		Sparse: func(family string) bool { return family == "kube_pod_status_phase" },
		Kept: func(family string) bool {
			return slices.Contains([]string{"kube_pod_owner", "kube_pod_status_phase", "kube_job_complete", "kube_job_failed"}, family)
		},
	}
}

// count counts a content.
func count(t *testing.T, c cardinality.Content, by, sort string) cardinality.Table {
	t.Helper()
	q, err := cardinality.ParseQuery(by, sort)
	if err != nil {
		t.Fatal(err)
	}
	table, err := cardinality.Count(t.Context(), q, c)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// written returns a table as text and JSON.
func written(t *testing.T, table cardinality.Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := table.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if err := table.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestViews compares all views, in text and JSON, with files.
func TestViews(t *testing.T) {
	f := func(name, by, sort string, namespaces ...string) {
		t.Helper()
		c := content()
		c.Namespaces = namespaces
		got := written(t, count(t, c, by, sort))
		path := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f("family", "", "")
	f("family-shop", "family", "", "shop")
	f("resource", "resource", "")
	f("resource-bank", "resource", "-objects", "bank")
	f("resource-by-name", "resource", "resource")
	f("namespace", "namespace", "")
	f("namespace-by-bytes", "namespace", "bytes")
	f("label", "label", "")
	f("label-shop", "label", "label", "shop")
	f("option", "option", "")
	f("option-shop", "option", "-saved_series", "shop")
}

// TestEstimates holds that estimated numbers are marked.
func TestEstimates(t *testing.T) {
	c := cardinality.Content{Resources: []*store.Resource{resource("a", []string{"a"}, []string{"", `a{b="c"} 1`})}}
	table := count(t, c, "label", "")
	table.Rows[0].Estimated = true
	want := "    values     series        bytes  label\n" +
		"        ~1          1            6  b\n" +
		"                                        1 bytes   c\n" +
		"                                        1 series  c\n" +
		`[{"label":"b","values":1,"series":1,"bytes":6,"estimated":true,"longest":[{"value":"c","bytes":1}],"most":[{"value":"c","series":1}]}]` + "\n"
	if d := cmp.Diff(want, written(t, table)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestNothing is the views without objects.
func TestNothing(t *testing.T) {
	f := func(by, want string) {
		t.Helper()
		if d := cmp.Diff(want, written(t, count(t, cardinality.Content{}, by, ""))); d != "" {
			t.Errorf("%s (-want +got):\n%s", by, d)
		}
	}
	f("family", "    series        bytes  family  resource\n         0            0  in all\n[]\n")
	f("resource", "   objects     series        bytes  resource\n         0          0            0  in all\n[]\n")
	f("namespace", "    series        bytes  namespace\n         0            0  in all\n[]\n")
	f("label", "    values     series        bytes  label\n[]\n")
}

// TestUnknownFamilies holds that an option that cannot be measured says so.
func TestUnknownFamilies(t *testing.T) {
	c := cardinality.Content{Resources: []*store.Resource{
		resource("pods", []string{"kube_pod_info"}, []string{"a", `kube_pod_info{namespace="a",pod="b",uid="c"} 1`}),
	}}
	var notes []string
	for _, r := range count(t, c, "option", "").Rows {
		notes = append(notes, r.Texts[1])
	}
	want := []string{
		"whole response", "series of value 0 of sparse families", "unknown without kube_pod_status_phase", "no jobs",
		"a page of eight, about", "recent changes are not compressed yet",
	}
	if d := cmp.Diff(want, notes); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestSavings compares what --metric-sparse and finished objects save with the sizes of the responses
// without those lines.
func TestSavings(t *testing.T) {
	c := content()
	size := func(c cardinality.Content) int {
		var views []store.View
		for _, r := range c.Resources {
			views = append(views, r.View())
		}
		return int(store.NewResponse(views, "").Size())
	}
	whole := size(c)
	f := func(row int, removed ...string) {
		t.Helper()
		left, series := whole, 0
		for _, line := range removed {
			left -= len(line) + 1
			series++
		}
		r := count(t, c, "option", "").Rows[row]
		if r.Numbers[1] != float64(left) || r.Numbers[2] != float64(series) || r.Numbers[3] != float64(whole-left) {
			t.Errorf("%s: %v, want %d series less and %d bytes", r.Texts[0], r.Numbers, series, left)
		}
	}
	f(0)
	f(1,
		`kube_pod_status_phase{cluster="a",namespace="shop",pod="cart",uid="u-cart",phase="Succeeded"} 0`,
		`kube_pod_status_phase{cluster="a",namespace="shop",pod="cart-1",uid="u-cart-1",phase="Running"} 0`,
		`kube_pod_status_phase{cluster="a",namespace="bank",pod="vault",uid="u-vault",phase="Succeeded"} 0`)
	f(2, `kube_pod_info{cluster="a",namespace="shop",pod="cart-1",uid="u-cart-1"} 1`)
	f(3, `kube_job_info{cluster="a",namespace="shop",job_name="x"} 1`, `kube_job_info{cluster="a",namespace="bank",job_name="x"} 1`)
}

// TestQueries holds the errors of queries.
func TestQueries(t *testing.T) {
	f := func(by, sort, want string) {
		t.Helper()
		_, err := cardinality.ParseQuery(by, sort)
		if err == nil || err.Error() != want {
			t.Errorf("%q, %q: %v, want %s", by, sort, err, want)
		}
	}
	f("pods", "", `by="pods": want family, resource, namespace, label or option`)
	f(strings.Repeat("x", 1000), "", `by="`+strings.Repeat("x", 64)+`": want family, resource, namespace, label or option`)
	f("", "objects", `sort="objects": want family, resource, series or bytes, or one of them after a minus`)
	f("label", "--values", `sort="--values": want label, values, series or bytes, or one of them after a minus`)
	f("namespace", "-", `sort="-": want namespace, series or bytes, or one of them after a minus`)
	f("option", "note", `sort="note": want option, series, bytes, saved_series, saved_bytes, series_percent or bytes_percent, or one of them after a minus`)
}

// TestCanceled holds that a count ends with its context.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, by := range cardinality.Views {
		q, err := cardinality.ParseQuery(by, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cardinality.Count(ctx, q, content()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", by, err)
		}
	}
}

// TestHostileValues holds that long values are shown in part, and that all texts are in one line without
// control characters.
func TestHostileValues(t *testing.T) {
	huge := strings.Repeat("ü", 1<<19)
	c := cardinality.Content{Resources: []*store.Resource{resource("things", []string{"thing"},
		[]string{"", `thing{namespace="` + huge + `",a="\u001b[31m",b="` + "\x1b[31m\\n" + `",c="` + strings.Repeat(`\\`, 1<<19) + `"} 1`})}}
	for _, by := range cardinality.Views {
		got := written(t, count(t, c, by, ""))
		if len(got) > 4000 || strings.ContainsAny(got, "\x1b") {
			t.Errorf("%s: %d bytes:\n%.2000q", by, len(got), got)
		}
	}
	got := map[string]cardinality.Value{}
	for _, r := range count(t, c, "label", "").Rows {
		got[r.Texts[0]] = r.Longest[0]
	}
	want := map[string]cardinality.Value{
		"namespace": {strings.Repeat("ü", 60) + "…", 1 << 20},
		"a":         {`u001b[31m`, 9},
		"b":         {"\x1b[31m\n", 6},
		"c":         {strings.Repeat(`\`, 120) + "…", 1 << 19},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestManyNamespaces holds the bound of namespaces.
func TestManyNamespaces(t *testing.T) {
	var objects [][]string
	for i := range 10_002 {
		objects = append(objects, []string{"", fmt.Sprintf(`thing{namespace="n%05d"} 1`, i)})
	}
	rows := count(t, cardinality.Content{Resources: []*store.Resource{resource("things", []string{"thing"}, objects...)}}, "namespace", "").Rows
	if len(rows) != 10_001 {
		t.Fatalf("%d rows", len(rows))
	}
	want := cardinality.Row{Texts: []string{"(others)"}, Numbers: []float64{2, 2 * float64(len(objects[0][1])+1)}}
	if d := cmp.Diff(want, rows[0]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
