package watcher

import (
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/kubestate/kubestate/internal/generators"
)

var (
	// scheme knows the types of all resources, and them too as those of the older
	// versions that are read: so that these are decoded as the rows want them.
	scheme         = newScheme()
	codecs         = serializer.NewCodecFactory(scheme)
	parameterCodec = runtime.NewParameterCodec(scheme)
)

func newScheme() *runtime.Scheme {
	s := generators.NewScheme()
	for _, r := range generators.All() {
		d := r.Describe()
		for _, v := range versions(d.Resource)[1:] {
			for _, kind := range []string{d.Kind.Kind, d.Kind.Kind + "List"} {
				object, err := s.New(d.Kind.GroupVersion().WithKind(kind))
				if err != nil {
					panic("BUG: " + err.Error())
				}
				s.AddKnownTypeWithName(v.GroupVersion().WithKind(kind), object)
			}
			metav1.AddToGroupVersion(s, v.GroupVersion())
		}
	}
	return s
}

// typeOf is the type of the objects of a kind, nil if it is none of the built-in ones.
func typeOf(kind schema.GroupVersionKind) reflect.Type {
	object, err := scheme.New(kind)
	if err != nil {
		return nil
	}
	return reflect.TypeOf(object)
}
