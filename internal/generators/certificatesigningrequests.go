package generators

import (
	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CertificateSigningRequests is the table of certificates.k8s.io/v1
// CertificateSigningRequest families.
var CertificateSigningRequests = Table[*certificatesv1.CertificateSigningRequest]{
	Resource: certificatesv1.SchemeGroupVersion.WithResource("certificatesigningrequests"),
	Kind:     "CertificateSigningRequest",
	Scope:    Cluster,
	Identity: Identity{Name("certificatesigningrequest"), {"signer_name", signerName}},
	Fetch: Fetch[*certificatesv1.CertificateSigningRequest]{
		Reads: Fields{"spec.signerName", "status"},
		Older: []string{"v1beta1"},
	},
	Families: []Family[*certificatesv1.CertificateSigningRequest]{
		{Name: "kube_certificatesigningrequest_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the certificate signing request selected by the allowlist.",
			Row:  annotations[*certificatesv1.CertificateSigningRequest]},

		{Name: "kube_certificatesigningrequest_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the certificate signing request selected by the allowlist.",
			Row:  labels[*certificatesv1.CertificateSigningRequest]},

		{Name: "kube_certificatesigningrequest_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the certificate signing request, Unix seconds.",
			Row:  created[*certificatesv1.CertificateSigningRequest]},

		{Name: "kube_certificatesigningrequest_condition", Type: Gauge, Stability: Stable, Labels: Labels{"condition"},
			Help: "Number of approved, denied and failed conditions of the certificate signing request.",
			Row: func(r *certificatesv1.CertificateSigningRequest, s *Samples) {
				s.Int(requestConditions(r, certificatesv1.CertificateApproved), "approved")
				s.Int(requestConditions(r, certificatesv1.CertificateDenied), "denied")
				s.Int(requestConditions(r, certificatesv1.CertificateFailed), "failed")
			}},

		{Name: "kube_certificatesigningrequest_cert_length", Type: Gauge, Stability: Stable,
			Help: "Length of the issued certificate, bytes.",
			Row:  func(r *certificatesv1.CertificateSigningRequest, s *Samples) { s.Int(int64(len(r.Status.Certificate))) }},
	},
}

// signerName is the signer of a request.
func signerName(o metav1.Object) string {
	if r, ok := o.(*certificatesv1.CertificateSigningRequest); ok {
		return r.Spec.SignerName
	}
	return ""
}

// requestConditions counts the request's conditions of the given type. The API allows
// only the status true for these types.
func requestConditions(r *certificatesv1.CertificateSigningRequest, t certificatesv1.RequestConditionType) (n int64) {
	for i := range r.Status.Conditions {
		if r.Status.Conditions[i].Type == t {
			n++
		}
	}
	return n
}
