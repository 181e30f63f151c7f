// Package sharding says which objects one of several kubestates serves: those
// whose uid has a hash in certain ranges. The hash is FNV-1a of 64 bits, as
// k8s.io/apimachinery/pkg/sharding has it, so that an API server with the feature
// ShardedListAndWatch leaves out the same objects when it is asked to.
package sharding
