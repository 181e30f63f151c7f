package customresource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubestate/kubestate/internal/nearest"
)

// A reader reads nodes of a document and collects faults. A node with a fault reads as a zero value.
type reader struct {
	*document
	// subject is the prefix of faults, such as "entry 3 (example.com/v1 Widget), metric size".
	subject string
	faults  *[]message
}

// fault adds a fault of the node at a path below the subject; the path may be empty.
func (r reader) fault(node *yaml.Node, path, format string, args ...any) {
	parts := slices.DeleteFunc([]string{r.subject, path, fmt.Sprintf(format, args...)}, func(part string) bool { return part == "" })
	text := strings.ReplaceAll(strings.Join(parts, ": "), "\n", " ")
	*r.faults = append(*r.faults, message{node.Line, text})
}

// A mapping has values by key. Missing and null values read as zero values.
type mapping struct {
	reader
	node   *yaml.Node
	path   string // below the subject, such as "each.gauge"
	fields map[string]field
	read   []string // keys
}

type field struct{ key, value *yaml.Node }

// mapping reads a mapping. Null is an empty one.
func (r reader) mapping(node *yaml.Node, path string) *mapping {
	m := &mapping{reader: r, node: node, path: path, fields: map[string]field{}}
	switch {
	case node.Kind == yaml.MappingNode:
		m.add(node)
	case !isNull(node):
		r.fault(node, path, "want a mapping, not %s", shape(node))
	}
	return m
}

// add adds the fields of a node whose keys are new, and then those of its merge keys.
func (m *mapping) add(node *yaml.Node) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := resolve(node.Content[i]), resolve(node.Content[i+1])
		switch merge := key.ShortTag() == "!!merge"; {
		case key.Kind != yaml.ScalarNode:
			m.fault(key, m.path, "want a text as a key, not %s", shape(key))
		case merge && value.Kind == yaml.SequenceNode:
			merged = append(merged, value.Content...)
		case merge:
			merged = append(merged, value)
		default:
			if _, ok := m.fields[textOf(key)]; !ok {
				m.fields[textOf(key)] = field{key, value}
			}
		}
	}
	for _, node := range merged {
		if node = resolve(node); node.Kind == yaml.MappingNode {
			m.add(node)
		} else {
			m.fault(node, m.path, "want a mapping to merge, not %s", shape(node))
		}
	}
}

// sub returns the mapping at a key.
func (m *mapping) sub(key string) *mapping {
	if node := m.get(key); node != nil {
		return m.mapping(node, m.at(key))
	}
	return &mapping{reader: m.reader, node: m.node, path: m.at(key)}
}

// get returns the value of a key; nil if it is missing or null.
func (m *mapping) get(key string) *yaml.Node {
	m.read = append(m.read, key)
	if f, ok := m.fields[key]; ok && !isNull(f.value) {
		return f.value
	}
	return nil
}

// empty reports whether the value of a key is missing, null or empty.
func (m *mapping) empty(key string) bool {
	node := m.get(key)
	return node == nil || node.Value == "" && len(node.Content) == 0
}

// require adds a fault if the value of a key is empty.
func (m *mapping) require(key string) {
	if wrongShape := m.node.Kind != yaml.MappingNode && !isNull(m.node); m.empty(key) && !wrongShape {
		m.faultAt(key, "missing")
	}
}

// has reports whether a key has a value, which may be empty.
func (m *mapping) has(key string) bool {
	f, ok := m.fields[key]
	return ok && !isNull(f.value)
}

// at returns the path of a key.
func (m *mapping) at(key string) string {
	if m.path == "" {
		return key
	}
	return m.path + "." + key
}

// faultAt adds a fault of a key's value, with the mapping's line if it is missing.
func (m *mapping) faultAt(key, format string, args ...any) {
	node := m.node
	if f, ok := m.fields[key]; ok {
		node = f.value
	}
	m.fault(node, m.at(key), format, args...)
}

// keys returns all keys in order.
func (m *mapping) keys() []string {
	var keys []string
	for key := range m.fields {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// warnUnread warns about unknown keys: those that were not read.
func (m *mapping) warnUnread() {
	for key, f := range m.fields {
		if !slices.Contains(m.read, key) {
			near, _ := nearest.To(key, m.read)
			m.warn(f.key, "unknown key %.64q; the nearest is %q", key, near)
		}
	}
}

// text returns the source text of a scalar.
func (m *mapping) text(key string) string {
	node := m.get(key)
	if node != nil && node.Kind != yaml.ScalarNode {
		m.faultAt(key, "want a text, not %s", shape(node))
		return ""
	}
	return textOf(node)
}

// booleans are the booleans of YAML 1.1, in lower case.
var booleans = map[string]bool{
	"y": true, "yes": true, "true": true, "on": true,
	"n": false, "no": false, "false": false, "off": false,
}

func (m *mapping) boolean(key string) bool {
	text := m.text(key)
	lower := strings.ToLower(text)
	value, ok := booleans[lower]
	if ok && (text == lower || text == strings.ToUpper(text) || text[1:] == lower[1:]) {
		return value
	}
	if text != "" {
		m.faultAt(key, "want a boolean, not %s", shape(m.get(key)))
	}
	return false
}

// list returns the elements of a list.
func (m *mapping) list(key string) []*yaml.Node { return m.elements(m.get(key), m.at(key)) }

// texts returns the source texts of a list of scalars.
func (m *mapping) texts(key string) []string { return m.textElements(m.get(key), m.at(key)) }

// elements returns the elements of a list; none of nil and null.
func (r reader) elements(node *yaml.Node, path string) []*yaml.Node {
	if node == nil || isNull(node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		r.fault(node, path, "want a list, not %s", shape(node))
		return nil
	}
	elements := make([]*yaml.Node, len(node.Content))
	for i, element := range node.Content {
		elements[i] = resolve(element)
	}
	return elements
}

func (r reader) textElements(node *yaml.Node, path string) []string {
	var texts []string
	for i, element := range r.elements(node, path) {
		if element.Kind != yaml.ScalarNode {
			r.fault(element, path, "want a text as element %d, not %s", i, shape(element))
		}
		texts = append(texts, textOf(element))
	}
	return texts
}

// textOf returns the source text of a scalar of any type; empty of null and nil.
func textOf(node *yaml.Node) string {
	if node == nil || isNull(node) {
		return ""
	}
	return node.Value
}

func isNull(node *yaml.Node) bool { return node.ShortTag() == "!!null" }

// resolve returns the node that an alias refers to.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// shape describes a node in messages.
func shape(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(node):
		return "null"
	default:
		return fmt.Sprintf("%.64q", node.Value)
	}
}

// sorted sorts messages by line, without duplicates.
func sorted(messages []message) []message {
	slices.SortFunc(messages, func(a, b message) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.text, b.text))
	})
	return slices.Compact(messages)
}
