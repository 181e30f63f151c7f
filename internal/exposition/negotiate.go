package exposition

import (
	"slices"
	"strings"
)

// A Format is one of the forms in which an answer can be written.
type Format struct {
	// ContentType is the exact Content-Type of the answer.
	ContentType string
	// Typed says that the format has the types Info and StateSet.
	Typed bool
	// End is what follows the last family.
	End string
}

// Text is Prometheus text format 0.0.4, which every client reads.
var Text = Format{ContentType: "text/plain; version=0.0.4; charset=utf-8"}

// escaped is Prometheus text format 1.0.0: the text of 0.0.4, and a word on how
// names are escaped that the old form has no room for.
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

// offers are the formats written here, the first before the next for a client
// that finds them equally good. A name without a version is that of the oldest,
// as the clients have it that send such names.
var offers = []offer{
	{"text", "plain", []string{"0.0.4", ""}, func(string) Format { return Text }},
	{"application", "openmetrics-text", []string{"1.0.0"}, func(e string) Format { return openMetrics("1.0.0", e) }},
	{"application", "openmetrics-text", []string{"0.0.1", ""}, func(e string) Format { return openMetrics("0.0.1", e) }},
	{"text", "plain", []string{"1.0.0"}, escaped},
}

// escapings are how clients may want names escaped that are no names in their
// format. Every name here is one in every format, so the text is the same for
// all of them; the answer's Content-Type has to repeat the term.
var escapings = []string{"underscores", "allow-utf-8", "dots", "values"}

// Negotiate gives the format for an Accept header by RFC 9110, section 12.5.1:
// of the formats written here the one of the highest quality. What a range that
// names it says of a format counts more than what wildcards say. Of equally
// good formats those win that are named, and among them the one named first.
// Where nothing is acceptable, or the header is empty, the format is Text, for
// a page that a client does not expect helps it more than none.
//
// Protobuf is never written: a client that prefers it gets the best of the rest
// that it accepts.
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

// specificity ranks how closely r names the offer: */* is 1, 0 that it does not.
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

// A mediaRange is one element of an Accept header.
type mediaRange struct {
	kind, subtype string
	parameters    map[string]string
	quality       float64
}

// parseRanges reads an Accept header. Elements that are not of its form are
// left out.
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
