package generators

import corev1 "k8s.io/api/core/v1"

// PersistentVolumes is the table of v1 PersistentVolume families.
var PersistentVolumes = Table[*corev1.PersistentVolume]{
	Resource: corev1.SchemeGroupVersion.WithResource("persistentvolumes"),
	Kind:     "PersistentVolume",
	Scope:    Cluster,
	Identity: Identity{Name("persistentvolume")},
	Families: []Family[*corev1.PersistentVolume]{
		{Name: "kube_persistentvolume_claim_ref", Type: Gauge, Stability: Stable, Labels: Labels{"name", "claim_namespace"},
			Help: "Claim reference of the persistent volume.",
			Row: func(v *corev1.PersistentVolume, s *Samples) {
				if c := v.Spec.ClaimRef; c != nil {
					s.One(c.Name, c.Namespace)
				}
			}},

		{Name: "kube_persistentvolume_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the persistent volume selected by the allowlist.",
			Row:  annotations[*corev1.PersistentVolume]},

		{Name: "kube_persistentvolume_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the persistent volume selected by the allowlist.",
			Row:  labels[*corev1.PersistentVolume]},

		{Name: "kube_persistentvolume_status_phase", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"phase"},
			Help: "Phase of the persistent volume (1 for the current phase).",
			Row: func(v *corev1.PersistentVolume, s *Samples) {
				if v.Status.Phase != "" {
					s.OneOf(string(v.Status.Phase), volumePhases)
				}
			}},

		{Name: "kube_persistentvolume_info", Type: Gauge, Stability: Stable,
			Labels: Labels{"storageclass", "gce_persistent_disk_name", "ebs_volume_id", "azure_disk_name", "fc_wwids", "fc_lun",
				"fc_target_wwns", "iscsi_target_portal", "iscsi_iqn", "iscsi_lun", "iscsi_initiator_name", "nfs_server",
				"nfs_path", "csi_driver", "csi_volume_handle", "local_path", "local_fs", "host_path", "host_path_type",
				"reclaim_policy"},
			Help: "Storage class, volume source and reclaim policy of the persistent volume.",
			Row: func(v *corev1.PersistentVolume, s *Samples) {
				b := backendOf(&v.Spec.PersistentVolumeSource, s)
				s.One(v.Spec.StorageClassName, b.gcePersistentDiskName, b.ebsVolumeID, b.azureDiskName, b.fcWWIDs, b.fcLUN,
					b.fcTargetWWNs, b.iscsiTargetPortal, b.iscsiIQN, b.iscsiLUN, b.iscsiInitiatorName, b.nfsServer,
					b.nfsPath, b.csiDriver, b.csiVolumeHandle, b.localPath, b.localFS, b.hostPath, b.hostPathType,
					string(v.Spec.PersistentVolumeReclaimPolicy))
			}},

		{Name: "kube_persistentvolume_capacity_bytes", Type: Gauge, Stability: Stable,
			Help: "Capacity of the persistent volume, bytes.",
			Row:  func(v *corev1.PersistentVolume, s *Samples) { s.Ceil(v.Spec.Capacity[corev1.ResourceStorage]) }},

		{Name: "kube_persistentvolume_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the persistent volume, Unix seconds.",
			Row:  created[*corev1.PersistentVolume]},

		{Name: "kube_persistentvolume_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the persistent volume, Unix seconds.",
			Row:  deleted[*corev1.PersistentVolume]},

		{Name: "kube_persistentvolume_csi_attributes", Type: Gauge, Stability: Alpha, OptIn: true, Labels: Labels{"csi_mounter", "csi_map_options"},
			Help: "CSI mounter and map options of the persistent volume.",
			Row: func(v *corev1.PersistentVolume, s *Samples) {
				if c := v.Spec.CSI; c != nil {
					s.One(c.VolumeAttributes["mounter"], c.VolumeAttributes["mapOptions"])
				}
			}},

		{Name: "kube_persistentvolume_volume_mode", Type: Gauge, Stability: Alpha, Labels: Labels{"volumemode"},
			Help: "Volume mode of the persistent volume.",
			Row: func(v *corev1.PersistentVolume, s *Samples) {
				s.One(string(valueOr(v.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)))
			}},

		{Name: "kube_persistentvolume_access_mode", Type: Gauge, Stability: Alpha, Labels: Labels{"access_mode"},
			Help: "Access modes of the persistent volume.",
			Row: func(v *corev1.PersistentVolume, s *Samples) {
				for _, mode := range v.Spec.AccessModes {
					s.One(string(mode))
				}
			}},
	},
}

var volumePhases = []string{string(corev1.VolumePending), string(corev1.VolumeAvailable), string(corev1.VolumeBound),
	string(corev1.VolumeReleased), string(corev1.VolumeFailed)}

// backend is the storage backend of a volume. Only the fields of one type are set.
type backend struct {
	gcePersistentDiskName                                     string
	ebsVolumeID                                               string
	azureDiskName                                             string
	fcWWIDs, fcLUN, fcTargetWWNs                              string
	iscsiTargetPortal, iscsiIQN, iscsiLUN, iscsiInitiatorName string
	nfsServer, nfsPath                                        string
	csiDriver, csiVolumeHandle                                string
	localPath, localFS                                        string
	hostPath, hostPathType                                    string
}

func backendOf(v *corev1.PersistentVolumeSource, s *Samples) backend {
	switch {
	case v.GCEPersistentDisk != nil:
		return backend{gcePersistentDiskName: v.GCEPersistentDisk.PDName}
	case v.AWSElasticBlockStore != nil:
		return backend{ebsVolumeID: v.AWSElasticBlockStore.VolumeID}
	case v.AzureDisk != nil:
		return backend{azureDiskName: v.AzureDisk.DiskName}
	case v.FC != nil:
		return backend{
			fcWWIDs:      s.Join(v.FC.WWIDs, ","),
			fcLUN:        s.OptionalItoa(v.FC.Lun),
			fcTargetWWNs: s.Join(v.FC.TargetWWNs, ","),
		}
	case v.ISCSI != nil:
		return backend{
			iscsiTargetPortal:  v.ISCSI.TargetPortal,
			iscsiIQN:           v.ISCSI.IQN,
			iscsiLUN:           s.Itoa(int64(v.ISCSI.Lun)),
			iscsiInitiatorName: value(v.ISCSI.InitiatorName),
		}
	case v.NFS != nil:
		return backend{nfsServer: v.NFS.Server, nfsPath: v.NFS.Path}
	case v.CSI != nil:
		return backend{csiDriver: v.CSI.Driver, csiVolumeHandle: v.CSI.VolumeHandle}
	case v.Local != nil:
		return backend{localPath: v.Local.Path, localFS: value(v.Local.FSType)}
	case v.HostPath != nil:
		return backend{hostPath: v.HostPath.Path, hostPathType: string(value(v.HostPath.Type))}
	}
	return backend{}
}
