package customresource_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

var odd = regexp.MustCompile(`[^a-zA-Z0-9_]`)

// labelNameOf returns a valid label name.
func labelNameOf(text string) string {
	name := odd.ReplaceAllString(text, "_")
	if name[0] >= '0' && name[0] <= '9' || name == "__name__" {
		return "_" + name
	}
	return name
}

// text returns the value of a label.
func (s sourceOf) text(value any) string {
	list, ok := value.([]any)
	if !ok || s.Join == nil {
		return fmt.Sprint(value)
	}
	var texts []string
	for _, element := range list {
		texts = append(texts, fmt.Sprint(element))
	}
	return strings.Join(texts, *s.Join)
}

// at returns the value at a path.
func at(from any, path []string) any {
	for _, step := range path {
		from = stepFrom(from, step)
	}
	return from
}

func stepFrom(from any, step string) any {
	bracketed := len(step) >= 2 && step[0] == '[' && step[len(step)-1] == ']'
	switch from := from.(type) {
	case map[string]any:
		if bracketed {
			return nil
		}
		if key, value, _ := strings.Cut(step, "="); strings.Count(step, "=") == 1 && from[key] == any(value) {
			return value
		}
		return from[step]
	case []any:
		if bracketed {
			key, value, _ := strings.Cut(step[1:len(step)-1], "=")
			for _, element := range from {
				if m, ok := element.(map[string]any); ok && equals(m[key], value) {
					return element
				}
			}
			return nil
		}
		if i, err := strconv.Atoi(step); err == nil {
			if i < 0 {
				i += len(from)
			}
			if i >= 0 && i < len(from) {
				return from[i]
			}
		}
	}
	return nil
}

// equals reports whether a lookup finds a value.
func equals(value any, text string) bool {
	if value == any(text) {
		return true
	}
	if is, ok := value.(bool); ok {
		if want, err := strconv.ParseBool(text); err == nil && is == want {
			return true
		}
	}
	n, ok := numberOf(value)
	want, wanted := numberOf(text)
	return ok && wanted && n == want
}

func (f *familyOf) number(value any) (float64, bool) {
	if value == nil {
		return 0, f.NilIsZero
	}
	if text, ok := value.(string); ok && f.Duration {
		d, err := time.ParseDuration(text)
		return d.Seconds(), err == nil
	}
	return numberOf(value)
}

var percentage = regexp.MustCompile(`^[0-9]+%$`)

func numberOf(value any) (float64, bool) {
	switch value := value.(type) {
	case bool:
		if value {
			return 1, true
		}
		return 0, true
	case int64:
		return float64(value), true
	case float64:
		return value, true
	case string:
		switch strings.ToLower(value) {
		case "true", "yes":
			return 1, true
		case "false", "no", "unknown":
			return 0, true
		}
		if t, err := time.Parse(time.RFC3339, value); err == nil {
			return float64(t.Unix()), true
		}
		if q, err := resource.ParseQuantity(value); err == nil {
			return q.AsApproximateFloat64(), true
		}
		if percentage.MatchString(value) {
			n, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
			return n / 100, err == nil
		}
		n, err := strconv.ParseFloat(value, 64)
		return n, err == nil
	}
	return 0, false
}
