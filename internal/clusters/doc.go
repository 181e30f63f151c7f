// Package clusters runs the clusters of a list that changes: specifications go in, and the clusters with
// their contents, states and errors come out.
//
// A cluster that leaves the list disappears at once; Run stops it. When the connection of a cluster changes,
// new content runs beside the present one and replaces it once complete, like a target in the watcher, unless
// all requests are refused. If new content cannot be made, the present one continues. Clusters do not wait for
// each other.
package clusters
