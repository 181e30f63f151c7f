package server

import (
	"strings"

	"github.com/kubestate/kubestate/internal/cardinality"
	"github.com/kubestate/kubestate/internal/exposition"
)

// The formats of views.
const (
	formatText = "text"
	formatHTML = "html"
	formatJSON = "json"
)

// parseFormat returns the format of a parameter, or else the one that Accept fields prefer.
func parseFormat(parameter string, accept []string) (string, error) {
	switch parameter {
	case formatText, formatHTML, formatJSON:
		return parameter, nil
	case "":
		return acceptedFormat(accept), nil
	}
	return "", cardinality.Unknown("format", parameter, []string{formatText, formatHTML, formatJSON})
}

// acceptedFormat returns the format that Accept fields prefer: of formats of equal quality the first, and
// text for wildcards and for nothing.
func acceptedFormat(fields []string) string {
	kinds := map[string]string{
		"text/html": formatHTML, "application/json": formatJSON, "text/plain": formatText, "text/*": formatText, "*/*": formatText,
	}
	best, quality := formatText, 0.0
	for _, e := range exposition.ParseList(strings.Join(fields, ",")) {
		q := e.Quality
		if strings.HasSuffix(e.Value, "*") {
			q -= 1e-6 // a named format precedes
		}
		if format, ok := kinds[e.Value]; ok && q > quality {
			best, quality = format, q
		}
	}
	return best
}
