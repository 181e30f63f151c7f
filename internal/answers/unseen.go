package answers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/store"
)

// NotSeen is the name of the answer about unreadable resources. It does not affect whether other answers are known.
const NotSeen = "not-seen"

// unseen returns the answer about unreadable resources and objects that budgets withhold.
func unseen(c Content) Answer {
	a := Answer{
		Name: NotSeen, Title: "Unreadable resources and withheld objects", Severity: OK,
		Query: "kubestate_resource_state{state=~\"syncing|forbidden|error\"} == 1\nor\nkubestate_objects_withheld > 0",
	}
	for _, u := range c.Unseen {
		a.Rows = append(a.Rows, Row{Unknown, []string{u.Resource, u.State, u.Reason, ""}})
	}
	for _, r := range c.Resources {
		if n := withheld(r.Budgets()); n > 0 {
			a.Rows = append(a.Rows, Row{Unknown, []string{r.Name(), "withheld", "", strconv.Itoa(n)}})
		}
	}
	if len(a.Rows) == 0 {
		a.Verdict = "All resources are readable, no objects are withheld." + passedOver(c)
		return a
	}
	a.Severity, a.Columns = Unknown, []string{"resource", "state", "reason", "objects"}
	a.Verdict = fmt.Sprintf("%d resources unreadable, or with withheld objects.", len(a.Rows)) + passedOver(c)
	slices.SortFunc(a.Rows, func(a, b Row) int { return slices.Compare(a.Cells, b.Cells) })
	a.More = max(0, len(a.Rows)-MaxRows)
	a.Rows = a.Rows[:len(a.Rows)-a.More]
	return a
}

// passedOver is a sentence about files that are no objects, empty if there are none.
func passedOver(c Content) string {
	if len(c.PassedOver) == 0 {
		return ""
	}
	return " Files without objects: " + strings.Join(c.PassedOver, ", ") + "."
}

// withheld returns the number of objects that the budgets of a report withhold.
func withheld(report store.BudgetReport, _ bool) (n int) {
	for _, w := range report.Withheld {
		n += w.Objects
	}
	return n
}
