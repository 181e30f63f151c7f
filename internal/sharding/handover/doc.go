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
//
// Members that count increments, what happens to objects, divide them by terms: a Term says who
// counts some hashes, and after which versions. The terms are in the same object of the API server as
// the claims, and each version of them is made from the one before, so that no hash has two
// counters. A member that gives up a term keeps the increments in a journal from then on, counts
// all changes up to a position, and writes that the term is open after that position. Another
// member, which has kept the increments since it listed the hashes, takes the term, and counts what
// is later than the position once the API server has that. So every change is counted once if the
// second member has listed no later than the position, for which the first member waits. Until the
// term is taken, the first member can take it back.
package handover
