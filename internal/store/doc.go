// Package store keeps the rendered series of objects, compressed, and gives readers
// consistent snapshots of them.
//
// It knows uids, namespaces and bytes, and nothing of kinds. A Resource has one or more
// Partitions, one per source of objects. A partition has pages of 64 objects, one per slot. For each
// family, a page has a block: that family's lines of the page's objects, in order. On the
// wire, text is grouped by family and then by object, so a response is a concatenation of
// blocks.
//
// At rest a block is compressed: raw deflate that refers to nothing outside the block and ends
// on a byte boundary. With their CRC-32 and length, compressed blocks concatenate to a gzip
// member without compressing anything again. The compressed blocks of a page lie in a few
// extents, and a table locates them, so that the garbage collector sees a few allocations per
// page and not hundreds.
//
// A change of a compressed block is kept beside it as a delta: lines that replace those of a
// slot. A block with many deltas is opened as plain text. Once a page has been quiet for a
// while, or open blocks exceed the partition's budget, Compact compacts it: it compresses the open blocks
// again. A reader of a block with deltas inflates it and applies them. In a gzip response,
// open blocks are stored blocks, so that a scrape never waits for compression.
//
// Several resources may have families of one name. A response joins them: one header, and all
// series below it, in the place of the first resource with objects that has the family. If
// series of different objects may be equal, it inflates the family's blocks and replaces those
// that repeat a series; all others are copied as ever.
//
// The caller may know that the input of some families has not changed and leave their lines
// out. The store keeps a fingerprint of that input with each object and compares it.
//
// What a reader may hold is immutable: it is replaced. A View is the tables and open blocks of
// one moment and is written at the reader's pace. No lock is held while writing or
// compressing.
//
// Each partition has one writer at a time. Readers, Compact and Retain are concurrent with it and with
// each other.
package store
