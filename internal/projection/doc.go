// Package projection turns the wire form of a Kubernetes object into one that
// lacks what is not read, before it is decoded.
//
// The wire form is protobuf, and it is cut in its own buffer: what is kept moves
// to the front, and the lengths of the messages around what was cut become
// smaller. What lies behind it is overwritten with zeros. Bytes that are no
// message are left as they are, for the decoder to complain about.
//
// No field number stands in this package: they are read from the tags of the Go
// types that are decoded into.
package projection
