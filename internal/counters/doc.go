// Package counters keeps the counters of workloads and nodes: increments of objects go in, and
// resources of the store come out.
//
// Counters belong to owners and outlive objects: a Ledger has them by resource and owner, and each
// with the time when it began. An owner leaves an hour after Sweep has found it gone. Counters of an
// owner that turns out to have a controller are moved to the last one.
//
// Add is the only entry point of increments. It changes numbers alone. Resources renders the lines of
// the owners that have changed since, so that an object that changes often costs no more rendering
// than scrapes see.
//
// All methods may be used concurrently. A lock is held while lines are rendered and stored.
package counters
