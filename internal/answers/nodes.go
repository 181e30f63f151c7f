package answers

var (
	node           = []string{"cluster", "node"}
	nodeConditions = series("kube_node_status_condition")
	justJoined     = series("kube_node_created").ifAny().within(patience)
	// badConditions are the conditions that are problems if they are true.
	badConditions = []string{"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "KernelDeadlock", "ReadonlyFilesystem"}
)

var nodes = question{
	name: "nodes-not-ready", title: "Nodes that are not ready or under pressure",
	resources: []string{"nodes"}, identity: node,
	none: "No nodes.",
	bad:  "%d of %d nodes not ready, under pressure or cordoned", by: "state",
	causes: []cause{
		{Critical, label("state", "NotReady", unless(nodeConditions.with("condition", "Ready").with("status", "false", "unknown").is("==", 1), node, justJoined)), nil},
		{Warning, copyLabel("state", "condition", unless(nodeConditions.with("condition", badConditions...).with("status", "true").is("==", 1), node, justJoined)), nil},
		{Warning, label("state", "Cordoned", series("kube_node_spec_unschedulable").is("==", 1)), nil},
	},
	columns: append(labels("node", "state"), requestedOf("cpu"), requestedOf("memory")),
}

// requestedOf is the column of the requested and the allocatable amount of a resource of the node.
func requestedOf(resource string) column {
	return column{resource + " requested", []string{requestsFamily, "kube_node_status_allocatable"}, func(r *reader, found []sample) []string {
		requested := r.requests()
		allocatable := lookup{series("kube_node_status_allocatable").with("resource", resource), node, ofResource}.values(r, found)
		return each(found, func(s *sample) string {
			if allocatable[s.key(node)] == "" {
				return ""
			}
			return amount(resource, requested[nodeResource{string(joined([]byte(s.get(clusterLabel)), []byte(s.get("node")))), resource}]) + " of " + allocatable[s.key(node)]
		})
	}}
}

var (
	namespace           = []string{"cluster", "namespace"}
	terminating         = series("kube_namespace_status_phase").with("phase", "Terminating").is("==", 1)
	namespaceConditions = series("kube_namespace_status_condition")
	// remaining are the reasons of namespaces that are not empty.
	remaining = namespaceConditions.with("status", "true").is("==", 1)
	// emptied are namespaces without content: only finalizers of their own hold them.
	emptied = namespaceConditions.with("condition", "NamespaceContentRemaining").with("status", "false").is("==", 1)
)

var namespaces = question{
	name: "namespaces-terminating", title: "Namespaces stuck in deletion",
	resources: []string{"namespaces"}, identity: namespace,
	none: "No namespaces.", bad: "%d of %d namespaces stuck in deletion",
	causes: []cause{
		{Warning, unless(and(terminating, namespace, remaining), namespace, leaving.within(patience).ifAny()), nil},
		{Warning, label("state", "Finalizers", unless(and(terminating, namespace, emptied), namespace, remaining)), nil},
	},
	columns: append(labels("namespace", "state"), lookups("conditions", lookup{remaining, namespace, ofLabel("condition")})),
}
