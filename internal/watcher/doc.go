// Package watcher runs what a configuration wants watched, and replaces what runs when the
// configuration or the shard changes.
//
// A plan is all of a configuration that concerns one resource. A target is one resource under
// one plan: its partitions of the store, and for each namespace a listwatch.Loop that keeps a sink
// current, which renders objects into the store. Under a new plan a second target is built
// beside the served one, and served in its place once it is ready: see reconcile.go. Under a
// larger shard only what the served target lacks is built: see grow.go. A Loading fills
// targets from files.
//
// Readers see the served targets alone, and each of them at one moment.
package watcher
