// Package apiclient turns requests to a Kubernetes API server into objects.
//
// A Client belongs to one API server; a ResourceClient lists and watches one resource of it.
// From request to object:
//
//	ResourceClient   chooses the API version and whether the server filters by shard
//	negotiator       chooses the Accept header and the decoders
//	coalescingReader reads a watch in few large pieces
//	frameReader      reads the events of a watch one by one, from protobuf or from lines of JSON
//	Stream           gives the type and the object of an event
//	decoder          drops objects of other shards, cuts fields that no row reads, then decodes
//	Lazy             an object without the fields of its spec, if the spec is unchanged
//
// The package knows neither what becomes of the objects nor which of them are stored. Options
// answer both questions: whether the object of a uid is wanted, and the fingerprint of the
// spec that is stored for it.
package apiclient
