package watcher

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/kubestate/kubestate/internal/generators"
)

var (
	scheme         = generators.NewScheme()
	codecs         = serializer.NewCodecFactory(scheme)
	parameterCodec = runtime.NewParameterCodec(scheme)
)

// typeOf is the type of the objects of a kind, nil if it is none of the built-in ones.
func typeOf(kind schema.GroupVersionKind) reflect.Type {
	object, err := scheme.New(kind)
	if err != nil {
		return nil
	}
	return reflect.TypeOf(object)
}
