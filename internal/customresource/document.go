package customresource

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds the nodes of a document, aliases expanded: a short file can have exponentially
// many.
const maxNodes = 1_000_000

// A document is the first document of a YAML file. No alias in it is cyclic, and no mapping has
// a key twice.
type document struct {
	name     string
	lines    []string
	root     *yaml.Node
	warnings []message
	// nodes counts the nodes below each anchor, aliases expanded. An anchor whose end check has
	// not reached is not in it.
	nodes map[*yaml.Node]int
}

// A message is about a line of a file.
type message struct {
	line int
	text string
}

// readDocument parses the first document of a file.
func readDocument(name string, text []byte) (*document, error) {
	d := &document{name: name, lines: strings.Split(string(text), "\n"), nodes: map[*yaml.Node]int{}}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first yaml.Node
	if err := decoder.Decode(&first); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: empty file", name)
	} else if err != nil {
		return nil, d.syntaxError(text, err)
	}
	d.root = resolve(first.Content[0])
	if isNull(d.root) {
		return nil, d.errorAt(message{d.root.Line, "empty document"})
	}
	if _, err := d.check(d.root, 0); err != nil {
		return nil, err
	}
	var second yaml.Node
	switch err := decoder.Decode(&second); {
	case err == nil && !isNull(second.Content[0]):
		d.warn(&second, "only the first document is read, not this one")
	case err != nil && !errors.Is(err, io.EOF):
		d.warn(d.root, "only the first document is read, and the text after it is no YAML: %s", withoutPrefix(err))
	}
	return d, nil
}

// errorAt returns a message as an error.
func (d *document) errorAt(m message) error { return errors.New(d.format(m)) }

func (d *document) format(m message) string {
	return fmt.Sprintf("%s:%d: %s", d.name, m.line, m.text)
}

func (d *document) warn(node *yaml.Node, format string, args ...any) {
	d.warnings = append(d.warnings, message{node.Line, fmt.Sprintf(format, args...)})
}

// syntaxError adds the file and the line to an error of the YAML parser.
func (d *document) syntaxError(text []byte, err error) error {
	line, problem := 0, withoutPrefix(err)
	if n, _ := fmt.Sscanf(problem, "line %d:", &line); n == 1 {
		_, problem, _ = strings.Cut(problem, ": ")
		return d.errorAt(message{line, problem})
	}
	// Some errors have no line: find the shortest text with the same error.
	lines := bytes.SplitAfter(text, []byte("\n"))
	line = 1 + sort.Search(len(lines)-1, func(i int) bool {
		short := yaml.Unmarshal(bytes.Join(lines[:i+1], nil), new(yaml.Node))
		return short != nil && short.Error() == err.Error()
	})
	return d.errorAt(message{line, problem})
}

func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "yaml: ") }

// check returns an error for cyclic aliases, duplicate keys and more than maxNodes nodes. It takes
// and returns the number of nodes, aliases expanded, before node and up to its end.
func (d *document) check(node *yaml.Node, before int) (int, error) {
	end := before + 1
	if node.Kind == yaml.AliasNode {
		nodes, complete := d.nodes[node.Alias]
		if !complete {
			return 0, d.errorAt(message{node.Line, fmt.Sprintf("alias %q is within the node that it refers to", node.Value)})
		}
		end = before + nodes
	}
	keys := map[string]bool{}
	for i, child := range node.Content {
		if key := resolve(child); node.Kind == yaml.MappingNode && i%2 == 0 && key.Kind == yaml.ScalarNode {
			if keys[key.Value] {
				return 0, d.errorAt(message{child.Line, fmt.Sprintf("duplicate key %.64q", key.Value)})
			}
			keys[key.Value] = true
		}
		var err error
		if end, err = d.check(child, end); err != nil {
			return 0, err
		}
	}
	if end > maxNodes {
		return 0, d.errorAt(message{node.Line, fmt.Sprintf("more than %d nodes, with aliases expanded", maxNodes)})
	}
	if node.Anchor != "" {
		d.nodes[node] = end - before
	}
	return end, nil
}

// position returns the file and line of a node, such as "crs.yaml:12".
func (d *document) position(node *yaml.Node) string {
	return fmt.Sprintf("%s:%d", d.name, node.Line)
}

// textPosition returns the file, line and column of the first character of a scalar's text.
func (d *document) textPosition(node *yaml.Node) string {
	line, column := node.Line, node.Column
	rest := []rune(d.line(line))
	rest = rest[min(column-1, len(rest)):]
	// Anchors and tags stand before the text.
	for len(rest) > 0 && (rest[0] == '&' || rest[0] == '!') {
		width := slices.Index(rest, ' ') + 1
		if width == 0 {
			break
		}
		for width < len(rest) && rest[width] == ' ' {
			width++
		}
		rest, column = rest[width:], column+width
	}
	switch {
	case node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		line++
		text := d.line(line)
		column = 1 + len(text) - len(strings.TrimLeft(text, " "))
	case node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		column++
	}
	return fmt.Sprintf("%s:%d:%d", d.name, line, column)
}

// line returns a line of the file, from 1; empty after the end.
func (d *document) line(n int) string {
	if n > len(d.lines) {
		return ""
	}
	return d.lines[n-1]
}
