package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/generators"
)

// metricPages are the pages of docs/metrics. A resource is on the page of its key, or else of its
// API group; the last page has all others.
var metricPages = []struct {
	file, title  string
	keys, groups []string
}{
	{"pods.md", "Metrics of pods", []string{pods}, nil},
	{"workloads.md", "Metrics of workloads", []string{"replicationcontrollers"}, []string{"apps", "autoscaling", "batch", "policy"}},
	{"nodes-and-storage.md", "Metrics of nodes and storage", []string{"nodes", "persistentvolumeclaims", "persistentvolumes"}, []string{"storage.k8s.io"}},
	{"network.md", "Metrics of the network", []string{"endpoints", "services"}, []string{"discovery.k8s.io", "networking.k8s.io"}},
	{"policy-and-access.md", "Metrics of policy and access", []string{"serviceaccounts"}, []string{"admissionregistration.k8s.io", "certificates.k8s.io", "rbac.authorization.k8s.io"}},
	{"namespaces-and-configuration.md", "Metrics of namespaces and configuration", nil, nil},
}

// ownTables are the families on the main port that no resource of an API server has.
var ownTables = []struct {
	title, about string
	table        generators.Resource
}{
	{"Finished objects", "Served with `--finished-pods-after` or `--finished-jobs-after`; see\n[finished objects](../finished.md).", &generators.FinishedCounts},
	{"Counters of pods", "Served with `--workload-metrics=counters` and pods; see\n[counters](../workloads.md#counters).", &generators.PodCounts},
	{"Counters of jobs", "Served with `--workload-metrics=counters` and jobs.", &generators.JobCounts},
	{"Counters of nodes", "Served with `--workload-metrics=counters` and nodes.", &generators.NodeCounts},
}

// ownPage is the page of ownTables.
const ownPage = "kubestate.md"

// pageOf returns the index of a resource's page.
func pageOf(d generators.Description) int {
	for i, p := range metricPages {
		if slices.Contains(p.keys, d.Key) {
			return i
		}
	}
	for i, p := range metricPages {
		if slices.Contains(p.groups, d.Resource.Group) {
			return i
		}
	}
	return len(metricPages) - 1
}

// metrics adds the pages of docs/metrics, their index, and the metrics as JSON.
func metrics(resources []generators.Resource, files map[string][]byte) error {
	var index bytes.Buffer
	facts := families(resources)
	fmt.Fprintf(&index, "<!-- %s -->\n# Metrics\n\n%d families of %d resources; programs read [metrics.json](metrics.json).\n[Families of kubestate's own](%s) are not among them.\n\n", notice, distinct(facts), len(resources), ownPage)
	index.WriteString("| resource | API | families | default |\n| --- | --- | --- | --- |\n")
	pages := make([]bytes.Buffer, len(metricPages))
	for i, p := range metricPages {
		fmt.Fprintf(&pages[i], "<!-- %s -->\n# %s\n\nFamilies are gauges unless marked otherwise. Sparse ones can be exported\n[without zeros](../sparse.md); those of a group need\n[`--workload-metrics`](../workloads.md).\n", notice, p.title)
	}
	for _, r := range resources {
		d := r.Describe()
		i := pageOf(d)
		fmt.Fprintf(&index, "| [%s](%s#%s) | %s %s | %d | %s |\n", d.Name, metricPages[i].file, anchor(d.Name), d.Kind.GroupVersion(), d.Kind.Kind, len(d.Families), yesNo(d.Default))
		section(&pages[i], d)
	}
	for i, p := range metricPages {
		files["docs/metrics/"+p.file] = pages[i].Bytes()
	}
	files["docs/metrics/README.md"] = index.Bytes()
	var own bytes.Buffer
	fmt.Fprintf(&own, "<!-- %s -->\n# Metrics of kubestate's own\n\nFamilies on the main port that no resource has. Families about the program itself are\n[self-metrics](../self-metrics.md).\n", notice)
	for _, t := range ownTables {
		fmt.Fprintf(&own, "\n## %s\n\n%s ", t.title, t.about)
		rows(&own, t.table.Describe())
		facts = append(facts, families([]generators.Resource{t.table})...)
	}
	files["docs/metrics/"+ownPage] = own.Bytes()
	text, err := json.MarshalIndent(facts, "", "  ")
	files["docs/metrics/metrics.json"] = append(text, '\n')
	return err
}

