// Package server answers HTTP requests: scrapes from what the store holds, and
// on a port of its own the program's own metrics, readiness and profiles.
package server
