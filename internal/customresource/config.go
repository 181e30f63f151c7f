package customresource

import (
	"github.com/kubestate/kubestate/internal/celexpr"
	"github.com/kubestate/kubestate/internal/exposition"
)

// A Config is a valid configuration of custom resource metrics.
type Config struct {
	// Entries are in the order of the file.
	Entries []Entry
	// Invalid is the number of invalid entries. Faults are their faults, each with its position.
	Invalid int
	Faults  []error
	// Warnings are about parts without effect, such as unknown keys, each with its position.
	Warnings []string
}

// An Entry selects kinds of custom resources and has the families of their objects.
type Entry struct {
	// Position is the file and line of the entry, such as "crs.yaml:12".
	Position string
	// Group is exact, or a wildcard such as *.upbound.io. Version and Kind are exact, or
	// "*" for all.
	Group, Version, Kind string
	// Categories select kinds by the categories of their definition; none select all.
	Categories []string
	// Plural is the resource's name, where its definition is not known; empty for a guess.
	Plural string
	// LabelSelector and FieldSelector are sent to the API server.
	LabelSelector, FieldSelector string
	// Where is a CEL expression that selects objects; empty for all.
	Where Expression
	// CommonLabels and Labels are labels of all families: constants, and labels read from the
	// object's root. Both are in the order of their names.
	CommonLabels []CommonLabel
	Labels       []PathLabel
	// Conditions adds the families of status.conditions.
	Conditions bool
	// Prefix is the prefix of Family.Name, with its underscore; it may be empty.
	Prefix   string
	Families []Family
}

// A CommonLabel is a constant label.
type CommonLabel struct{ Name, Value string }

// A PathLabel is a label that is read from an object. A name that begins or ends with a star stands
// for all members of a map.
type PathLabel struct {
	Name   string
	Source Source
	// Join separates the elements of a list; nil prints the list as Go does, "[a b]".
	Join *string
}

// A Source is the source of a value: a path or an expression.
type Source struct {
	Path Path
	CEL  Expression
}

// An Expression is a CEL expression with its position, such as "crs.yaml:12:20"; none if Text is
// empty.
type Expression struct {
	Position string `json:"-"`
	Text     string
	// Program is nil if Text is empty.
	Program *celexpr.Program `json:"-"`
}

// A Family is the definition of a family in an entry.
type Family struct {
	Position string
	// Name is the name of the family, with its prefix.
	Name string
	Help string
	Type exposition.Type // gauge, counter, info or stateset
	// CommonLabels and Labels override those of the entry by name. Labels are read from the object's
	// root.
	CommonLabels []CommonLabel
	Labels       []PathLabel

	// Path leads to the elements: a map, a list or a single value.
	Path Path
	// PathKeys are the label names of the keys and indexes that each [*] of Path matches, in
	// order; an empty name adds no label.
	PathKeys []string
	// Where is a CEL expression that selects elements; empty for all.
	Where Expression
	// ElementLabels are read from the element.
	ElementLabels []PathLabel
	// KeyLabel is the label of a map member's key; empty for none.
	KeyLabel string
	// Value is the source of the value within the element. Info families have none.
	Value Source
	// NilIsZero gives missing values the value 0.
	NilIsZero bool
	Parse     Parsing
	// ListLabel and List are the label and the states of a state set.
	ListLabel string
	List      []string
	// ListNames are the label values of the states in List; nil if they are the same.
	ListNames []string
}

// Parsing is a way to convert strings to numbers.
type Parsing string

// The ways to convert strings. Numbers follow the configuration format, in which "5m" is 0.005.
// Durations such as 2160h and 15m become seconds.
const (
	ParseNumber   Parsing = ""
	ParseDuration Parsing = "duration"
)

// DefaultPrefix is the prefix of an entry without metricNamePrefix.
const DefaultPrefix = "kube_customresource"
