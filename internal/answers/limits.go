package answers

var (
	autoscaler = []string{"cluster", "namespace", "horizontalpodautoscaler"}
	quota      = []string{"cluster", "namespace", "resourcequota", "resource"}
	budget     = []string{"cluster", "namespace", "poddisruptionbudget"}

	scaling = series("kube_horizontalpodautoscaler_status_condition")
	quotas  = series("kube_resourcequota")
	// justMade are autoscalers whose target may not exist yet, or whose pods have no metrics yet.
	justMade = series("kube_horizontalpodautoscaler_created").ifAny().within(patience)
)

var autoscalers = question{
	name: "autoscalers-limited", title: "Autoscalers at their limit",
	resources: []string{"horizontalpodautoscalers"}, inNamespaces: true, identity: autoscaler,
	none: "No autoscalers.",
	bad:  "%d of %d autoscalers at the maximum, or unable to scale", by: "state",
	causes: []cause{
		{Critical, label("state", "ScalingInactive", unless(unless(scaling.with("condition", "ScalingActive").with("status", "false").is("==", 1),
			autoscaler, series("kube_horizontalpodautoscaler_status_current_replicas").is("==", 0)), autoscaler, justMade)), nil},
		{Critical, label("state", "UnableToScale", unless(scaling.with("condition", "AbleToScale").with("status", "false").is("==", 1), autoscaler, justMade)), nil},
		{Warning, label("state", "AtMaximum", unless(and(atMaximum("kube_horizontalpodautoscaler_status_desired_replicas"),
			autoscaler, scaling.with("condition", "ScalingLimited").with("status", "true").is("==", 1)),
			autoscaler, atMaximum("kube_horizontalpodautoscaler_spec_min_replicas"))), nil},
	},
	columns: append(labels("namespace", "horizontalpodautoscaler", "state"),
		lookups("target", lookup{series("kube_horizontalpodautoscaler_info"), autoscaler, ofLabels("scaletargetref_kind", "scaletargetref_name")}),
		lookups("replicas", lookup{series("kube_horizontalpodautoscaler_status_current_replicas"), autoscaler, ofValue}),
		lookups("maximum", lookup{series("kube_horizontalpodautoscaler_spec_max_replicas"), autoscaler, ofValue})),
}

// atMaximum has the autoscalers for which a family has the maximum of replicas.
func atMaximum(family string) expr {
	return arithmetic{series(family), series("kube_horizontalpodautoscaler_spec_max_replicas"), "-", autoscaler, ">=", 0}
}

var resourceQuotas = question{
	name: "quotas-nearly-used", title: "Quotas that are nearly used up",
	resources: []string{"resourcequotas"}, inNamespaces: true, identity: quota[:3],
	none: "No quotas.",
	bad:  "%d of %d quotas with a resource that is used to 90 %% or more", order: "used",
	causes: []cause{
		{Warning, arithmetic{quotas.with("type", "used"), quotas.with("type", "hard").is(">", 0), "/", quota, ">=", 0.9}, nil},
	},
	columns: append(labels("namespace", "resourcequota", "resource"), value("used", percent),
		lookups("amount", lookup{quotas.with("type", "used"), quota, ofResource}),
		lookups("limit", lookup{quotas.with("type", "hard"), quota, ofResource})),
}

var disruptionBudgets = question{
	name: "budgets-exhausted", title: "Disruption budgets that allow no disruption",
	resources: []string{"poddisruptionbudgets"}, inNamespaces: true, identity: budget,
	none: "No disruption budgets.",
	bad:  "%d of %d disruption budgets that keep nodes from being drained",
	causes: []cause{
		{Warning, unless(and(series("kube_poddisruptionbudget_status_pod_disruptions_allowed").is("==", 0),
			budget, series("kube_poddisruptionbudget_status_expected_pods").is(">", 0)),
			budget, series("kube_poddisruptionbudget_created").ifAny().within(patience)), nil},
	},
	columns: append(labels("namespace", "poddisruptionbudget"),
		lookups("healthy", lookup{series("kube_poddisruptionbudget_status_current_healthy"), budget, ofValue}),
		lookups("healthy wanted", lookup{series("kube_poddisruptionbudget_status_desired_healthy"), budget, ofValue}),
		lookups("pods", lookup{series("kube_poddisruptionbudget_status_expected_pods"), budget, ofValue})),
}
