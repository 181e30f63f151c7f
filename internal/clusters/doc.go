// Package clusters keeps a cluster running for each of a list that changes: specifications come in, and
// the running clusters, their states and which of them are served come out.
//
// A cluster that leaves the list is gone at once, and stopped by Run. One whose connection changes is
// started anew beside the one that runs, and replaces it once complete, as a target replaces another in
// the watcher, unless all is refused. A cluster that cannot be started keeps what runs. No cluster waits
// for another.
package clusters
