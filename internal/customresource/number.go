package customresource

import (
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// number converts a boolean, number or string to a number; not ok for null, maps and lists.
func number(v jsonobject.Value) (n float64, ok bool) {
	switch v.Kind() {
	case jsonobject.True:
		return 1, true
	case jsonobject.False:
		return 0, true
	case jsonobject.Number:
		return numeral(v.Text()), true
	case jsonobject.String:
		return parseNumber(v.Text())
	}
	return 0, false
}

// numeral returns the value of a JSON number. A number out of range is infinite.
func numeral(digits string) float64 {
	if n, ok := integer(digits); ok {
		return float64(n)
	}
	n, _ := strconv.ParseFloat(digits, 64)
	return n
}

// integer returns the value of a 64-bit integer. Fractions are not parsed: the error would be an
// allocation.
func integer(digits string) (n int64, ok bool) {
	if strings.ContainsAny(digits, ".eE") {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

// parseNumber converts a string: boolean words, times to Unix seconds, quantities, whole percentages
// to fractions, and Go's floating-point literals.
func parseNumber(s string) (n float64, ok bool) {
	switch {
	case strings.EqualFold(s, "true"), strings.EqualFold(s, "yes"):
		return 1, true
	case strings.EqualFold(s, "false"), strings.EqualFold(s, "no"), strings.EqualFold(s, "unknown"):
		return 0, true
	}
	if mayBeTime(s) {
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return float64(t.Unix()), true
		}
	}
	if q, err := resource.ParseQuantity(s); err == nil {
		return q.AsApproximateFloat64(), true
	}
	if digits, isPercent := strings.CutSuffix(s, "%"); isPercent {
		if strings.Trim(digits, "0123456789") != "" {
			return 0, false
		}
		n, err := strconv.ParseFloat(digits, 64)
		return n / 100, err == nil
	}
	if s == "" || !strings.Contains("+-.0123456789iInN", s[:1]) {
		return 0, false // ParseFloat's error would be an allocation
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// mayBeTime reports whether s looks like a time: time.Parse's error would be an allocation.
func mayBeTime(s string) bool {
	return len(s) >= len("2006-01-02T3:04:05Z") && s[4] == '-' && s[10] == 'T'
}

// parseDuration converts a duration such as 2160h or 1m30s to seconds.
func parseDuration(s string) (n float64, ok bool) {
	d, err := time.ParseDuration(s)
	return d.Seconds(), err == nil
}
