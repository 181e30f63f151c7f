package apiclient

import "github.com/kubestate/kubestate/internal/generators"

// NewNegotiator makes the negotiator of a resource in its first version.
func NewNegotiator(r generators.Resource, o Options) *cuttingNegotiator {
	return newCuttingNegotiator(r.Describe(), o)
}

// Accept gives the Accept header.
func (n *cuttingNegotiator) Accept(watch bool) string { return n.accept(watch) }
