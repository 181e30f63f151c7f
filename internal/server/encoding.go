package server

import (
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
)

// acceptsGzip says whether gzip is an acceptable encoding of the answer by the
// Accept-Encoding fields of a request (RFC 9110, section 12.5.3), and the client
// does not prefer to have the answer plain. A quality that cannot be read counts
// as 0: what is sent plain, everybody understands.
func acceptsGzip(fields []string) bool {
	qualities := map[string]float64{}
	for _, e := range exposition.ParseList(strings.Join(fields, ",")) {
		qualities[e.Value] = e.Quality
	}
	gzip, ok := qualities["gzip"]
	if !ok {
		gzip, ok = qualities["x-gzip"]
	}
	if !ok {
		gzip = qualities["*"]
	}
	identity, named := qualities["identity"]
	return gzip > 0 && (!named || gzip >= identity)
}
