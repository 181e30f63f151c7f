package generators_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/generators"
)

// This file and contract_*_test.go are a second implementation of the contract: plain functions of
// an object's JSON form, independent of the tables. TestReferenceMeetsGolden compares them with
// golden series, TestRandomObjects compares the tables with them.

// A reference returns a family's series of an object, without identity labels.
type reference func(object) []series

// series is one line. Its labels are keys and values in turn.
type series struct {
	labels []string
	value  float64
}

// unspecified is a value that the contract does not specify. No series has it.
const unspecified = -0x1p1000

// resourceReference holds the references of a resource's families.
type resourceReference struct {
	// identity are the identity labels: keys and paths in turn.
	identity []string
	families map[string]reference
}

// references has all resources, from the files of references.
var references = merged(
	admissionReferences, workloadReferences, podReferences, clusterReferences,
	configurationReferences, networkReferences, storageReferences,
)

func merged(groups ...map[string]resourceReference) map[string]resourceReference {
	all := map[string]resourceReference{}
	for _, group := range groups {
		maps.Copy(all, group)
	}
	return all
}

// object is the JSON form of an object, with its resource and selection.
type object struct {
	node
	resource  string
	selection generators.Selection
}

// jsonForm returns the object as API servers send it in JSON.
func jsonForm(tb testing.TB, typed any) node {
	tb.Helper()
	text, err := json.Marshal(typed)
	if err != nil {
		tb.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a float64 would round quantities and ids
	var form any
	if err := decoder.Decode(&form); err != nil {
		tb.Fatal(err)
	}
	return node{form, true}
}

// expected returns the values of an object's series, the first of duplicate series.
func expected(o object, families []string) map[string]float64 {
	r := references[o.resource]
	identity := pairsAt(o.node, r.identity)
	values := map[string]float64{}
	for _, family := range families {
		for _, s := range r.families[family](o) {
			text := family + labelText(slices.Concat(identity, s.labels))
			if _, seen := values[text]; !seen {
				values[text] = s.value
			}
		}
	}
	return values
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// labelText is the part of a line in braces, empty without labels.
func labelText(pairs []string) string {
	if len(pairs) == 0 {
		return ""
	}
	text := "{"
	for pair := range slices.Chunk(pairs, 2) {
		text += pair[0] + `="` + escape.Replace(pair[1]) + `",`
	}
	return strings.TrimSuffix(text, ",") + "}"
}

// A node is a value in a JSON form. The methods of an absent node return zero values.
type node struct {
	value any
	// exists is true of null too, the JSON form of a pointer to Go's zero time.
	exists bool
}

// at follows a path of field names; at("") is n.
func (n node) at(path string) node {
	if path == "" {
		return n
	}
	for field := range strings.SplitSeq(path, ".") {
		n = n.key(field)
	}
	return n
}

// key is at for a key with dots.
func (n node) key(key string) node {
	fields, _ := n.value.(map[string]any)
	value, exists := fields[key]
	return node{value, exists}
}

func (n node) keys() []string {
	fields, _ := n.value.(map[string]any)
	return slices.Sorted(maps.Keys(fields))
}

// set reports whether the value exists and is not null.
func (n node) set() bool { return n.value != nil }

func (n node) list() []node {
	values, _ := n.value.([]any)
	var nodes []node
	for _, v := range values {
		nodes = append(nodes, node{v, true})
	}
	return nodes
}

// text is the value of a string, a number in decimal digits, true or false.
func (n node) text() string {
	switch v := n.value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// textOr is for fields with a default.
func (n node) textOr(unset string) string {
	if !n.set() {
		return unset
	}
	return n.text()
}

// yes reports whether the value is true.
func (n node) yes() bool { return n.value == true }

func (n node) number() float64 {
	if !n.set() {
		return 0
	}
	value, err := n.value.(json.Number).Float64()
	if err != nil {
		panic(err)
	}
	return value
}

// time is a timestamp, Go's zero time if absent.
func (n node) time() (at time.Time) {
	if n.set() {
		var err error
		if at, err = time.Parse(time.RFC3339Nano, n.text()); err != nil {
			panic(err)
		}
	}
	return at
}

// at is a series of a timestamp in Unix seconds, none for Go's zero time.
func at(t node, pairs ...string) []series {
	if t.time().IsZero() {
		return nil
	}
	return one(float64(t.time().Unix()), pairs...)
}

// truth is 1 or 0.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// pairsAt reads labels: keys and paths in turn.
func pairsAt(n node, paths []string) []string {
	var pairs []string
	for path := range slices.Chunk(paths, 2) {
		pairs = append(pairs, path[0], n.at(path[1]).text())
	}
	return pairs
}

// one is a single series, its labels as keys and values in turn.
func one(value float64, pairs ...string) []series {
	return []series{{pairs, value}}
}

// info is one series of value 1 for every object, with labels from paths.
func info(paths ...string) reference {
	return func(o object) []series { return one(1, pairsAt(o.node, paths)...) }
}

// each is one series of value 1 for each entry of a list, with labels from
// paths within the entry.
func each(list string, paths ...string) reference {
	return func(o object) (all []series) {
		for _, entry := range o.at(list).list() {
			all = append(all, one(1, pairsAt(entry, paths)...)...)
		}
		return all
	}
}

// number is a field, 0 if absent.
func number(path string) reference {
	return func(o object) []series { return one(o.at(path).number()) }
}

// optional is a field, no series if absent.
func optional(path string) reference {
	return func(o object) []series {
		if !o.at(path).set() {
			return nil
		}
		return one(o.at(path).number())
	}
}

// oneIf is 1 where the field is true.
func oneIf(path string) reference {
	return func(o object) []series { return one(truth(o.at(path).yes())) }
}

// length is the number of entries of a list.
func length(path string) reference {
	return func(o object) []series { return one(float64(len(o.at(path).list()))) }
}

// moment is a timestamp.
func moment(path string) reference {
	return func(o object) []series { return at(o.at(path)) }
}

// Timestamps that most resources have.
var (
	created = moment("metadata.creationTimestamp")
	deleted = moment("metadata.deletionTimestamp")
)

func resourceVersion(o object) []series {
	version, err := strconv.ParseFloat(o.at("metadata.resourceVersion").text(), 64)
	if err != nil {
		return nil
	}
	return one(version)
}

// owners has one series for each owner, one with empty labels for none.
func owners(o object) (all []series) {
	references := o.at("metadata.ownerReferences").list()
	if len(references) == 0 {
		references = []node{{}}
	}
	for _, r := range references {
		all = append(all, one(1, "owner_kind", r.at("kind").text(), "owner_name", r.at("name").text())...)
	}
	return all
}

// controllingOwners is owners with a label for the controller.
func controllingOwners(o object) []series {
	all := owners(o)
	references := o.at("metadata.ownerReferences").list()
	if len(references) == 0 {
		all[0].labels = append(all[0].labels, "owner_is_controller", "")
	}
	for i, r := range references {
		all[i].labels = append(all[i].labels, "owner_is_controller", r.at("controller").textOr("false"))
	}
	return all
}

// statuses has, for each condition, one series for each status it can have.
func statuses(o object) (all []series) {
	for _, c := range o.at("status.conditions").list() {
		all = append(all, threeStatuses(c, "status", "condition", c.at("type").text())...)
	}
	return all
}

// threeStatuses puts the given labels before the one that holds the status.
func threeStatuses(condition node, label string, pairs ...string) (all []series) {
	for _, status := range []string{"True", "False", "Unknown"} {
		labels := slices.Concat(pairs, []string{label, strings.ToLower(status)})
		all = append(all, series{labels, truth(condition.at("status").text() == status)})
	}
	return all
}

// phases has one series for each of the given values of a field.
func phases(path, label string, values ...string) reference {
	return func(o object) (all []series) {
		for _, v := range values {
			all = append(all, one(truth(o.at(path).text() == v), label, v)...)
		}
		return all
	}
}

// phasesIfAny is phases, no series if the field is empty.
func phasesIfAny(path, label string, values ...string) reference {
	return func(o object) []series {
		if o.at(path).text() == "" {
			return nil
		}
		return phases(path, label, values...)(o)
	}
}
