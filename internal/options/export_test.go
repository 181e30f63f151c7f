package options

import (
	"strings"

	"github.com/kubestate/kubestate/internal/generators"
)

// ParseAllowlist is parseAllowlist with a type that tests can name.
func ParseAllowlist(s string) (map[string][]string, error) { return parseAllowlist(s) }

// ParseConfig reads the text of a configuration file and gives the options of it.
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

// CompilePatterns compiles a pattern in each of the languages.
func CompilePatterns(registry *generators.Registry, source string) (ecma, re2 []generators.Pattern, errECMA, errRE2 error) {
	ecma, errECMA = compileECMAScript("--flag", []string{source}, registry)
	re2, errRE2 = compileRE2("--flag", []string{source})
	return ecma, re2, errECMA, errRE2
}
