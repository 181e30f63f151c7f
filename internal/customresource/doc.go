// Package customresource makes tables of custom resources at run time, from a configuration in
// the format of kube-state-metrics and the kinds that an API server has.
//
//	Config   entries and families, parsed from YAML and valid
//	Path     leads from a value to a value within
//	Tables   entries and kinds → tables, one for each resource and version
//
// A table reads of the JSON of an object what its entries name, and renders the lines of all
// families.
package customresource
