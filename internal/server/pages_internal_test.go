package server

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// style matches the style of a page.
var style = regexp.MustCompile(`(?s)<style>.*?</style>`)

// ComparePage compares a page with a file in testdata, in which the styles of the sources are left out, and
// holds that no markup of values is in it.
func ComparePage(t *testing.T, name, page string) {
	t.Helper()
	sources, err := fs.Glob(pages, "*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		text, err := pages.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range style.FindAllString(string(text), -1) {
			page = strings.ReplaceAll(page, block, "<style>"+source+"</style>")
		}
	}
	path := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), page); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
	for _, wrong := range []string{"<script", "<b>", "ZgotmplZ", "http", `"onload`, "NaN", "%!"} {
		if strings.Contains(page, wrong) {
			t.Errorf("%s has %s", name, wrong)
		}
	}
}
