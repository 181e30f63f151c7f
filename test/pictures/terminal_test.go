package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTerminal holds the cells and colours of a terminal's text, and the errors of other text.
func TestTerminal(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		got, err := terminal("<t>", text)
		if err != nil {
			t.Fatal(err)
		}
		var drawn []string
		for line := range strings.Lines(string(got)) {
			if strings.Contains(line, "textLength") {
				drawn = append(drawn, strings.TrimSpace(line))
			}
		}
		if d := cmp.Diff(want, drawn); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
	f("")
	f("a b", `<text x="16" y="45" textLength="24">a b</text>`)
	f("a\r\n\r\n  é<b>   c \n", `<text x="16" y="45" textLength="8">a</text>`,
		`<text x="32" y="81" textLength="32">é&lt;b&gt;</text>`, `<text x="88" y="81" textLength="16">c </text>`)
	f("\x1b[1;31mred\x1b[0m \x1b[2mfaint\n\x1b[22;91mnext\x1b[39m\x1b[m.",
		`<text x="16" y="45" textLength="24" style="font-weight: bold; fill: #ff7b72">red</text>`,
		`<text x="48" y="45" textLength="40" style="fill: #8b949e">faint</text>`,
		`<text x="16" y="63" textLength="32" style="fill: #ffa198">next</text>`,
		`<text x="48" y="63" textLength="8">.</text>`)

	fails := func(text, want string) {
		t.Helper()
		if _, err := terminal("", text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	fails("a\n\x1b[2K", `line 2: "\x1b[2K" is no colour`)
	fails("\x1b[5m", `line 1: "5" is a colour that is not known`)
	fails("\x1b[?25hm", `line 1: "?25h" is no colour`)
	fails("a\tb", `line 1: "\tb" is no text`)
	fails("\x1b]0;x\a", `line 1: "\x1b]0;x\a" is no text`)
}
