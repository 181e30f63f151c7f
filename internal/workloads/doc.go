// Package workloads attributes pods to workloads: objects with their controller references go in,
// and lines of the derived families of pods come out.
//
// The workload of a pod is the last object of its chain of controllers, as the reference to it names
// it. An Index has the controller of each object that has one, by uid. An Owners feeds the index with
// the objects of one list and watch; an object is in the index as long as an Owners has it. A Pods
// renders the derived families of the pods in a partition of the store: with each change of a pod, and
// again when a controller of the chain changes. Pods of one controller are a group, which has one
// workload.
//
// References to kinds that Kinds lacks, and to objects that cannot be read, end the chain. To
// follow another kind, feed its objects to an Owners.
//
// All types may be used concurrently. The lock of the index is held while the lines of a change are
// rendered and stored, and never while a list is compressed.
package workloads
