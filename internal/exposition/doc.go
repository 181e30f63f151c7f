// Package exposition encodes names, strings and numbers in the Prometheus text formats and in
// OpenMetrics, and negotiates the format by a request's Accept header.
//
// It does not know Kubernetes. Its encoders append to a buffer of the caller and allocate nothing
// else.
package exposition
