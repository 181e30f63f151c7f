package store

// options are the parameters of a store. All but classes affect its costs and never its responses.
type options struct {
	// slots is the number of objects in a page, at most pageSlots. More slots compress better;
	// fewer cost less to compress again after a change.
	slots int

	// classes is the number of classes of objects by uid. A page has objects of one class. It
	// determines the order of responses, unlike all others.
	classes int

	// A block has at most maxDeltas deltas: readers inflate it, so that beyond them text is
	// cheaper. Over budget, text would soon be compressed again. Compressed text of at most
	// tinyText bytes gets no deltas.
	maxDeltas, maxDeltasOverBudget int
	tinyText                       int

	// A page is compacted after idleTicks without a change, or after idleDeltaTicks if it has
	// at most largeText open bytes and compressed blocks: deltas take little memory, and a page
	// that changes again soon is better left open.
	idleTicks, idleDeltaTicks uint64
	largeText                 int

	// The budget of open bytes of a partition is minBudget, or the budgetShare-th part of its
	// compressed bytes if that is more.
	minBudget, budgetShare int

	// freePages is the length of a staging copy's free list.
	freePages int

	// An extent is rewritten if more than the deadShare-th part of it is dead, or if it has
	// less than smallExtent live bytes.
	deadShare, smallExtent int

	// oneRound bounds the objects that a balance compares at a time.
	oneRound int

	// text and gzip are the segments of responses.
	text, gzip segments
}

// defaults are the options outside tests. They are never written.
var defaults = options{
	slots: pageSlots, classes: 1,
	maxDeltas: 4, maxDeltasOverBudget: 16, tinyText: 2 << 10,
	idleTicks: 5, idleDeltaTicks: 15, largeText: 64 << 10,
	minBudget: 24 << 20, budgetShare: 4,
	freePages: 2, // the page of the background compaction and one more
	deadShare: 8, smallExtent: 4 << 10,
	oneRound: 16 << 10,
	text:     segments{bytes: 256 << 10, ahead: 4, buffers: bufferPool(320 << 10)},
	gzip:     segments{bytes: 64 << 10, ahead: 2, buffers: bufferPool(80 << 10)},
}
