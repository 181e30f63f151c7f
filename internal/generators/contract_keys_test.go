package generators_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/generators"
)

// labels and annotations are the families of an object's labels and
// annotations. They are empty for a resource without an allowlist.
func labels(o object) []series {
	return allowed(o, "label", o.selection.Labels, o.at("metadata.labels"))
}

func annotations(o object) []series {
	return allowed(o, "annotation", o.selection.Annotations, o.at("metadata.annotations"))
}

func allowed(o object, prefix string, list generators.Allowlist, entries node) []series {
	patterns, ok := list[generators.AnyResource]
	if !ok {
		patterns = list[keyOf[o.resource]]
	}
	if len(patterns) == 0 {
		return nil
	}
	var keys []string
	for _, key := range entries.keys() {
		if slices.ContainsFunc(patterns, func(p string) bool { return p != "*" && matchesPattern(p, key) }) || patterns[0] == "*" {
			keys = append(keys, key)
		}
	}
	return one(1, dynamicLabels(prefix, entries, keys)...)
}

// keyOf returns the keys of resources by their names.
var keyOf = func() map[string]string {
	keys := map[string]string{}
	for _, r := range registry.Resources() {
		d := r.Describe()
		keys[d.Name] = d.Key
	}
	return keys
}()

// matchesPattern reports a match, where * is any run of characters except line feeds.
func matchesPattern(pattern, key string) bool {
	return matches.get(pattern+"\x00"+key, func() bool {
		expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `[^\n]*`)
		return regexp.MustCompile(`\A` + expression + `\z`).MatchString(key)
	})
}

// matches caches matches of patterns, labelNames label names by key: regular expressions take
// most of the time of the reference.
var (
	matches    memo[bool]
	labelNames memo[string]
)

// everyEntry is a family of a map to which no allowlist applies.
func everyEntry(prefix, path string) reference {
	return func(o object) []series {
		return one(1, dynamicLabels(prefix, o.at(path), o.at(path).keys())...)
	}
}

// dynamicLabels makes labels of the entries with the given sorted keys.
func dynamicLabels(prefix string, entries node, keys []string) []string {
	var names []string
	collisions := map[string]int{} // by the name wanted, the last suffix given
	for _, key := range keys {
		wanted := nameOf(prefix, key)
		_, collided := collisions[wanted]
		taken := slices.Index(names, wanted)
		if !collided && taken < 0 {
			names = append(names, wanted)
			continue
		}
		if !collided {
			names[taken] = nextFree(names, wanted, collisions)
		}
		names = append(names, nextFree(names, wanted, collisions))
	}
	var pairs []string
	for i, key := range keys {
		pairs = append(pairs, names[i], entries.key(key).text())
	}
	return pairs
}

// nextFree is the next name with a suffix that no entry has.
func nextFree(names []string, wanted string, collisions map[string]int) string {
	for {
		collisions[wanted]++
		name := fmt.Sprintf("%s_conflict%d", wanted, collisions[wanted])
		if !slices.Contains(names, name) {
			return name
		}
	}
}

var (
	outsideOfNames = regexp.MustCompile(`[^a-zA-Z0-9_]`)
	humps          = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

// sanitize replaces characters that are invalid in label names by underscores.
func sanitize(s string) string { return outsideOfNames.ReplaceAllString(s, "_") }

// snake converts camel case to snake case.
func snake(s string) string {
	return strings.ToLower(humps.ReplaceAllString(s, "${1}_${2}"))
}

// nameOf returns the label name of a key before conflicts are resolved.
func nameOf(prefix, key string) string {
	return prefix + "_" + labelNames.get(key, func() string { return snake(sanitize(key)) })
}
