package watcher

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/kubestate/kubestate/internal/generators"
)

var (
	scheme         = newScheme()
	codecs         = serializer.NewCodecFactory(scheme)
	parameterCodec = runtime.NewParameterCodec(scheme)
)

func newScheme() *runtime.Scheme {
	registry, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return registry.Scheme()
}

// facts are the catalogue entry and the fetch recipe of a resource.
type facts struct {
	generators.Description
	generators.Recipe
}

func factsOf(r generators.Resource) facts { return facts{r.Describe(), r.Recipe()} }

// typeOf is the type of the objects of a kind, nil if it is none of the built-in ones.
func typeOf(kind schema.GroupVersionKind) reflect.Type {
	object, err := scheme.New(kind)
	if err != nil {
		return nil
	}
	return reflect.TypeOf(object)
}
