package watcher

// Feeds gives the feeds of w, in the order of its configuration.
func (w *Watcher) Feeds() []*Feed { return w.feeds }

// StartOver is what a source does to its feed before it lists.
func (f *Feed) StartOver() { f.startOver() }
