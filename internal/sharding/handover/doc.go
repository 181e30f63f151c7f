// Package handover decides which shard serves which hash ranges while the assignment changes: the
// assignment, the claims and pods of all members and the content of the own one go in; what to
// list, serve, claim and release comes out. It does no I/O and reads no clock.
//
// A member claims what it serves. All claims are in one object of the API server, whose versions
// order them. A member withdraws a claim before it releases the ranges, and continues to serve until
// it has seen a version without its own claim and with the claim of another member. Of two
// members that would release the same hash in favor of each other, the one whose withdrawal comes
// later sees the first withdrawal and keeps the hash: in every version, some member serves every
// hash that was served before.
//
// Members that count increments of counters divide them by terms: a Term has the counter of some hashes,
// and the versions after which it counts. Terms are in the same object of the API server as claims. Each
// write replaces the version that it was made from, so that no hash has two counters. To hand a term over,
// a member journals later increments, counts all changes up to a position, and writes that the term is open
// after the position. Another member, which has journaled the increments since it listed the hashes, takes
// the term, and counts the increments after the position once the API server has its write. Each change
// counts once if the second member has listed the hashes at or before the position, for which the first
// member waits. Until the term is taken, the first member can take it back. A leaving member opens all its terms
// shortly before it ends, claimed or not.
package handover
