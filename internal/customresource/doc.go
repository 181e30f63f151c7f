// Package customresource builds tables of custom resources at run time, from a configuration in the
// format of kube-state-metrics and the kinds of an API server.
//
//	Parse    YAML → Config: valid entries and their families
//	Path     a value → a value within
//	Resolve  entries and kinds → tables, one for each resource and version
//
// A table reads the configured fields of an object's JSON, and renders the lines of all families.
package customresource
