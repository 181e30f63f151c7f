// Package counters keeps the counters of workloads and nodes: increments of objects go in, and
// resources of the store come out.
//
// Counters belong to owners and outlive objects: a Ledger has them by resource and owner, each with its
// creation time. Owners expire an hour after Sweep has found them gone. When an owner gets a controller,
// its counters move to the last controller of the chain.
//
// Add is the only entry point of increments. It changes only numbers. Resources renders the owners that
// have changed since its last call: frequent changes cost one rendering per scrape.
//
// All methods may be used concurrently. A lock is held while lines are rendered and stored.
package counters
