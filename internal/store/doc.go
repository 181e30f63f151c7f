// Package store keeps the rendered series of objects, compressed, and gives readers
// consistent snapshots of them.
//
// It knows uids, namespaces and bytes, and no kinds. A Resource has one or more Partitions, one
// per source of objects. A partition has pages of 64 objects, one per slot. For each family, a
// page has a block: that family's lines of the page's objects, in order. Text formats group lines
// by family and then by object, so that a response is a concatenation of blocks.
//
// At rest a block is compressed: raw deflate data that refers to nothing outside the block and
// ends on a byte boundary. With their CRC-32 and length, compressed blocks concatenate to a gzip
// member without further compression. The compressed blocks of a page lie in a few extents, and a
// table locates them: the garbage collector sees a few allocations per page, not hundreds.
//
// A change of a compressed block becomes a delta: lines that replace those of a slot. A block with
// many deltas is inflated to plain text. Compact compresses the open blocks of a page once the page
// is idle, or the partition's open bytes exceed their budget. A reader of a block with deltas
// inflates the block and applies the deltas. A gzip response has open blocks as stored blocks: no
// scrape waits for compression.
//
// Several resources may have families of one name. A response has the union of such families: one
// header, and all series below it, in the place of the first resource with objects that has the
// family. If series of different objects may be equal, the response inflates the union and
// replaces the blocks that repeat a series; all others are copied.
//
// A response may be one of several parts: the objects of a class, by the hash of their uids. The pages
// of a partition may have objects of one class each, so that a part is a concatenation of blocks, too.
//
// The store keeps a note of the caller with each object. The caller may omit the lines of families whose
// input has not changed: the note has a fingerprint of that input, which the store compares. Notes of
// objects of one owner share it; lines of these objects can be rewritten from the stored ones.
//
// Budgets limit the series of a resource. Objects that do not fit are withheld: their pages are of a
// group of their own, which views skip. An account has the sums of the series, which changes of
// blocks keep by deltas; Balance moves objects between pages.
//
// Anything that a reader may hold is immutable and replaced as a whole. A View is the tables and
// open blocks of one moment. No lock is held while a response is written or a page compressed.
//
// Each partition has one writer at a time. Readers, Compact, Retain and Cut are concurrent with
// the writer and with each other.
package store
