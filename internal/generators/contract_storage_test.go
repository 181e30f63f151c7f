package generators_test

var storageReferences = map[string]resourceReference{
	"persistentvolumeclaims": {
		identity: []string{"namespace", "metadata.namespace", "persistentvolumeclaim", "metadata.name"},
		families: map[string]reference{
			"kube_persistentvolumeclaim_labels":                          labels,
			"kube_persistentvolumeclaim_annotations":                     annotations,
			"kube_persistentvolumeclaim_info":                            claimInfo,
			"kube_persistentvolumeclaim_status_phase":                    phasesIfAny("status.phase", "phase", "Lost", "Bound", "Pending"),
			"kube_persistentvolumeclaim_resource_requests_storage_bytes": claimRequest,
			"kube_persistentvolumeclaim_access_mode":                     each("spec.accessModes", "access_mode", ""),
			"kube_persistentvolumeclaim_status_condition":                statuses,
			"kube_persistentvolumeclaim_created":                         created,
			"kube_persistentvolumeclaim_deletion_timestamp":              deleted,
		},
	},
	"persistentvolumes": {
		identity: []string{"persistentvolume", "metadata.name"},
		families: map[string]reference{
			"kube_persistentvolume_claim_ref":   volumeClaim,
			"kube_persistentvolume_annotations": annotations,
			"kube_persistentvolume_labels":      labels,
			"kube_persistentvolume_status_phase": phasesIfAny("status.phase", "phase",
				"Pending", "Available", "Bound", "Released", "Failed"),
			"kube_persistentvolume_info":               volumeInfo,
			"kube_persistentvolume_capacity_bytes":     volumeCapacity,
			"kube_persistentvolume_created":            created,
			"kube_persistentvolume_deletion_timestamp": deleted,
			"kube_persistentvolume_csi_attributes":     volumeAttributes,
			"kube_persistentvolume_volume_mode":        volumeMode,
			"kube_persistentvolume_access_mode":        each("spec.accessModes", "access_mode", ""),
		},
	},
	"storageclasses": {
		identity: []string{"storageclass", "metadata.name"},
		families: map[string]reference{
			"kube_storageclass_info":        storageClassInfo,
			"kube_storageclass_created":     created,
			"kube_storageclass_annotations": annotations,
			"kube_storageclass_labels":      labels,
		},
	},
	"volumeattachments": {
		identity: []string{"volumeattachment", "metadata.name"},
		families: map[string]reference{
			"kube_volumeattachment_labels":                       everyEntry("label", "metadata.labels"),
			"kube_volumeattachment_info":                         info("attacher", "spec.attacher", "node", "spec.nodeName"),
			"kube_volumeattachment_created":                      created,
			"kube_volumeattachment_spec_source_persistentvolume": attachedVolume,
			"kube_volumeattachment_status_attached":              oneIf("status.attached"),
			"kube_volumeattachment_status_attachment_metadata":   everyEntry("metadata", "status.attachmentMetadata"),
		},
	},
}

func claimInfo(o object) []series {
	class := o.at("metadata.annotations").key("volume.beta.kubernetes.io/storage-class")
	if !class.set() {
		class = o.at("spec.storageClassName")
	}
	return one(1, "storageclass", class.text(),
		"volumename", o.at("spec.volumeName").text(), "volumemode", o.at("spec.volumeMode").text())
}

func claimRequest(o object) []series {
	if request := o.at("spec.resources.requests.storage"); request.set() {
		return one(request.quantity().rounded())
	}
	return nil
}

func volumeClaim(o object) []series {
	if claim := o.at("spec.claimRef"); claim.set() {
		return one(1, "name", claim.at("name").text(), "claim_namespace", claim.at("namespace").text())
	}
	return nil
}

// volumeSources are the sources of volumes, of which the first counts.
var volumeSources = []string{
	"gcePersistentDisk", "awsElasticBlockStore", "azureDisk", "fc", "iscsi", "nfs", "csi", "local", "hostPath",
}

func volumeInfo(o object) []series {
	used := node{map[string]any{}, true}
	for _, source := range volumeSources {
		if o.at("spec").at(source).set() {
			used = node{map[string]any{source: o.at("spec").at(source).value}, true}
			break
		}
	}
	labels := []string{"storageclass", o.at("spec.storageClassName").text()}
	labels = append(labels, pairsAt(used, []string{
		"gce_persistent_disk_name", "gcePersistentDisk.pdName",
		"ebs_volume_id", "awsElasticBlockStore.volumeID",
		"azure_disk_name", "azureDisk.diskName",
	})...)
	labels = append(labels, "fc_wwids", joined(used.at("fc.wwids")),
		"fc_lun", used.at("fc.lun").text(), "fc_target_wwns", joined(used.at("fc.targetWWNs")))
	labels = append(labels, pairsAt(used, []string{
		"iscsi_target_portal", "iscsi.targetPortal",
		"iscsi_iqn", "iscsi.iqn",
		"iscsi_lun", "iscsi.lun",
		"iscsi_initiator_name", "iscsi.initiatorName",
		"nfs_server", "nfs.server",
		"nfs_path", "nfs.path",
		"csi_driver", "csi.driver",
		"csi_volume_handle", "csi.volumeHandle",
		"local_path", "local.path",
		"local_fs", "local.fsType",
		"host_path", "hostPath.path",
		"host_path_type", "hostPath.type",
	})...)
	return one(1, append(labels, "reclaim_policy", o.at("spec.persistentVolumeReclaimPolicy").text())...)
}

// joined joins the entries by commas, without leading empty ones.
func joined(list node) (text string) {
	for _, entry := range list.list() {
		if text != "" {
			text += ","
		}
		text += entry.text()
	}
	return text
}

func volumeCapacity(o object) []series {
	return one(o.at("spec.capacity.storage").quantity().rounded())
}

func volumeAttributes(o object) []series {
	if !o.at("spec.csi").set() {
		return nil
	}
	return one(1, pairsAt(o.at("spec.csi.volumeAttributes"), []string{"csi_mounter", "mounter", "csi_map_options", "mapOptions"})...)
}

func volumeMode(o object) []series {
	return one(1, "volumemode", o.at("spec.volumeMode").textOr("Filesystem"))
}

func storageClassInfo(o object) []series {
	return one(1,
		"provisioner", o.at("provisioner").text(),
		"reclaim_policy", o.at("reclaimPolicy").textOr("Delete"),
		"volume_binding_mode", o.at("volumeBindingMode").textOr("Immediate"))
}

func attachedVolume(o object) []series {
	if name := o.at("spec.source.persistentVolumeName"); name.set() {
		return one(1, "volumename", name.text())
	}
	return nil
}
