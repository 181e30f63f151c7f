// Package transcript tests state machines by text files: commands go in, and the states that follow
// come out as text.
package transcript

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the transcripts")

// Run replays the transcripts testdata/*.txt. A line that begins with "> " is a command: a machine that
// start makes for each file gets its words, and returns the lines after it. Empty lines and those that
// begin with # stay. With -update the files are written.
func Run(t *testing.T, start func(t *testing.T) func(words []string) string) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(string(want), start(t))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// replay returns a transcript with the lines of a machine.
func replay(transcript string, command func(words []string) string) string {
	var out strings.Builder
	for line := range strings.Lines(transcript) {
		switch {
		case strings.HasPrefix(line, "> "):
			out.WriteString(line + command(strings.Fields(line)[1:]))
		case strings.HasPrefix(line, "#"), line == "\n":
			out.WriteString(line)
		}
	}
	return out.String()
}
