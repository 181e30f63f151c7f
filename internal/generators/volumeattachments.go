package generators

import storagev1 "k8s.io/api/storage/v1"

// VolumeAttachments is the table of storage.k8s.io/v1 VolumeAttachment
// families. Their labels do not ask an allowlist.
var VolumeAttachments = Table[*storagev1.VolumeAttachment]{
	Resource: storagev1.SchemeGroupVersion.WithResource("volumeattachments"),
	Kind:     "VolumeAttachment",
	Scope:    Cluster,
	Identity: Identity{Name("volumeattachment")},
	Fetch:    Fetch[*storagev1.VolumeAttachment]{Older: []string{"v1beta1", "v1alpha1"}},
	Families: []Family[*storagev1.VolumeAttachment]{
		{Name: "kube_volumeattachment_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "The labels of the attachment, as labels.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.All(a.Labels) }},

		{Name: "kube_volumeattachment_info", Type: Gauge, Stability: Alpha, Labels: Labels{"attacher", "node"},
			Help: "The node that the volume is attached to, and the driver that does it.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.One(a.Spec.Attacher, a.Spec.NodeName) }},

		{Name: "kube_volumeattachment_created", Type: Gauge, Stability: Alpha,
			Help: "When the attachment was created, in Unix seconds.",
			Row:  created[*storagev1.VolumeAttachment]},

		{Name: "kube_volumeattachment_spec_source_persistentvolume", Type: Gauge, Stability: Alpha, Labels: Labels{"volumename"},
			Help: "The persistent volume that is attached.",
			Row: func(a *storagev1.VolumeAttachment, s *Samples) {
				if name := a.Spec.Source.PersistentVolumeName; name != nil {
					s.One(*name)
				}
			}},

		{Name: "kube_volumeattachment_status_attached", Type: Gauge, Stability: Alpha,
			Help: "Whether the volume has been attached.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.Bool(a.Status.Attached) }},

		{Name: "kube_volumeattachment_status_attachment_metadata", Type: Gauge, Stability: Alpha, Labels: Labels{"metadata_*"},
			Help: "What the driver says about the attachment, as labels.",
			Row:  func(a *storagev1.VolumeAttachment, s *Samples) { s.All(a.Status.AttachmentMetadata) }},
	},
}
