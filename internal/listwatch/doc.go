// Package listwatch keeps the content of one sink equal to the objects that an API server has
// of one resource, in one namespace or in all.
//
// A Loop lists, watches from the version of the list on, resumes watches that end, and lists
// again when a watch cannot be resumed. Lists are streamed as the beginning of a watch where
// the server can, and come in pages otherwise. What the loop requests next is decided by a
// state machine without I/O, whose transitions are a table: see machine.go, and the
// transcripts in testdata.
//
// Promises to the sink: a list replaces the content in one step, once it is complete; changes
// arrive in the order of their versions, in one goroutine; an object outside the shard never
// arrives. Promises to the server: failed requests are repeated with exponential backoff and
// jitter, Retry-After is respected, and a list is requested again only if nothing cheaper
// helps.
package listwatch
