// Package watcher runs the lists and watches of a configuration, and replaces them when the
// configuration or the shard changes.
//
// A plan is the part of a configuration that concerns one resource. A target is one resource
// under one plan: its partitions of the store, and for each namespace a listwatch.Loop and a sink
// that renders objects into a partition. Under a new plan a second target is built beside the
// served one and replaces it once ready (reconcile.go). Under a larger shard, only the lacking
// ranges are built (extend.go). A Loading fills targets from files.
//
// Readers see only served targets.
package watcher
