package customresource

import (
	"github.com/kubestate/kubestate/internal/celexpr"
	"github.com/kubestate/kubestate/internal/exposition"
)

// A Config is a valid configuration of custom resource metrics.
type Config struct {
	// Entries are in the order of the file.
	Entries []Entry
	// Invalid is the number of entries that were left out. Faults are what is wrong with them,
	// each with its position.
	Invalid int
	Faults  []error
	// Warnings are about what has no effect, such as unknown keys, each with its position.
	Warnings []string
}

// An Entry chooses kinds of custom resources and has the families of their objects.
type Entry struct {
	// Position is the file and line of the entry, such as "crs.yaml:12".
	Position string
	// Group is exact, or a wildcard such as *.upbound.io. Version and Kind are exact, or
	// "*" for all.
	Group, Version, Kind string
	// Categories choose kinds by the categories of their definition; none choose all.
	Categories []string
	// Plural is a guess of the resource's name, for those who do not know its definition; empty
	// for none.
	Plural string
	// LabelSelector and FieldSelector are sent to the API server.
	LabelSelector, FieldSelector string
	// Where is a CEL expression that chooses objects; empty for all.
	Where Expression
	// CommonLabels and Labels are labels of all families: constants, and read from the
	// object's root. Both are in the order of their names.
	CommonLabels []CommonLabel
	Labels       []PathLabel
	// Conditions adds the families of status.conditions.
	Conditions bool
	// Prefix begins the names of families, with its underscore; it may be empty. Family.Name
	// has it already.
	Prefix   string
	Families []Family
}

// A CommonLabel is a constant label.
type CommonLabel struct{ Name, Value string }

// A PathLabel is a label that is read from an object. A name that begins or ends with a star
// stands for all entries of a map.
type PathLabel struct {
	Name   string
	Source Source
	// Join is put between the elements of a list to make one text of it; nil writes it as
	// Go does, "[a b]".
	Join *string
}

// A Source says where a value is: at a path, or what an expression gives.
type Source struct {
	Path Path
	CEL  Expression
}

// An Expression is a CEL expression with its position, such as "crs.yaml:12:20". It is none if
// its Text is empty.
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
	// CommonLabels override those of the entry, and Labels those of the entry by name. They
	// are read from the object's root.
	CommonLabels []CommonLabel
	Labels       []PathLabel

	// Path leads to what makes series: a map, a list or a single value.
	Path Path
	// PathKeys are names of labels for the keys and indexes that each [*] of Path has matched,
	// in order; an empty name makes no label.
	PathKeys []string
	// Where is a CEL expression that chooses elements; empty for all.
	Where Expression
	// ElementLabels are read from the element.
	ElementLabels []PathLabel
	// KeyLabel is the label of the key of a map entry; empty for none.
	KeyLabel string
	// Value is where the value is, from the element. Info families have none.
	Value Source
	// NilIsZero has a missing value count as 0.
	NilIsZero bool
	// Parse says how texts become numbers.
	Parse Parsing
	// ListLabel and List are the label and the values of a state set.
	ListLabel string
	List      []string
	// ListNames are the values of ListLabel for those of List; nil if they are the same.
	ListNames []string
}

// Parsing says how texts become numbers.
type Parsing string

// The ways to parse texts. Numbers are those of the configuration's specification, in which
// "5m" is 0.005. Durations are such as 2160h or 15m, in seconds.
const (
	ParseNumber   Parsing = ""
	ParseDuration Parsing = "duration"
)

// DefaultPrefix begins the names of the families of an entry without metricNamePrefix.
const DefaultPrefix = "kube_customresource"
