package snapshot

import (
	"strings"
	"testing"
)

func TestExcerpt(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		if got := excerpt([]byte(line)); got != want {
			t.Errorf("the excerpt of %q is %q, want %q", line, got, want)
		}
	}
	f("", "")
	f("  a \t b\r", "a b")
	f("größe: 1", "größe: 1")
	f("\x1b[31mred\a\x00 \xff", "\ufffd[31mred\ufffd\ufffd \ufffd")
	f(strings.Repeat("é", 80), strings.Repeat("é", 80))
	f(strings.Repeat("é", 81), strings.Repeat("é", 80)+"...")
}
