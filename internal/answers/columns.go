package answers

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"
)

// A column is a column of an answer.
type column struct {
	name string
	// reads are the families that cells reads.
	reads []string
	// cells returns the cell of each finding.
	cells func(r *reader, found []sample) []string
}

// labels returns the columns of labels of the findings.
func labels(names ...string) (all []column) {
	for _, name := range names {
		all = append(all, column{name, nil, func(_ *reader, found []sample) []string {
			return each(found, func(s *sample) string { return s.get(name) })
		}})
	}
	return all
}

// value is a column of the values of the findings.
func value(name string, format func(*sample) string) column {
	return column{name, nil, func(_ *reader, found []sample) []string { return each(found, format) }}
}

// A lookup finds the series of a selector that have the labels of a finding.
type lookup struct {
	series selector
	on     []string
	format func(*sample) string
}

// lookups is a column of the first of the lookups that finds something, behind the label of that name.
// Several series of a finding are joined by a comma.
func lookups(name string, all ...lookup) column {
	var reads []string
	for _, l := range all {
		reads = append(reads, l.series.family)
	}
	return column{name, reads, func(r *reader, found []sample) []string {
		cells := each(found, func(s *sample) string { return s.get(name) })
		for _, l := range all {
			var open []int
			for i := range found {
				if cells[i] == "" {
					open = append(open, i)
				}
			}
			l.fill(r, found, cells, open)
		}
		return cells
	}}
}

// fill sets the cells of some findings.
func (l lookup) fill(r *reader, found []sample, cells []string, of []int) {
	var some []sample
	for _, i := range of {
		some = append(some, found[i])
	}
	values := l.values(r, some)
	for _, i := range of {
		cells[i] = values[found[i].key(l.on)]
	}
}

// values returns the formatted series of the lookup by key.
func (l lookup) values(r *reader, found []sample) map[string]string {
	values := map[string]string{}
	for _, s := range l.series.eval(r, keysOf(found, l.on)) {
		key := s.key(l.on)
		if text := l.format(&s); values[key] != "" {
			values[key] += ", " + text
		} else {
			values[key] = text
		}
	}
	return values
}

func each(found []sample, format func(*sample) string) []string {
	cells := make([]string, len(found))
	for i := range found {
		cells[i] = format(&found[i])
	}
	return cells
}

var (
	podWorkload     = series("kubestate_pod_workload")
	podOwner        = series("kube_pod_owner").with("owner_is_controller", "true")
	replicaSetOwner = series("kube_replicaset_owner").with("owner_is_controller", "true")
	jobOwner        = series("kube_job_owner").with("owner_is_controller", "true")
)

// workload is the column of the workloads of pods, such as Deployment/web; empty for a pod of its own.
var workload = column{
	name:  "workload",
	reads: []string{podWorkload.family, podOwner.family, replicaSetOwner.family, jobOwner.family},
	cells: func(r *reader, found []sample) []string {
		cells := lookups("workload",
			lookup{podWorkload, pod, ofLabels("workload_kind", "workload")},
			lookup{podOwner, pod, ofLabels("owner_kind", "owner_name")},
		).cells(r, found)
		controllers(r, found, cells, "ReplicaSet", "replicaset", replicaSetOwner)
		controllers(r, found, cells, "Job", "job_name", jobOwner)
		for i := range found {
			if cells[i] == "Pod/"+found[i].get("pod") {
				cells[i] = ""
			}
		}
		return cells
	},
}

// controllers replaces objects of a kind by their controllers, if they have any.
func controllers(r *reader, found []sample, cells []string, kind, label string, owners selector) {
	var owned []sample
	var at []int
	for i := range found {
		if name, ok := strings.CutPrefix(cells[i], kind+"/"); ok {
			owned, at = append(owned, found[i].with(label, name)), append(at, i)
		}
	}
	on := []string{clusterLabel, "namespace", label}
	values := lookup{owners, on, ofLabels("owner_kind", "owner_name")}.values(r, owned)
	for n, i := range at {
		cells[i] = cmp.Or(values[owned[n].key(on)], cells[i])
	}
}

// ofLabels formats the values of two labels as kind/name.
func ofLabels(kind, name string) func(*sample) string {
	return func(s *sample) string { return s.get(kind) + "/" + s.get(name) }
}

// ofLabel formats the value of a label.
func ofLabel(name string) func(*sample) string {
	return func(s *sample) string { return s.get(name) }
}

// ofValue formats the value as a number.
func ofValue(s *sample) string { return number(s.value) }

// ofTime formats the value as a time.
func ofTime(s *sample) string { return time.Unix(int64(s.value), 0).UTC().Format(time.RFC3339) }

// percent formats a fraction.
func percent(s *sample) string { return strconv.FormatFloat(100*s.value, 'f', 0, 64) + "%" }

// ofResource formats the value as an amount of the resource in a label: bytes of memory and storage.
func ofResource(s *sample) string { return amount(s.get("resource"), s.value) }

// amount formats an amount of a resource.
func amount(resource string, value float64) string {
	if !strings.Contains(resource, "memory") && !strings.Contains(resource, "storage") {
		return strconv.FormatFloat(math.Round(1000*value)/1000, 'f', -1, 64) // a sum of decimals
	}
	unit := 0
	for value >= 1024 && unit < 5 {
		value, unit = value/1024, unit+1
	}
	text := strconv.FormatFloat(value, 'f', 1, 64)
	return strings.TrimSuffix(text, ".0") + []string{"", "Ki", "Mi", "Gi", "Ti", "Pi"}[unit]
}
