// Package watcher keeps the store in step with an API server: for each resource
// and watched namespace one client-go reflector, whose objects a Feed renders
// into a part of the store.
//
// A Feed belongs to one goroutine at a time. Everything that is read from
// outside, the store and the question what has not synced yet, may be used
// concurrently.
package watcher
