package generators

import storagev1 "k8s.io/api/storage/v1"

// VolumeAttachments is the table of storage.k8s.io/v1 VolumeAttachment
// families. Their labels need no allowlist.
var VolumeAttachments = Table[*storagev1.VolumeAttachment]{
	Resource: storagev1.SchemeGroupVersion.WithResource("volumeattachments"),
	Kind:     "VolumeAttachment",
	Scope:    Cluster,
	Identity: Identity{Name("volumeattachment")},
	Fetch:    Fetch[*storagev1.VolumeAttachment]{Older: []string{"v1beta1", "v1alpha1"}},
	Families: []Family[*storagev1.VolumeAttachment]{
		{Name: "kube_volumeattachment_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the volume attachment.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.All(a.Labels) }},

		{Name: "kube_volumeattachment_info", Type: Gauge, Stability: Alpha, Labels: Labels{"attacher", "node"},
			Help: "Attacher and node of the volume attachment.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.One(a.Spec.Attacher, a.Spec.NodeName) }},

		{Name: "kube_volumeattachment_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the volume attachment, Unix seconds.",
			Row:  created[*storagev1.VolumeAttachment]},

		{Name: "kube_volumeattachment_spec_source_persistentvolume", Type: Gauge, Stability: Alpha, Labels: Labels{"volumename"},
			Help: "Source persistent volume of the volume attachment.",
			Row: func(a *storagev1.VolumeAttachment, s *Samples) {
				if name := a.Spec.Source.PersistentVolumeName; name != nil {
					s.One(*name)
				}
			}},

		{Name: "kube_volumeattachment_status_attached", Type: Gauge, Stability: Alpha,
			Help: "Whether the volume of the volume attachment is attached.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.Bool(a.Status.Attached) }},

		{Name: "kube_volumeattachment_status_attachment_metadata", Type: Gauge, Stability: Alpha, Labels: Labels{"metadata_*"},
			Help: "Attachment metadata of the volume attachment.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.All(a.Status.AttachmentMetadata) }},
	},
}
