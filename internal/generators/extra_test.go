package generators_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
)

// extra are labels of no resource.
var extra = []generators.ExtraLabel{{Name: "cluster", Value: "prod"}, {Name: "region", Value: "a \"b\"\\\nü\xff"}}

// inserted is the text of extra in a line.
const inserted = `cluster="prod",region="a \"b\"\\\nü` + "\uFFFD" + `",`

// TestExtraLabels holds that extra labels change nothing else in the lines of golden objects.
func TestExtraLabels(t *testing.T) {
	for _, c := range clusters {
		for _, r := range c.resources {
			t.Run(c.folder+"/"+r.Describe().Name, func(t *testing.T) {
				t.Parallel()
				objects := c.objects(t, r)
				selection := c.selection
				selection.Extra = extra
				var want strings.Builder
				for line := range strings.Lines(render(t, r, c.selection, objects)) {
					if !strings.HasPrefix(line, "#") {
						line = strings.Replace(line, "{", "{"+inserted, 1)
					}
					want.WriteString(line)
				}
				if d := cmp.Diff(want.String(), render(t, r, selection, objects)); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		}
	}
}

// TestExtraLabelsAllocateNothing renders all golden objects.
func TestExtraLabelsAllocateNothing(t *testing.T) {
	for _, c := range clusters {
		c.selection.Extra = extra
		for _, r := range c.resources {
			checkAllocations(t, c, r)
		}
	}
}

func TestCheckExtra(t *testing.T) {
	pods, nodes := generators.Resource(&generators.Pods), generators.Resource(&generators.Nodes)
	few := generators.Selection{Deny: []generators.Pattern{regexp.MustCompile("^kube_pod_(labels|annotations|status_phase)$")}}
	all := generators.Selection{OptIn: []generators.Pattern{regexp.MustCompile(".")}}
	f := func(s generators.Selection, want string, names ...string) {
		t.Helper()
		for _, name := range names {
			s.Extra = append(s.Extra, generators.ExtraLabel{Name: name, Value: "v"})
		}
		got := ""
		if err := s.CheckExtra([]generators.Resource{nodes, pods}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: error %q, want %q", names, got, want)
		}
	}
	f(generators.Selection{}, "")
	f(generators.Selection{}, "", "cluster", "_region", "Zone9", "namespaces", "labels_a", "label", "instance")
	f(generators.Selection{}, `"" is not a label name`, "cluster", "")
	f(generators.Selection{}, `"9a" is not a label name`, "9a")
	f(generators.Selection{}, `"a-b" is not a label name`, "a-b")
	f(generators.Selection{}, `"ü" is not a label name`, "ü")
	f(generators.Selection{}, `"a\n" is not a label name`, "a\n")
	f(generators.Selection{}, "label __name__: names that begin with __ are Prometheus' own", "__name__")
	f(generators.Selection{}, "duplicate label a", "a", "b", "a")
	f(generators.Selection{}, "label node is a label of kube_node_annotations", "node")
	f(few, "label uid is a label of kube_pod_completion_time", "uid")
	f(generators.Selection{}, "label phase is a label of kube_pod_status_phase", "phase")
	f(few, "", "phase")
	f(generators.Selection{}, "label label_app is a label of kube_node_labels", "label_app")
	f(generators.Selection{}, "label annotation_a is a label of kube_node_annotations", "annotation_a")
	f(generators.Selection{}, "", "nodeselector_disk") // its family needs opting in
	f(all, "label nodeselector_disk is a label of kube_pod_nodeselectors", "nodeselector_disk")
	f(generators.Selection{Extra: []generators.ExtraLabel{{Name: "a"}}}, "label a has no value")
}
