// Package handover says who serves which hashes while the number of shards changes:
// what is known of the layout, of the other members and of the own content goes in;
// what to list, to serve, to promise and to let go comes out. It reads no clock and
// does no I/O.
//
// Members tell each other what they serve by promises, all of which are in one object
// of the API server: its versions are their order. A promise stands until its member takes it back, and whoever takes one back goes on serving
// until it has seen, in the order in which the API server has all promises, that
// somebody else promises the same. So of two members that would let go of the same
// hash, each in favour of the other, the one whose word comes later keeps it: at
// every place of that order every hash that was served is served by somebody.
package handover
