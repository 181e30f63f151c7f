package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A section has the text and the indented blocks between two headings of a page.
type section struct {
	level         int
	heading, text string
	blocks        []string
}

var headingLine = regexp.MustCompile(`^(#+) (.*)\n$`)

// sectionsOf returns the sections of a page in order.
func sectionsOf(t *testing.T, page string) []section {
	t.Helper()
	text, err := os.ReadFile(page)
	check(t, err)
	all := []section{{}}
	block := ""
	for line := range strings.Lines(string(text) + "\n") {
		last := &all[len(all)-1]
		if code, ok := strings.CutPrefix(line, "    "); ok {
			block += code
			continue
		}
		if block != "" {
			last.blocks, block = append(last.blocks, block), ""
		}
		if m := headingLine.FindStringSubmatch(line); m != nil {
			all = append(all, section{level: len(m[1]), heading: m[2]})
			continue
		}
		last.text += line
	}
	return all
}

// below returns a section of a page and its subsections.
func below(t *testing.T, page, heading string) []section {
	t.Helper()
	all := sectionsOf(t, page)
	from := slices.IndexFunc(all, func(s section) bool { return s.heading == heading })
	if from < 0 {
		t.Fatalf("%s has no section %q", page, heading)
	}
	to := from + 1
	for to < len(all) && all[to].level > all[from].level {
		to++
	}
	return all[from:to]
}

// beginning returns the blocks that begin with a text.
func (s section) beginning(with string) []string {
	return slices.DeleteFunc(slices.Clone(s.blocks), func(block string) bool { return !strings.HasPrefix(block, with) })
}

const customPage = "../../docs/custom-resources.md"

// kindLabels are omitted in the page's series, if all are of one kind.
const kindLabels = `customresource_group="example.com",customresource_kind="Database",customresource_version="v1"`

// TestDocumentedExamples serves each example of the page on custom resources: its entries and
// objects, or the shared ones, make exactly its series.
func TestDocumentedExamples(t *testing.T) {
	examples := below(t, customPage, "Examples")
	shared := examples[0].beginning("apiVersion:")
	if len(shared) != 1 || len(examples) < 18 {
		t.Fatalf("%d shared objects and %d examples", len(shared), len(examples)-1)
	}
	for _, e := range examples[1:] {
		t.Run(e.heading, func(t *testing.T) {
			t.Parallel()
			objects := e.beginning("apiVersion:")
			if len(objects) == 0 {
				objects = shared
			}
			entries := e.beginning("- groupVersionKind:")
			if len(objects) != 1 || len(entries) != 1 || len(e.blocks) < 2 {
				t.Fatalf("%d blocks of entries and %d of objects in %d", len(entries), len(objects), len(e.blocks))
			}
			wantServed(t, "spec:\n  resources:\n"+indented(entries[0]), objects[0], e.blocks[len(e.blocks)-1])
		})
	}
}

// indented indents each line of a text.
func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

// TestDocumentedQuickStart serves the quick start of the page.
func TestDocumentedQuickStart(t *testing.T) {
	s := below(t, customPage, "Quick start")[0]
	configs, objects, series := s.beginning("# custom.yaml"), s.beginning("apiVersion:"), s.beginning("# HELP")
	if len(configs) != 1 || len(objects) != 1 || len(series) != 1 {
		t.Fatalf("%d configurations, %d objects, %d answers", len(configs), len(objects), len(series))
	}
	wantServed(t, configs[0], objects[0], series[0])
}

