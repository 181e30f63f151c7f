package options

import (
	"strings"

	"github.com/kubestate/kubestate/internal/generators"
)

// ParseAllowlist is parseAllowlist with an exported type.
func ParseAllowlist(s string) (map[string][]string, error) { return parseAllowlist(s) }

// ParseConfig returns the options of the text of a configuration file.
func ParseConfig(registry *generators.Registry, text string) (Options, error) {
	v := values{registry: registry}
	flags := v.flags()
	root, err := parseConfig(strings.NewReader(text))
	if err == nil {
		err = setFlags(root, flags)
	}
	if err != nil {
		return Options{}, err
	}
	return v.options()
}

// CompilePatterns compiles a pattern in both languages.
func CompilePatterns(registry *generators.Registry, source string) (ecma, re2 []generators.Pattern, errECMA, errRE2 error) {
	ecma, errECMA = compileECMAScript("--flag", []string{source}, registry)
	re2, errRE2 = compileRE2("--flag", []string{source})
	return ecma, re2, errECMA, errRE2
}

// ParseClusters is parseClusters of a text.
func ParseClusters(registry *generators.Registry, text string) ([]Cluster, error) {
	return parseClusters(registry, []byte(text))
}