// anchor returns the anchor of a heading on GitHub.
func anchor(heading string) string { return strings.ReplaceAll(heading, ".", "") }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// section writes the families of a resource.
func section(b *bytes.Buffer, d generators.Description) {
	fmt.Fprintf(b, "\n## %s\n\n%s %s. ", d.Name, d.Kind.GroupVersion(), d.Kind.Kind)
	rows(b, d)
}

// rows writes the labels of all series and a row for each family.
func rows(b *bytes.Buffer, d generators.Description) {
	fmt.Fprintf(b, "Labels of every series: %s.\n\n", code(d.Identity))
	b.WriteString("| family | stability | further labels | value |\n| --- | --- | --- | --- |\n")
	for _, f := range d.Families {
		var sets []string
		for _, set := range f.Labels {
			if f.Identity != nil {
				sets = append(sets, "instead: "+code(slices.Concat(f.Identity, set)))
				continue
			}
			if len(set) == 0 && len(f.Labels) == 1 {
				continue
			}
			sets = append(sets, code(set))
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Name, stability(f), strings.Join(sets, " or "), cell(f.Help))
	}
}

func stability(f generators.FamilyDescription) string {
	s := strings.ToLower(string(f.Stability))
	if f.Type != generators.Gauge {
		s += ", " + string(f.Type)
	}
	if f.OptIn {
		s += ", opt-in"
	}
	if f.Sparse {
		s += ", sparse"
	}
	if f.Group != "" {
		s += ", of " + string(f.Group)
	}
	if f.DeprecatedSince != "" {
		s += ", deprecated since " + f.DeprecatedSince
	}
	return s
}

func code(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

// fact is a family in docs/metrics/metrics.json.
type fact struct {
	Name            string     `json:"name"`
	Resource        string     `json:"resource,omitempty"` // empty, as the next two, for families of kubestate's own
	APIVersion      string     `json:"apiVersion,omitempty"`
	Kind            string     `json:"kind,omitempty"`
	Type            string     `json:"type"`
	Stability       string     `json:"stability"`
	OptIn           bool       `json:"optIn,omitempty"`
	Sparse          bool       `json:"sparse,omitempty"`
	Group           string     `json:"group,omitempty"`
	DeprecatedSince string     `json:"deprecatedSince,omitempty"`
	Default         bool       `json:"default"`
	Labels          [][]string `json:"labels"`
	Help            string     `json:"help"`
}

// distinct returns the number of families: some are of several resources.
func distinct(facts []fact) int {
	names := map[string]bool{}
	for _, f := range facts {
		names[f.Name] = true
	}
	return len(names)
}

func families(resources []generators.Resource) []fact {
	var facts []fact
	for _, r := range resources {
		d := r.Describe()
		for _, f := range d.Families {
			var sets [][]string
			for _, set := range f.Labels {
				sets = append(sets, slices.Concat(f.IdentityIn(d), set))
			}
			facts = append(facts, fact{
				Name: f.Name, Resource: d.Name, APIVersion: d.Kind.GroupVersion().String(), Kind: d.Kind.Kind,
				Type: string(f.Type), Stability: string(f.Stability), OptIn: f.OptIn, Sparse: f.Sparse, Group: string(f.Group), DeprecatedSince: f.DeprecatedSince,
				Default: d.Default && !f.OptIn && f.Group == "", Labels: sets, Help: f.Help,
			})
		}
	}
	return facts
}
