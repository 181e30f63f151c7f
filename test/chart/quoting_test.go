package chart

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	action  = regexp.MustCompile(`(?s)\{\{-?\s*(.*?)\s*-?\}\}`)
	define  = regexp.MustCompile(`^define "(.+)"`)
	silent  = regexp.MustCompile(`^(if|else|end|range|with|define|fail|/\*|\$\w+ :?=)`)
	quoted  = regexp.MustCompile(`^(quote|int|toYaml|toJson) |\| (quote|int|toYaml|toJson)( \| nindent \d+)?$`)
	include = regexp.MustCompile(`^include "([^"]+)" [^|]*( \| (indent \d+|nindent \d+|trimPrefix " +"))*$`)
	nested  = regexp.MustCompile(`\([^()]*\)`)
)

// textual are the helpers that return text, not YAML: their callers quote it.
var textual = map[string]bool{
	"kubestate.name": true, "kubestate.fullname": true, "kubestate.namespace": true, "kubestate.account": true, "kubestate.image": true,
	"kubestate.resourcesArgument": true, "kubestate.customConfigMap": true, "kubestate.clustersName": true, "kubestate.customText": true,
	"kubestate.unknown": true, "kubestate.nearest": true, "kubestate.compatible": true, "kubestate.port": true, "kubestate.telemetryPort": true,
	"kubestate.containerName": true, "kubestate.telemetryName": true, "kubestate.timeout": true, "kubestate.milliseconds": true,
}

// TestTemplatesQuote holds that each action of a template is quoted, a number, or YAML of a helper.
func TestTemplatesQuote(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(chart, "templates", "*.[yt][ap][ml]*"))
	must(t, err)
	if len(paths) < 14 {
		t.Fatalf("%d templates", len(paths))
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		in := ""
		for number, line := range strings.Split(string(text), "\n") {
			for _, match := range action.FindAllStringSubmatch(line, -1) {
				body := match[1]
				if d := define.FindStringSubmatch(body); d != nil {
					in = d[1]
				}
				if silent.MatchString(body) || textual[in] || exceptions[body] {
					continue
				}
				for nested.MatchString(body) {
					body = nested.ReplaceAllString(body, "_")
				}
				if i := include.FindStringSubmatch(body); !quoted.MatchString(body) && (i == nil || textual[i[1]]) {
					t.Errorf("%s:%d: %s is not quoted", path, number+1, match[0])
				}
			}
		}
	}
}

// exceptions are actions whose text is a manifest or a constant.
var exceptions = map[string]bool{
	"$text": true, // of extraManifests
	`ternary "https" "http" .Values.tls.enabled`:                                          true,
	`ternary "60s" "5s" (and .Values.standby.enabled (not .Values.autosharding.enabled))`: true,
	". | nindent 4":      true, // of a helper
	"trim . | nindent 0": true,
	"trim . | nindent 2": true,
}
