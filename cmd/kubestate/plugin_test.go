package main

import (
	"slices"
	"testing"
)

// TestArguments holds the arguments of each name of the program.
func TestArguments(t *testing.T) {
	f := func(line []string, want ...string) {
		t.Helper()
		if got := arguments(line); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	f([]string{"kubestate"})
	f([]string{"/bin/kubestate", "-v", "2"}, "-v", "2")
	f([]string{"kubestate", "answers", "-n", "shop"}, "answers", "-n", "shop")
	f([]string{"kubectl-kubestate"}, "answers")
	f([]string{"/home/a/.krew/bin/kubectl-kubestate", "-n", "shop"}, "answers", "-n", "shop")
	f([]string{"kubectl-kubestate.exe", "--output=json"}, "answers", "--output=json")
	f([]string{"kubectl-kubestate", "answers", "-n", "shop"}, "answers", "-n", "shop")
	f([]string{"kubectl-kubestate", "version"}, "version")
	f([]string{"/kubectl-kubestate/kubestate", "-v"}, "-v")
}
