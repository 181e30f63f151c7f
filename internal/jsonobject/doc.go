// Package jsonobject reads Kubernetes objects from JSON, without making a tree of what nobody
// asked for.
//
//	Object  an object whose metadata is decoded and whose rest is JSON
//	List    a list of them
//	Event   an event of a watch
//	Fields  which fields of an object to read
//	Tree    the values of these fields, in memory that is used again
package jsonobject
