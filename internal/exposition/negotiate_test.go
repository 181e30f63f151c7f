package exposition_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/exposition"
)

// Media types of scrapers, and formats of responses.
const (
	om1   = "application/openmetrics-text;version=1.0.0"
	om0   = "application/openmetrics-text;version=0.0.1"
	text0 = "text/plain;version=0.0.4"
	proto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

var (
	plainText = exposition.Format{ContentType: "text/plain; version=0.0.4; charset=utf-8"}

	openMetrics1     = openMetrics("1.0.0", "underscores")
	openMetrics1UTF8 = openMetrics("1.0.0", "allow-utf-8")
	openMetrics0     = openMetrics("0.0.1", "underscores")
)

func openMetrics(version, escaping string) exposition.Format {
	return exposition.Format{
		ContentType: "application/openmetrics-text; version=" + version + "; charset=utf-8; escaping=" + escaping,
		Typed:       true,
		End:         "# EOF\n",
	}
}

// text1 is text format 1.0.0.
func text1(escaping string) exposition.Format {
	return exposition.Format{ContentType: "text/plain; version=1.0.0; charset=utf-8; escaping=" + escaping}
}

// negotiate returns a function that compares the format of an Accept header.
func negotiate(t *testing.T) func(accept string, want exposition.Format) {
	return func(accept string, want exposition.Format) {
		t.Helper()
		if d := cmp.Diff(want, exposition.Negotiate(accept)); d != "" {
			t.Errorf("Accept: %s (-want +got):\n%s", accept, d)
		}
	}
}

// TestNegotiateWithScrapers has the headers of scrapers in the field.
func TestNegotiateWithScrapers(t *testing.T) {
	f := negotiate(t)
	// Prometheus 3 and the OpenTelemetry receiver.
	f(om1+";escaping=allow-utf-8;q=0.7,"+om0+";q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,"+text0+";q=0.4,*/*;q=0.3", openMetrics1UTF8)
	// Prometheus 3 without UTF-8 names.
	f(om1+";escaping=underscores;q=0.7,"+om0+";q=0.6,text/plain;version=1.0.0;escaping=underscores;q=0.5,"+text0+";q=0.4,*/*;q=0.3", openMetrics1)
	// Prometheus 2.42.
	f(om1+","+om0+";q=0.75,"+text0+";q=0.5,*/*;q=0.1", openMetrics1)
	// Prometheus 3 and Categraf with protobuf first.
	f(proto+";q=0.6,"+om1+";escaping=allow-utf-8;q=0.5,"+om0+";q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"+text0+";q=0.2,*/*;q=0.1", openMetrics1UTF8)
	f(proto+";q=0.7,"+text0+";q=0.3", plainText)
	// Prometheus 3 with one format alone.
	f("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.2,*/*;q=0.1", text1("allow-utf-8"))
	f(om0+";q=0.2,*/*;q=0.1", openMetrics0)
	f(proto+";q=0.2,*/*;q=0.1", plainText)
	// vmagent and VictoriaMetrics.
	f(text0+";q=1", plainText)
	f("text/plain;version=0.0.4;q=1,*/*;q=0.1", plainText)
	// New Relic.
	f("text/plain", plainText)
	// Alloy.
	f(om1+","+om0+";q=0.8,"+text0+";q=0.6", openMetrics1)
	f(om1+";escaping=allow-utf-8;q=0.6,"+om0+";q=0.5,"+text0+";q=0.4,*/*;q=0.3", openMetrics1UTF8)
	// curl, and no header at all.
	f("*/*", plainText)
	f("", plainText)
	// A browser.
	f("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", plainText)
}

func TestNegotiateVersions(t *testing.T) {
	f := negotiate(t)
	f("application/openmetrics-text", openMetrics0)
	f(om0, openMetrics0)
	f(om1, openMetrics1)
	f("application/openmetrics-text;version=2.0.0", plainText)
	f("application/openmetrics-text;version=1.0", plainText)
	f("application/openmetrics-text;version=2.0.0,"+om1+";q=0.1", openMetrics1)
	f("text/plain;version=0.0.4", plainText)
	f("text/plain,"+om1+";q=0.5", plainText)
	f("text/plain;version=1.0.0", text1("underscores"))
	f("text/plain;version=1.0.0,"+om0+";q=0.5", text1("underscores"))
	f("text/plain;version=1.0.0;q=0.5,text/plain", plainText)
	f("text/plain;version=1.0.0,text/plain;q=0.5", text1("underscores"))
	f("text/plain;version=2.0.0,"+om0+";q=0.5", openMetrics0)
	f("application/json,"+om1+";q=0.1", openMetrics1)
	f("application/openmetrics,"+om1+";q=0.1", openMetrics1)
	// Protobuf is not available.
	f("application/vnd.google.protobuf;proto=other.Message;encoding=delimited,"+om1+";q=0.5", openMetrics1)
	f("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text,"+om1+";q=0.5", openMetrics1)
	f("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text,"+om1+";q=0.5", openMetrics1)
	f(proto, plainText)
	f(proto+","+text0+";q=0.3,"+om1+";q=0.2", plainText)
	f(proto+","+text0+";q=0.2,"+om1+";q=0.3", openMetrics1)
}

func TestNegotiateOrder(t *testing.T) {
	f := negotiate(t)
	// By quality, by default 1.
	f(om1+";q=0.5,"+text0+";q=0.6", plainText)
	f(om1+";q=0.6,"+text0+";q=0.5", openMetrics1)
	f(text0+";q=0.9,"+om1, openMetrics1)
	f(om1+";q=0.999,"+om0, openMetrics0)
	// Of equal quality, by order.
	f(om0+","+om1, openMetrics0)
	f(om1+","+om0, openMetrics1)
	f(text0+","+om1, plainText)
	f("text/plain;version=1.0.0,"+text0, text1("underscores"))
	// Quality 0 is not acceptable.
	f(om1+";q=0", plainText)
	f(om1+";q=0.0,"+om0+";q=0.1", openMetrics0)
	f(om1+";q=0.001", openMetrics1)
	f("text/plain;q=0", plainText) // the fallback
	f("text/plain;q=0,*/*", openMetrics1)
	f("text/plain;q=0,text/*", text1("underscores"))
	f("application/*;q=0,text/*;q=0", plainText)
}

func TestNegotiateWildcards(t *testing.T) {
	f := negotiate(t)
	f("*/*", plainText)
	f("text/*", plainText)
	f("application/*", openMetrics1)
	f("application/*,text/*", plainText)
	f("application/*,text/*;q=0.9", openMetrics1)
	f("image/*", plainText)
	f("*/plain", plainText)
	f("*/openmetrics-text", plainText)
	// A wildcard has the quality for formats that no range names.
	f("*/*,"+om1+";q=0.1", plainText)
	f("text/*,"+om1+";q=0.1", plainText)
	f("*/*;q=0.1,"+om1+";q=0.2", openMetrics1)
	f("*/*,text/*;q=0.5", openMetrics1)
	f("*/*;q=0.5,text/*", plainText)
	f("*/*,"+text0+";q=0.5,"+om1+";q=0.5", openMetrics0)
	// Of equal quality, a named format precedes.
	f("*/*,"+om1, openMetrics1)
	f("*/*,application/*", openMetrics1)
	f(strings.Repeat("*/*,text/html;q=0.5,", 20)+om0+","+om1, openMetrics0)
	f(om0+","+strings.Repeat("*/*,text/html,", 20)+om1, openMetrics0)
}

func TestNegotiateEscaping(t *testing.T) {
	f := negotiate(t)
	f(om1+";escaping=allow-utf-8", openMetrics1UTF8)
	f(om1+";escaping=underscores", openMetrics1)
	f(om1+";escaping=dots", openMetrics("1.0.0", "dots"))
	f(om1+";escaping=values", openMetrics("1.0.0", "values"))
	f(om0+";escaping=values", openMetrics("0.0.1", "values"))
	f("text/plain;version=1.0.0;escaping=dots", text1("dots"))
	f(om1+";escaping=other", openMetrics1)
	f(om1+";escaping=", openMetrics1)
	f(om1+";escaping=Dots", openMetrics1)
	// Format 0.0.4 has no escaping scheme.
	f("text/plain;escaping=allow-utf-8", plainText)
	f(text0+";escaping=allow-utf-8", plainText)
	// The range of the format has the scheme.
	f("text/plain;version=1.0.0;escaping=dots;q=0.5,"+om1, openMetrics1)
	f("text/plain;version=1.0.0;escaping=dots;q=0.5,"+om1+";escaping=values", openMetrics("1.0.0", "values"))
	f("*/*;escaping=dots,"+om1, openMetrics1)
	f("application/*;escaping=dots", openMetrics("1.0.0", "dots"))
}

func TestNegotiateSyntax(t *testing.T) {
	f := negotiate(t)
	f(" application/openmetrics-text ; version = 1.0.0 ; q = 0.5 ", openMetrics1)
	f(`application/openmetrics-text;version="1.0.0"`, openMetrics1)
	f("Application/OpenMetrics-Text;VERSION=1.0.0;Q=0.5", openMetrics1)
	f(om1+";Q=0.5,"+om0, openMetrics0)
	f(om1+";charset=utf-8", openMetrics1)
	f(om1+";", openMetrics1)
	f(om1+";flag", openMetrics1)
	f(","+om1+",,", openMetrics1)
	f("application/openmetrics-text;version=1.0.0;version=0.0.1", openMetrics1)
	f("application/openmetrics-text;q=0.5;version=1.0.0", openMetrics1)
	f(`application/openmetrics-text;x="a,b;version=0.0.1\"";version=1.0.0`, openMetrics1)
	f(`application/openmetrics-text;version="1.0\.0"`, openMetrics1)
	f(`application/openmetrics-text;version="1.0.0,text/plain`, plainText)
	// Malformed elements are skipped.
	f("openmetrics,"+om0, openMetrics0)
	f("openmetrics;escaping=dots,"+om1, openMetrics1)
	f("text,*/", plainText)
	f(";version=1.0.0", plainText)
	f(om1+";q=high,"+om0+";q=0.1", openMetrics0)
	f(om1+";q=,"+om0+";q=0.1", openMetrics0)
	f(om1+";q=2,"+om0+";q=0.1", openMetrics0)
	f(om1+";q=-1,"+om0+";q=0.1", openMetrics0)
	f(om1+";q=NaN,"+om0+";q=0.1", openMetrics0)
	f(om1+";q=Inf,"+om0+";q=0.1", openMetrics0)
}

// knownType matches every Content-Type of a response.
var knownType = regexp.MustCompile(`\A(text/plain; version=0\.0\.4; charset=utf-8` +
	`|(text/plain; version=1\.0\.0|application/openmetrics-text; version=(1\.0\.0|0\.0\.1)); charset=utf-8; escaping=(allow-utf-8|underscores|dots|values))\z`)

// FuzzNegotiate expects an available format for any header.
func FuzzNegotiate(f *testing.F) {
	f.Add("")
	f.Add("*/*")
	f.Add(om1 + ";escaping=allow-utf-8;q=0.7," + om0 + ";q=0.6,text/plain;version=1.0.0;q=0.5," + text0 + ";q=0.4,*/*;q=0.3")
	f.Add(proto + ";q=0.7," + text0 + ";q=0.3")
	f.Add(`application/openmetrics-text;version="1.0.0";escaping=values` + "\r\nX: y")
	f.Add(";=,/;q=,a/b;q=1e400;;=;escaping")
	f.Fuzz(func(t *testing.T, accept string) {
		format := exposition.Negotiate(accept)
		if !knownType.MatchString(format.ContentType) {
			t.Errorf("Accept: %q: Content-Type is %q", accept, format.ContentType)
		}
		open, end := strings.HasPrefix(format.ContentType, "application/openmetrics-text;"), ""
		if open {
			end = "# EOF\n"
		}
		if format.End != end || format.Typed != open {
			t.Errorf("Accept: %q: %+v", accept, format)
		}
	})
}
