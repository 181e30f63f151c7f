package server

import "testing"

func TestGrouped(t *testing.T) {
	f := func(n int, want string) {
		t.Helper()
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	f(0, "0")
	f(999, "999")
	f(1000, "1\u202f000")
	f(1234567, "1\u202f234\u202f567")
	f(-143, "-143")
	f(-1430, "-1\u202f430")
}
