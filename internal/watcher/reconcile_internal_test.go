package watcher

import "testing"

func TestDecide(t *testing.T) {
	f := func(want decision, s situation) {
		t.Helper()
		if got := decide(s); got != want {
			t.Errorf("%+v: %s, want %s", s, got, want)
		}
	}
	// The wanted target is the served one.
	for _, p := range []progress{ready, building, overdue} {
		f(serveWanted, situation{same: true, wanted: p, served: p})
		f(serveWanted, situation{same: true, wanted: p, served: p, earlier: building})
	}
	// Only a ready target replaces a complete one.
	for _, served := range []progress{missing, ready, building, overdue} {
		for _, earlier := range []progress{missing, ready, building, overdue} {
			f(serveWanted, situation{wanted: ready, served: served, earlier: earlier})
		}
	}
	f(buildWanted, situation{wanted: building, served: ready, earlier: missing})
	f(buildWanted, situation{wanted: overdue, served: ready, earlier: missing})
	f(buildWanted, situation{wanted: overdue, served: ready, earlier: overdue})
	// A target begun earlier is finished first, and served until the wanted one is ready.
	for _, served := range []progress{missing, ready, building, overdue} {
		f(serveEarlier, situation{wanted: building, served: served, earlier: ready})
		f(buildEarlier, situation{wanted: overdue, served: served, earlier: building})
	}
	// A new resource is served once ready, but at once during startup.
	f(buildWanted, situation{wanted: building, served: missing, earlier: missing})
	f(serveWanted, situation{wanted: building, served: missing, earlier: missing, starting: true})
	// A target that was never complete is served until it is overdue.
	f(keepServed, situation{wanted: building, served: building, earlier: missing})
	f(serveWanted, situation{wanted: building, served: overdue, earlier: missing})
}
