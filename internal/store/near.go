package store

import (
	"cmp"
	"slices"
	"unique"
)

// A budget is near from 80 % of its limit on until its use falls below 70 %.
func isNear(near bool, used, limit int) bool {
	if near {
		return limit > 0 && used*10 >= limit*7
	}
	return limit > 0 && used*5 >= limit*4
}

// A BudgetUse is the use of a budget: of a family, of a namespace, or of all of a resource if both
// are empty.
type BudgetUse struct {
	Family, Namespace string
	Limit, Used       int // series
}

// A Crossing is a BudgetUse that has reached 80 % of the limit, for the first time since it was below
// 70 %.
type Crossing BudgetUse

// watchColumns notes the budgets of columns that have become near.
func (a *account) watchColumns() {
	for i, limit := range a.limits {
		near := isNear(a.near[i], a.used[i], limit)
		if near && !a.near[i] {
			a.crossings = append(a.crossings, Crossing{Family: a.columns.names[i], Limit: limit, Used: a.used[i]})
		}
		a.near[i] = near
	}
}

// watchNamespace notes if the budget of a namespace has become near.
func (a *account) watchNamespace(namespace unique.Handle[string]) {
	n := a.namespaces[namespace]
	near := isNear(n.near, n.used, a.namespaceLimit)
	if near == n.near {
		return
	}
	if near {
		a.crossings = append(a.crossings, Crossing{Namespace: namespace.Value(), Limit: a.namespaceLimit, Used: n.used})
	}
	n.near = near
	a.put(namespace, n)
}

// watchNamespaces is watchNamespace for all namespaces.
func (a *account) watchNamespaces() {
	for namespace := range a.namespaces {
		a.watchNamespace(namespace)
	}
}

// A BudgetReport is the state of a resource's budgets.
type BudgetReport struct {
	// Uses are those of the resource and the families with a limit, and of the namespaces that are
	// above 80 % or withhold.
	Uses []BudgetUse
	// Withheld is what is withheld: first, with an empty name, by other budgets than those of the
	// namespaces that follow.
	Withheld []Withheld
}

// Withheld counts withheld objects and their series.
type Withheld struct {
	Namespace       string
	Objects, Series int
}

// Budgets reports the budgets of r; false without any.
func (r *Resource) Budgets() (report BudgetReport, limited bool) {
	a := r.account
	if a == nil {
		return BudgetReport{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, limit := range a.limits {
		if limit > 0 {
			report.Uses = append(report.Uses, BudgetUse{Family: a.columns.names[i], Limit: limit, Used: a.used[i]})
		}
	}
	others := Withheld{Objects: a.withheldObjects, Series: a.withheld}
	var uses []BudgetUse
	var all []Withheld
	for namespace, n := range a.namespaces {
		// The namespace's own budget withholds if it would not admit everything.
		withholds := a.namespaceLimit > 0 && n.withheldObjects > 0 && n.used+n.withheld > a.namespaceLimit
		if isNear(false, n.used, a.namespaceLimit) || withholds {
			uses = append(uses, BudgetUse{Namespace: namespace.Value(), Limit: a.namespaceLimit, Used: n.used})
		}
		if withholds {
			all = append(all, Withheld{Namespace: namespace.Value(), Objects: n.withheldObjects, Series: n.withheld})
			others.Objects -= n.withheldObjects
			others.Series -= n.withheld
		}
	}
	slices.SortFunc(uses, func(a, b BudgetUse) int { return cmp.Compare(a.Namespace, b.Namespace) })
	slices.SortFunc(all, func(a, b Withheld) int { return cmp.Compare(a.Namespace, b.Namespace) })
	report.Uses = append(report.Uses, uses...)
	report.Withheld = append([]Withheld{others}, all...)
	return report, true
}

// Crossings returns the crossings since the last call.
func (r *Resource) Crossings() []Crossing {
	a := r.account
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	crossings := a.crossings
	a.crossings = nil
	return crossings
}
