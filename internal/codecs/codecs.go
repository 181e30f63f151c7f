// Package codecs makes codecs for a few API groups. The codecs of client-go know all groups, which
// adds a third to the size of the program and 5 MiB to its memory.
package codecs

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// Of returns codecs for the types that the functions add, such as AddToScheme of k8s.io/api/core/v1,
// and for Status, which the API server answers errors with.
func Of(add ...func(*runtime.Scheme) error) serializer.CodecFactory {
	s := runtime.NewScheme()
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"}) // of Status
	builder := runtime.NewSchemeBuilder(add...)
	if err := builder.AddToScheme(s); err != nil {
		panic("BUG: " + err.Error())
	}
	return serializer.NewCodecFactory(s)
}
