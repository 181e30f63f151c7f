package server

import (
	"strconv"
	"strings"
)

// acceptsGzip says whether gzip is an acceptable encoding of the answer by the
// Accept-Encoding fields of a request (RFC 9110, section 12.5.3), and the client
// does not prefer to have the answer plain.
func acceptsGzip(fields []string) bool {
	qualities := map[string]float64{}
	for _, field := range fields {
		for element := range strings.SplitSeq(field, ",") {
			coding, parameters, _ := strings.Cut(element, ";")
			if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "" {
				qualities[coding] = quality(parameters)
			}
		}
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

// quality is the q parameter, 1 if there is none. One that cannot be read counts
// as 0: what is sent plain, everybody understands.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}
