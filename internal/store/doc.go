// Package store keeps the rendered text of objects, packed, and gives readers a
// view of all of it at one moment.
//
// It knows uids, namespaces and bytes, nothing of kinds. A Resource holds the
// text of one resource's objects, grouped in Parts, one for each source of
// objects. Within a part, objects live in pages of some dozens. For each family
// a page has a block: that family's lines of the page's objects, in order. On
// the wire, text is grouped by family and then by object, so an answer is blocks
// one after another.
//
// At rest a block is packed: raw deflate that refers to nothing outside the
// block and ends on a byte. With its CRC-32 and length known, packed blocks one
// after another make a gzip member without compressing anything again. What is
// packed of a page lies in a few runs of bytes, and a table says where, so that the
// collector has a few pieces of memory a page to look at and not hundreds.
//
// A change of a packed block is kept beside it as an edit: these lines in the place
// of those. Once there are many edits of a block it is opened, which is to be plain
// text, and once the page has been left alone for a while, or too much memory
// goes into edits and text, it is packed again. A reader of an edited block unpacks it
// and does the edits; into a gzip answer edited and open blocks go as stored
// blocks, so that a scrape never waits for compression.
//
// Whoever renders may know that lines of some families were made from what they
// would be made from now, and leave them out. Text has a basis for that, which the
// store only compares.
//
// Nothing that a reader may hold ever changes: it is replaced. A View is the
// tables and open blocks of one moment and is written out at the reader's own pace;
// no lock is held meanwhile.
//
// Each part has one writer at a time. Readers and the packing are concurrent
// with it and with each other.
package store
