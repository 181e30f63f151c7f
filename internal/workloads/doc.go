// Package workloads attributes pods to workloads: objects with their controller references go in,
// and lines of the derived families of pods come out.
//
// The workload of a pod is the last object of its chain of controllers, as the reference to it names
// it. An Index has the controller of each object that has one, by uid. An Owners feeds the index with
// the objects of one source; an object is in the index as long as a source has it. A Pods has the
// pods of one source, and a partition of the store with their lines: a pod is rendered again when
// its own controller changes, or one of the chain.
//
// References to kinds that Kinds lacks, and to objects that cannot be read, end the chain. To
// follow another kind, feed its objects to an Owners.
//
// All types may be used concurrently. The lock of the index is held while the lines of a change are
// rendered and stored, and never while a list is compressed.
package workloads
