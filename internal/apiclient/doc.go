// Package apiclient turns requests to a Kubernetes API server into objects.
//
// A Client belongs to one API server; a ResourceClient lists and watches one resource of it.
// From request to object:
//
//	ResourceClient   chooses the API version and whether the server filters by shard
//	negotiator       chooses the Accept header and the decoders
//	coalescingReader reads a watch in few large pieces
//	frameFilter      drops events of other shards before they are decoded
//	decoder          cuts fields that no row reads, then decodes
//	Lazy             an object without the fields of its spec, if the spec is unchanged
//
// The package knows neither what becomes of the objects nor which of them are stored. Options
// answer both questions: a Filter by uid, and the fingerprint of the spec that is stored for
// a uid.
package apiclient
