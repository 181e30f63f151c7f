package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/options"
)

// pluginName is the name of the program by which kubectl finds it.
const pluginName = "kubectl-kubestate"

// arguments returns the arguments of a command line. Under the plugin's name, the default command is answers.
func arguments(line []string) []string {
	name, args := line[0], line[1:]
	if strings.TrimSuffix(filepath.Base(name), ".exe") == pluginName && (len(args) == 0 || strings.HasPrefix(args[0], "-")) {
		return slices.Concat([]string{string(options.Answers)}, args)
	}
	return args
}
