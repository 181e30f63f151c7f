package generators

import storagev1 "k8s.io/api/storage/v1"

// VolumeAttachments is the table of storage.k8s.io/v1 VolumeAttachment
// families. Their labels do not ask an allowlist.
var VolumeAttachments = Table[*storagev1.VolumeAttachment]{
	Resource: storagev1.SchemeGroupVersion.WithResource("volumeattachments"),
	Kind:     "VolumeAttachment",
	Scope:    Cluster,
	Identity: Identity{Name("volumeattachment")},
	Families: []Family[*storagev1.VolumeAttachment]{
		{"kube_volumeattachment_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the attachment, as labels.",
			func(a *storagev1.VolumeAttachment, s *Samples) { s.All(a.Labels) }},

		{"kube_volumeattachment_info", Gauge, Alpha, Labels{"attacher", "node"},
			"The node that the volume is attached to, and the driver that does it.",
			func(a *storagev1.VolumeAttachment, s *Samples) { s.One(a.Spec.Attacher, a.Spec.NodeName) }},

		{"kube_volumeattachment_created", Gauge, Alpha, nil,
			"When the attachment was created, in Unix seconds.",
			created[*storagev1.VolumeAttachment]},

		{"kube_volumeattachment_spec_source_persistentvolume", Gauge, Alpha, Labels{"volumename"},
			"The persistent volume that is attached.",
			func(a *storagev1.VolumeAttachment, s *Samples) {
				if name := a.Spec.Source.PersistentVolumeName; name != nil {
					s.One(*name)
				}
			}},

		{"kube_volumeattachment_status_attached", Gauge, Alpha, nil,
			"Whether the volume has been attached.",
			func(a *storagev1.VolumeAttachment, s *Samples) { s.Bool(a.Status.Attached) }},

		{"kube_volumeattachment_status_attachment_metadata", Gauge, Alpha, Labels{"metadata_*"},
			"What the driver says about the attachment, as labels.",
			func(a *storagev1.VolumeAttachment, s *Samples) { s.All(a.Status.AttachmentMetadata) }},
	},
}
