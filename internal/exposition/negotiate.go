package exposition

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A Format is one of the forms in which an answer can be written.
type Format struct {
	// ContentType is the exact Content-Type of the answer.
	ContentType string
	// End is what follows the last family.
	End string
}

// Text is Prometheus text format 0.0.4, which every client reads.
var Text = Format{ContentType: "text/plain; version=0.0.4; charset=utf-8"}

func openMetrics(version, escaping string) Format {
	return Format{
		ContentType: "application/openmetrics-text; version=" + version + "; charset=utf-8; escaping=" + escaping,
		End:         "# EOF\n",
	}
}

// Negotiate gives the format for an Accept header: the first clause, by quality
// and then by how specific it is, that names a format this package writes. An
// empty header, or one that names none, gives Text. The escaping term of the
// content type repeats what the client asked for in a clause looked at so far;
// names never need escaping here, so the body is the same for all of them.
func Negotiate(accept string) Format {
	escaping := "underscores"
	for _, c := range clauses(accept) {
		if e := c.parameter("escaping"); slices.Contains(escapings, e) {
			escaping = e
		}
		switch c.media {
		case "application/openmetrics-text":
			switch c.parameter("version") {
			case "1.0.0":
				return openMetrics("1.0.0", escaping)
			case "", "0.0.1":
				return openMetrics("0.0.1", escaping)
			}
		case "text/plain":
			if v := c.parameter("version"); v == "" || v == "0.0.4" {
				return Text
			}
		case "application/vnd.google.protobuf":
			// Never written here. Such a client is served the old text, which
			// all that ask for protobuf read as well.
			if p := c.parameter("proto"); p == "" || p == "io.prometheus.client.MetricFamily" {
				return Text
			}
		}
	}
	return Text
}

var escapings = []string{"allow-utf-8", "underscores", "dots", "values"}

// A clause is one element of an Accept header.
type clause struct {
	media      string
	parameters []string // name=value, spaces and quotes taken off
	quality    float64
}

func (c clause) parameter(name string) string {
	for _, p := range c.parameters {
		if n, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}

// specificity ranks a/b over a/* over */*.
func (c clause) specificity() int {
	switch {
	case strings.HasPrefix(c.media, "*/"):
		return 0
	case strings.HasSuffix(c.media, "/*"):
		return 1
	default:
		return 2
	}
}

// clauses parses an Accept header: malformed elements and those of quality 0
// are left out, the rest stand in order of preference.
func clauses(accept string) []clause {
	var cs []clause
	for element := range strings.SplitSeq(accept, ",") {
		if c, ok := parseClause(element); ok {
			cs = append(cs, c)
		}
	}
	slices.SortStableFunc(cs, func(a, b clause) int {
		return cmp.Or(cmp.Compare(b.quality, a.quality), cmp.Compare(b.specificity(), a.specificity()))
	})
	return cs
}

func parseClause(element string) (clause, bool) {
	media, rest, _ := strings.Cut(element, ";")
	c := clause{media: strings.ToLower(strings.TrimSpace(media)), quality: 1}
	if !strings.Contains(c.media, "/") {
		return clause{}, false
	}
	for p := range strings.SplitSeq(rest, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(p), "=")
		if !ok {
			continue
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"`)
		if name != "q" {
			c.parameters = append(c.parameters, name+"="+value)
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return clause{}, false
		}
		c.quality = q
	}
	return c, c.quality > 0
}
