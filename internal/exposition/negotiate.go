package exposition

import (
	"slices"
	"strings"
)

// A Format is an exposition format.
type Format struct {
	// ContentType is the Content-Type of the response.
	ContentType string
	// Typed says that the format has the types Info and StateSet.
	Typed bool
	// End is the trailer behind the last family.
	End string
}

// Text is Prometheus text format 0.0.4, which every client reads.
var Text = Format{ContentType: "text/plain; version=0.0.4; charset=utf-8"}

// escaped is Prometheus text format 1.0.0: the text of 0.0.4 with an escaping scheme.
func escaped(escaping string) Format {
	return Format{ContentType: "text/plain; version=1.0.0; charset=utf-8; escaping=" + escaping}
}

func openMetrics(version, escaping string) Format {
	return Format{
		ContentType: "application/openmetrics-text; version=" + version + "; charset=utf-8; escaping=" + escaping,
		Typed:       true,
		End:         "# EOF\n",
	}
}

// An offer is a format as Accept headers name it.
type offer struct {
	kind, subtype string
	versions      []string // as parameters; empty for none
	format        func(escaping string) Format
}

// offers are the available formats, by preference of the server. A name without a version means the
// oldest version, as it does for the clients that send such names.
var offers = []offer{
	{"text", "plain", []string{"0.0.4", ""}, func(string) Format { return Text }},
	{"application", "openmetrics-text", []string{"1.0.0"}, func(e string) Format { return openMetrics("1.0.0", e) }},
	{"application", "openmetrics-text", []string{"0.0.1", ""}, func(e string) Format { return openMetrics("0.0.1", e) }},
	{"text", "plain", []string{"1.0.0"}, escaped},
}

// escapings are the escaping schemes of names. Our names need no escaping, so that the text is the
// same for all schemes; the Content-Type repeats the scheme.
var escapings = []string{"underscores", "allow-utf-8", "dots", "values"}

// Negotiate returns the format for an Accept header by RFC 9110, section 12.5.1: the available format
// of the highest quality. The most specific range of a format determines its quality. Of equal
// quality, a named format precedes one by wildcard, and the first named one the others. If no format
// is acceptable, or the header is empty, the format is Text: an unexpected format helps a client more
// than none. Protobuf is not available.
func Negotiate(accept string) Format {
	ranges := parseRanges(accept)
	best, chosen := Text, match{}
	for _, o := range offers {
		if m := o.match(ranges); m.betterThan(chosen) {
			best, chosen = o.format(m.escaping()), m
		}
	}
	return best
}

// A match is the most specific range that names an offer.
type match struct {
	mediaRange
	specificity, position int
}

func (o offer) match(ranges []mediaRange) match {
	var best match
	for i, r := range ranges {
		if s := o.specificity(r); s > best.specificity {
			best = match{r, s, i}
		}
	}
	return best
}

// specificity returns 3 for a range that names the offer, 2 and 1 for a wildcard, 0 for another range.
func (o offer) specificity(r mediaRange) int {
	switch {
	case r.kind == "*" && r.subtype == "*":
		return 1
	case r.kind == o.kind && r.subtype == "*":
		return 2
	case r.kind == o.kind && r.subtype == o.subtype && slices.Contains(o.versions, r.parameters["version"]):
		return 3
	}
	return 0
}

func (m match) betterThan(other match) bool {
	switch {
	case m.quality != other.quality:
		return m.quality > other.quality
	case m.specificity != other.specificity:
		return m.specificity > other.specificity && m.quality > 0
	}
	return m.position < other.position && m.specificity == 3
}

func (m match) escaping() string {
	if e := m.parameters["escaping"]; slices.Contains(escapings, e) {
		return e
	}
	return escapings[0]
}

// A mediaRange is an element of an Accept header.
type mediaRange struct {
	kind, subtype string
	parameters    map[string]string
	quality       float64
}

// parseRanges parses an Accept header. It skips malformed elements.
func parseRanges(accept string) []mediaRange {
	var ranges []mediaRange
	for _, e := range ParseList(accept) {
		kind, subtype, ok := strings.Cut(e.Value, "/")
		if ok && e.Quality >= 0 {
			ranges = append(ranges, mediaRange{kind, subtype, e.Parameters, e.Quality})
		}
	}
	return ranges
}
