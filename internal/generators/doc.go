// Package generators turns a Kubernetes object into the exposition lines of its
// metric families.
//
// A resource is declared as a Table in a file of its own and listed in all.go.
// Compile binds a table to a Selection, the user's choice of families and
// labels, and gives a Renderer, which appends an object's lines to a buffer.
//
// Tables are values: no conditions, no configuration, no clock, no logging, no
// errors. Rows are total: whatever object an API server sends renders. Where a
// row would panic all the same, the Renderer drops that family of that object
// and reports it.
package generators
