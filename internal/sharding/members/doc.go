// Package members runs one shard of a StatefulSet: it feeds the StatefulSet, its pods and the claims
// in its Lease to a handover.Member, and carries out the decisions.
package members
