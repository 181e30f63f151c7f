package apiclient

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/kubestate/kubestate/internal/generators"
)

// Scheme has the Go types of the built-in tables.
func Scheme() *runtime.Scheme {
	registry, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic(err)
	}
	return registry.Scheme()
}

var client = &Client{scheme: Scheme(), codecs: serializer.NewCodecFactory(Scheme())}

// NewNegotiator makes the negotiator of a resource in its first version.
func NewNegotiator(r generators.Resource, o Options) *cuttingNegotiator {
	return client.newCuttingNegotiator(r.Describe(), r.Recipe(), o)
}

// Accept returns the Accept header.
func (n *cuttingNegotiator) Accept(watch bool) string { return n.accept(watch) }
