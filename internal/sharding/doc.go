// Package sharding maps uids to shards: a shard has the objects whose uid hashes into its ranges. The
// hash is FNV-1a of 64 bits as in k8s.io/apimachinery/pkg/sharding, so that an API server with the
// feature ShardedListAndWatch selects the same objects.
package sharding
