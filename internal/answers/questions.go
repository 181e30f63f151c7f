package answers

import "slices"

// questions are all questions, in the order of answers that are equally bad.
var questions = []question{
	podsNotRunning, workloadsUnavailable, rollouts, restarts, jobs, nodes,
	claims, volumes, autoscalers, resourceQuotas, disruptionBudgets, namespaces,
}

// Families returns the names of all families that answers and charts read; without a time, also of those
// that tell it.
func Families(withoutTime bool) (all []string) {
	if withoutTime {
		all = slices.Clone(events)
	}
	for _, q := range questions {
		for _, c := range q.causes {
			c.expr.families(func(name string, _ bool) { all = append(all, name) })
		}
		if q.active != nil {
			q.active.families(func(name string, _ bool) { all = append(all, name) })
		}
		for _, c := range q.columns {
			all = append(all, c.reads...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
