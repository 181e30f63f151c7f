// Package handover decides which shard serves which hash ranges while the assignment changes: the
// assignment, the claims and pods of all members and the content of the own one go in; what to
// list, serve, claim and release comes out. It does no I/O and reads no clock.
//
// A member claims what it serves. All claims are in one object of the API server, whose versions
// order them. A member withdraws a claim before it releases the ranges, and goes on serving until
// it has seen a version without its own claim and with the claim of another member. Of two
// members that would release the same hash in favor of each other, the one whose withdrawal comes
// later sees the first withdrawal and keeps the hash: in every version, some member serves every
// hash that was served before.
package handover
