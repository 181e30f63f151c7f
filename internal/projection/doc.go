// Package projection removes unread fields from the protobuf encoding of a Kubernetes object before
// decoding.
//
// The encoding is edited in place: retained bytes move to the front, the lengths of enclosing
// messages shrink, and the rest of the buffer is zeroed. Malformed messages stay as they are, for
// the decoder to report.
//
// Field numbers come from the protobuf tags of the Go types.
package projection
