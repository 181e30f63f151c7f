// Package members has this program be one of the shards that the pods of a
// StatefulSet are: what the API server says of the StatefulSet, its pods and their
// Leases goes into a handover.Member, and what that decides is done.
package members
