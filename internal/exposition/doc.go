// Package exposition turns names, strings and numbers into the bytes of the
// Prometheus text format 0.0.4 and of OpenMetrics 1.0, and decides by a
// request's Accept header which of the two to send.
//
// It knows nothing of Kubernetes. Its functions append to a buffer that the
// caller owns and allocate nothing else.
package exposition
