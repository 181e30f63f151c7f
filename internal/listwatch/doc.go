// Package listwatch keeps the content of a sink equal to an API server's objects of one resource, in
// one namespace or in all.
//
// A Loop lists, watches from the resourceVersion of the list, resumes watches that end, and relists
// when a watch cannot be resumed. It streams lists where the server supports that, and requests pages
// otherwise. A state machine without I/O decides the next request; its transitions are a table: see
// machine.go, and the transcripts in testdata.
//
// Guarantees to the sink: a complete list replaces the content in one step; changes arrive in the
// order of their versions, in one goroutine; no object outside the shard arrives. Guarantees to the
// server: failed requests are retried with exponential backoff, jitter and Retry-After, and the loop
// relists only as a last resort.
package listwatch
