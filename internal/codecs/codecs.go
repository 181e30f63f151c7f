// Package codecs makes codecs of few API groups. client-go has some of all groups,
// which make the program a third larger and take 5 MiB of memory.
package codecs

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// Of gives codecs of the types that the functions add, such as AddToScheme of
// k8s.io/api/core/v1, and of the API server's errors.
func Of(add ...func(*runtime.Scheme) error) serializer.CodecFactory {
	s := runtime.NewScheme()
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"}) // which Status is of
	builder := runtime.NewSchemeBuilder(add...)
	if err := builder.AddToScheme(s); err != nil {
		panic("BUG: " + err.Error())
	}
	return serializer.NewCodecFactory(s)
}
