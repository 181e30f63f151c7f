package answers

var (
	claim  = []string{"cluster", "namespace", "persistentvolumeclaim"}
	volume = []string{"cluster", "persistentvolume"}

	claimInfo   = series("kube_persistentvolumeclaim_info")
	claimPhases = series("kube_persistentvolumeclaim_status_phase")
	// idle are claims that wait for their first pod, and have none.
	idle = unless(
		and(claimInfo, []string{"cluster", "storageclass"}, series("kube_storageclass_info").ifAny().with("volume_binding_mode", "WaitForFirstConsumer")),
		claim, series("kube_pod_spec_volumes_persistentvolumeclaims_info").ifAny())
)

var claims = question{
	name: "claims-not-bound", title: "Claims without a volume",
	resources: []string{"persistentvolumeclaims"}, inNamespaces: true, identity: claim,
	none: "No claims.",
	bad:  "%d of %d claims without a volume", by: "phase", order: "since",
	causes: []cause{
		{Critical, claimPhases.with("phase", "Lost").is("==", 1), nil},
		{Warning, and(unless(claimPhases.with("phase", "Pending").is("==", 1), claim, idle),
			claim, series("kube_persistentvolumeclaim_created").before(patience)), nil},
	},
	columns: append(labels("namespace", "persistentvolumeclaim", "phase"),
		lookups("storageclass", lookup{claimInfo, claim, ofLabel("storageclass")}),
		lookups("requested", lookup{series("kube_persistentvolumeclaim_resource_requests_storage_bytes"), claim, ofBytes}),
		lookups("since", lookup{series("kube_persistentvolumeclaim_created"), claim, ofTime})),
}

// ofBytes formats the value as bytes.
func ofBytes(s *sample) string { return amount("storage", s.value) }

var volumes = question{
	name: "volumes-released", title: "Volumes that failed, or that no claim has",
	resources: []string{"persistentvolumes"}, identity: volume,
	none: "No volumes.",
	bad:  "%d of %d volumes failed or released", by: "phase",
	causes: []cause{
		{Critical, series("kube_persistentvolume_status_phase").with("phase", "Failed").is("==", 1), nil},
		{Warning, series("kube_persistentvolume_status_phase").with("phase", "Released").is("==", 1), nil},
	},
	columns: append(labels("persistentvolume", "phase"),
		lookups("last claim", lookup{series("kube_persistentvolume_claim_ref"), volume, ofLabels("claim_namespace", "name")}),
		lookups("storageclass", lookup{series("kube_persistentvolume_info"), volume, ofLabel("storageclass")}),
		lookups("capacity", lookup{series("kube_persistentvolume_capacity_bytes"), volume, ofBytes})),
}
