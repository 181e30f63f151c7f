// Package apiclient turns requests to a Kubernetes API server into objects.
//
// A Client belongs to one API server; a ResourceClient lists and watches one resource of it.
// From request to object:
//
//	ResourceClient   chooses the API version and whether the server filters by shard
//	negotiator       chooses the Accept header and the decoders
//	coalescingReader reads a watch in few large reads
//	frameReader      reads the events of a watch one by one, protobuf or lines of JSON
//	Stream           decodes type and object of an event
//	decoder          drops objects of other shards, cuts fields that no row reads, then decodes
//	Lazy             an object without the fields of its spec, if the spec is unchanged
//
// The package does not know the store. Options tell whether the object of a uid is wanted, and the
// stored fingerprint of its spec.
package apiclient
