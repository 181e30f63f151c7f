// Package celexpr compiles and evaluates CEL expressions over JSON objects.
//
//	Compile       text → Program, or an Error with its line and column
//	Decode        JSON → the value of a variable
//	Program.Eval  the variables → a value, or an error
//
// The variable object is the root of an object; self is the element that a value or a label is
// read from. Both are dynamic: their fields are checked at evaluation.
//
// The language is that of Kubernetes' validation rules, without the authorizer: CEL's standard
// library, optional values (object.?status.?replicas.orValue(0)), strings, sets, lists,
// comprehensions of two variables, and Kubernetes' functions for lists, regular expressions,
// URLs, IP addresses, CIDRs, quantities, formats and semantic versions. JSON numbers without
// fraction and exponent are ints, others doubles. Comparisons mix the two, arithmetic does not:
// double(object.spec.ratio) * 100.0.
//
// CostLimit bounds an evaluation. The first Compile builds the CEL environment.
package celexpr
