package answers

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
)

const requestsFamily = "kube_pod_container_resource_requests"

// phases are the phases of pods, in the order of bars.
var phases = []string{"Running", "Pending", "Failed", "Unknown", "Succeeded"}

// unitBytes is the unit of charts whose values are shown with binary prefixes.
const unitBytes = "bytes"

// Charts returns the charts of a content: pods by phase for each namespace, and without namespaces what is
// requested of the CPU and memory of each node. A chart has at most MaxRows bars, the largest first.
func Charts(c Content) []Chart {
	r := newReader(c)
	all := []Chart{r.podsByPhase()}
	if len(c.Namespaces) == 0 {
		all = append(all, r.requested("CPU requested", "cores", "cpu"), r.requested("Memory requested", unitBytes, "memory"))
	}
	return slices.DeleteFunc(all, func(c Chart) bool { return len(c.Bars) == 0 })
}

// podsByPhase counts pods by namespace and phase.
func (r *reader) podsByPhase() Chart {
	counts := map[string]map[string]float64{}
	r.lines(phase.family, nil, func(_ place, line []byte) {
		if !bytes.HasSuffix(line, []byte(" 1")) {
			return
		}
		var cluster, namespace, phase []byte
		for name, value := range exposition.RawLabels(line) {
			switch string(name) {
			case clusterLabel:
				cluster = value
			case "namespace":
				namespace = value
			case "phase":
				phase = value
			}
		}
		of := counts[string(joined(cluster, namespace))]
		if of == nil {
			of = map[string]float64{}
			counts[string(joined(cluster, namespace))] = of
		}
		of[string(phase)]++
	})
	chart := Chart{Title: "Pods by phase", Unit: "pods"}
	for name, of := range counts {
		bar := Bar{Name: name}
		for _, phase := range phases {
			if of[phase] > 0 {
				bar.Parts = append(bar.Parts, Part{phase, of[phase]})
			}
		}
		chart.Bars = append(chart.Bars, bar)
	}
	return chart.cut(Bar.sum)
}

// Amount formats a value of the chart.
func (c Chart) Amount(value float64) string {
	if c.Unit == unitBytes {
		return amount("memory", value)
	}
	return amount("", value)
}

// joined is the name of a bar: that of an object, behind its cluster if it has one.
func joined(cluster, name []byte) []byte {
	if len(cluster) == 0 {
		return name
	}
	return bytes.Join([][]byte{cluster, name}, []byte("/"))
}

// sum is the sum of the parts.
func (b Bar) sum() (sum float64) {
	for _, p := range b.Parts {
		sum += p.Value
	}
	return sum
}

// cut sorts the bars by their size, and keeps the first.
func (c Chart) cut(size func(Bar) float64) Chart {
	slices.SortFunc(c.Bars, func(a, b Bar) int {
		return cmp.Or(cmp.Compare(size(b), size(a)), strings.Compare(a.Name, b.Name))
	})
	if len(c.Bars) > MaxRows {
		c.Bars, c.More = c.Bars[:MaxRows], len(c.Bars)-MaxRows
	}
	return c
}

// requested is the chart of a resource of all nodes.
func (r *reader) requested(title, unit, resource string) Chart {
	requests := r.requests()
	chart := Chart{Title: title, Unit: unit}
	for _, s := range series("kube_node_status_allocatable").with("resource", resource).eval(r, nil) {
		name := joined([]byte(s.get(clusterLabel)), []byte(s.get("node")))
		chart.Bars = append(chart.Bars, Bar{string(name), s.value, []Part{{"requested", requests[nodeResource{string(name), resource}]}}})
	}
	return chart.cut(func(b Bar) float64 { return b.sum() / b.Whole })
}

// A nodeResource is a resource of a node, which is named as in charts.
type nodeResource struct{ node, resource string }

// requests returns what the containers of pods request that have not ended, by node and resource.
func (r *reader) requests() map[nodeResource]float64 {
	if r.requestsOf != nil {
		return r.requestsOf
	}
	r.requestsOf = map[nodeResource]float64{}
	var text []byte
	ended := map[string]bool{} // uids of a page
	for _, s := range r.sources[requestsFamily] {
		phases := slices.Index(s.resource.Families(), phase.family)
		for page := range s.view.Pages() {
			clear(ended)
			if phases >= 0 {
				text = page.AppendText(text[:0], phases)
				eachLine(text, func(line []byte) { addEnded(line, ended) })
			}
			text = page.AppendText(text[:0], s.index)
			eachLine(text, func(line []byte) { r.addRequest(line, ended) })
		}
	}
	return r.requestsOf
}

// addEnded adds the uid of a pod that has ended.
func addEnded(line []byte, ended map[string]bool) {
	if !bytes.HasSuffix(line, []byte(" 1")) {
		return
	}
	var uid []byte
	for name, value := range exposition.RawLabels(line) {
		switch string(name) {
		case "uid":
			uid = value
		case "phase":
			if text := string(value); text == "Succeeded" || text == "Failed" {
				ended[string(uid)] = true
			}
		}
	}
}

// addRequest adds a request of a container to its node.
func (r *reader) addRequest(line []byte, ended map[string]bool) {
	var cluster, node, resource []byte
	for name, value := range exposition.RawLabels(line) {
		switch string(name) {
		case clusterLabel:
			cluster = value
		case "uid":
			if ended[string(value)] {
				return
			}
		case "node":
			node = value
		case "resource":
			resource = value
		}
	}
	if value, ok := valueOf(line); ok && len(node) > 0 {
		r.requestsOf[nodeResource{string(joined(cluster, node)), string(resource)}] += value
	}
}