// TestDocumentedMessages holds the log and the metrics of an invalid configuration.
func TestDocumentedMessages(t *testing.T) {
	s := below(t, customPage, "Messages")[0]
	configs, objects, logs, metrics := s.beginning("# custom.yaml"), s.beginning("apiVersion:"), s.beginning("level="), s.beginning("kubestate_custom_resource_errors")
	if len(configs) != 1 || len(objects) != 1 || len(logs) != 1 || len(metrics) != 1 {
		t.Fatalf("%d configurations, %d objects, %d logs, %d answers", len(configs), len(objects), len(logs), len(metrics))
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "custom.yaml"), []byte(configs[0]))
	write(t, filepath.Join(dir, "objects.yaml"), []byte(objects[0]))
	cmd := exec.Command("kubestate", "--snapshot", "objects.yaml", "--custom-resource-state-only", "--custom-resource-state-config-file", "custom.yaml",
		"--host", "127.0.0.1", "--port", "0", "--telemetry-host", "127.0.0.1", "--telemetry-port", "0")
	cmd.Dir = dir
	p, listens := launch(t, cmd)
	if !listens {
		t.Fatal(p.log)
	}
	logged := ""
	for line := range strings.Lines(p.log.String()) {
		if _, message, _ := strings.Cut(line, " "); strings.Contains(message, "custom resource") { // after the time
			logged += message
		}
	}
	if d := cmp.Diff(strings.SplitAfter(logs[0], "\n"), strings.SplitAfter(logged, "\n")); d != "" {
		t.Errorf("log (-page +logged):\n%s", d)
	}
	_, body := answerOf(t, "http://"+p.telemetry+"/metrics")
	served := ""
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "kubestate_custom_resource_") && !strings.HasSuffix(line, " 0\n") {
			served += line
		}
	}
	if d := cmp.Diff(strings.SplitAfter(metrics[0], "\n"), strings.SplitAfter(served, "\n")); d != "" {
		t.Errorf("metrics (-page +served):\n%s", d)
	}
}

var (
	// firstCell is the first cell of a table's row, which has keys or a flow mapping of keys.
	firstCell = regexp.MustCompile("(?m)^\\| (`.*?) \\|")
	cellKey   = regexp.MustCompile("`([a-zA-Z.]+)`|[{,] ?([a-z]+):")
	// keyRead matches the parser's access to a key.
	keyRead = regexp.MustCompile(`\.(?:text|texts|sub|list|boolean|get|require|labelName|expression)\("(\w+)"|const key = "(\w+)"|members = \[\]string\{(.*)\}`)
)

// TestDocumentedKeys holds the keys in the page's tables to those of the parser.
func TestDocumentedKeys(t *testing.T) {
	documented, read := map[string]bool{}, map[string]bool{}
	for _, s := range below(t, customPage, "Format") {
		for _, cell := range firstCell.FindAllStringSubmatch(s.text, -1) {
			for _, key := range cellKey.FindAllStringSubmatch(cell[1], -1) {
				for step := range strings.SplitSeq(key[1]+key[2], ".") {
					documented[step] = true
				}
			}
		}
	}
	source, err := os.ReadFile("../../internal/customresource/parse.go")
	check(t, err)
	for _, key := range keyRead.FindAllStringSubmatch(string(source), -1) {
		for name := range strings.SplitSeq(key[1]+key[2]+key[3], ", ") {
			read[strings.Trim(name, `"`)] = true
		}
	}
	if d := cmp.Diff(read, documented); d != "" {
		t.Errorf("keys (-parser +page):\n%s", d)
	}
}

// wantServed wants exactly the series of a configuration and objects, and no warnings. Headers and
// kindLabels are compared if the series have them.
func wantServed(t *testing.T, config, objects, series string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "objects.yaml")
	write(t, path, []byte(objects))
	p := startProgram(t, "--snapshot", path, "--custom-resource-state-only", "--custom-resource-state-config", config)
	status, body := answerOf(t, "http://"+p.scrapes+"/metrics")
	if status != 200 {
		t.Fatalf("status %d: %s", status, body)
	}
	var got []string
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(series, "#") {
			continue
		}
		got = append(got, line)
	}
	if !strings.Contains(series, "customresource_kind=") {
		for i, line := range got {
			for _, labels := range []string{kindLabels + ",", "," + kindLabels, "{" + kindLabels + "}", kindLabels} {
				line = strings.Replace(line, labels, "", 1)
			}
			got[i] = line
		}
	}
	if d := cmp.Diff(strings.SplitAfter(series, "\n"), append(got, "")); d != "" {
		t.Errorf("(-page +served):\n%s\n%s", d, strings.Join(got, ""))
	}
	if log := p.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "custom resource configuration") {
		t.Errorf("logged: %s", log)
	}
}
