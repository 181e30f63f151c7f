// Package jsonobject parses Kubernetes objects from JSON and skips fields that nobody reads.
//
//	Object  an object with decoded metadata, otherwise JSON
//	List    a list of objects
//	Event   an event of a watch
//	Fields  the fields of an object to read
//	Tree    the values of these fields, in reused memory
package jsonobject
