// Package generators turns a Kubernetes object into the exposition lines of its
// metric families.
//
// A resource is declared as a Table in a file of its own and listed in registry.go.
// A Registry holds the tables of a program, each checked by Validate. Compile binds a
// table to a Selection, the user's choice of families and labels, and gives a
// Renderer, which appends an object's lines to a buffer.
//
// Tables are values: no conditions, no configuration, no clock, no logging, no
// errors. Rows are total: any object that an API server sends renders. The Renderer
// recovers a panic of a row: the object has no lines of that family, and the panic is
// reported.
package generators
