package celexpr_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/celexpr"
)

const widget = `{
	"apiVersion": "example.com/v1",
	"kind": "Widget",
	"metadata": {"name": "w", "labels": {"app.kubernetes.io/name": "w", "tier": "a"}, "creationTimestamp": "2026-01-02T03:04:05Z"},
	"spec": {
		"replicas": 3, "ratio": 0.5, "whole": 1.0, "huge": 100000000000000000000, "paused": false, "none": null,
		"memory": "1Gi", "address": "10.1.2.3", "range": "10.0.0.0/8", "endpoint": "https://example.com:8443/a?b=c", "version": "1.2.3",
		"period": "1h30m", "text": "a\nb", "ports": [80, 443], "tags": ["b", "a"], "nested": {"x": {"y": 1}, "z": {"y": 2}}
	},
	"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Stalled", "status": "False"}]}
}`

// condition is an element for self.
const condition = `{"type": "Ready", "status": "True", "n": 7}`

func decode(t testing.TB, text string) any {
	t.Helper()
	value, err := celexpr.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func variables(t testing.TB) celexpr.Variables {
	t.Helper()
	return celexpr.Variables{Object: decode(t, widget), Self: decode(t, condition)}
}

func TestEval(t *testing.T) {
	vars := variables(t)
	f := func(text string, want any) {
		t.Helper()
		p, err := celexpr.Compile(text, celexpr.Any)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := p.Eval(vars)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	list := func(values ...any) []any { return values }

	// Types of JSON.
	f(`object.spec.replicas`, int64(3))
	f(`object.spec.ratio`, 0.5)
	f(`object.spec.whole`, 1.0)
	f(`object.spec.huge`, 1e20)
	f(`object.spec.paused`, false)
	f(`object.spec.none`, nil)
	f(`object.spec.text`, "a\nb")
	f(`object.spec.ports`, list(int64(80), int64(443)))
	f(`object.spec.nested.x`, map[string]any{"y": int64(1)})
	f(`object["spec"]["replicas"]`, int64(3))
	f(`object.metadata.labels["app.kubernetes.io/name"]`, "w")
	f(`object.status.conditions[0].type`, "Ready")
	f(`self.n + object.spec.replicas`, int64(10))

	// Other types.
	f(`7u`, int64(7))
	f(`18446744073709551615u`, float64(math.MaxUint64))
	f(`b"abc"`, "YWJj")
	f(`timestamp("2026-01-02T03:04:05.5+01:00")`, "2026-01-02T02:04:05.5Z")
	f(`timestamp(object.metadata.creationTimestamp).getFullYear()`, int64(2026))
	f(`duration(object.spec.period)`, 5400.0)
	f(`object.?status.?replicas`, nil)
	f(`object.?spec.?replicas`, int64(3))
	f(`{1: "a", 2: "b"}`, map[string]any{"1": "a", "2": "b"})
	f(`{true: [1u]}`, map[string]any{"true": list(int64(1))})
	f(`google.protobuf.Int32Value{value: 1}`, int64(1))

	// Optional values.
	f(`object.?status.?replicas.orValue(0)`, int64(0))
	f(`object.?spec.?replicas.orValue(0)`, int64(3))
	f(`object.?status.?conditions[?5].?type.orValue("none")`, "none")
	f(`has(object.spec.absent)`, false)
	f(`optional.none()`, nil)
	f(`[?object.?spec.?absent, ?object.?spec.?ratio]`, list(0.5))

	// Kubernetes' functions.
	f(`quantity("1Ki").asInteger()`, int64(1024))
	f(`quantity(object.spec.memory).isGreaterThan(quantity("512Mi"))`, true)
	f(`quantity("1500m")`, "1500m")
	f(`quantity("1Ki").add(quantity("1Ki"))`, "2Ki")
	f(`quantity("50m").asApproximateFloat()`, 0.05)
	f(`isQuantity("x")`, false)
	f(`isIP(object.spec.address)`, true)
	f(`ip(object.spec.address)`, "10.1.2.3")
	f(`ip("2001:DB8::0:1").family()`, int64(6))
	f(`ip("2001:DB8::0:1")`, "2001:db8::1")
	f(`cidr(object.spec.range).containsIP(ip(object.spec.address))`, true)
	f(`cidr("10.0.0.0/8")`, "10.0.0.0/8")
	f(`url(object.spec.endpoint).getHost()`, "example.com:8443")
	f(`url("https://example.com/a")`, "https://example.com/a")
	f(`isURL("::")`, false)
	f(`semver(object.spec.version)`, "1.2.3")
	f(`semver("1.10.0").compareTo(semver("1.9.0"))`, int64(1))
	f(`"abc 123".find("[0-9]+")`, "123")
	f(`"a1b2".findAll("[0-9]")`, list("1", "2"))
	f(`object.spec.text.matches("^a")`, true)
	f(`format.dns1123Label().validate("a-b").hasValue()`, false)
	f(`object.spec.ports.sum()`, int64(523))
	f(`object.spec.ports.max()`, int64(443))
	f(`object.spec.tags.isSorted()`, false)

	// Sets, lists, strings, comprehensions.
	f(`sets.contains(object.spec.ports, [80])`, true)
	f(`sets.intersects(object.spec.tags, ["c"])`, false)
	f(`object.spec.ports.map(p, p * 2)`, list(int64(160), int64(886)))
	f(`object.spec.ports + [8080]`, list(int64(80), int64(443), int64(8080)))
	f(`object.status.conditions.filter(c, c.status == "True").map(c, c.type)`, list("Ready"))
	f(`object.status.conditions.exists(c, c.type == "Ready" && c.status == "True")`, true)
	f(`object.spec.nested.all(k, object.spec.nested[k].y > 0)`, true)
	f(`object.spec.nested.transformMap(k, v, v.y)`, map[string]any{"x": int64(1), "z": int64(2)})
	f(`lists.range(3)`, list(int64(0), int64(1), int64(2)))
	f(`dyn([3, 1]).sort()`, list(int64(1), int64(3)))
	f(`"%s-%d".format([self.type, self.n])`, "Ready-7")
	f(`"a,b".split(",")`, list("a", "b"))
	f(`["a", "b"].join("/")`, "a/b")

	// Ints and doubles.
	f(`object.spec.replicas > 2.5`, true)
	f(`object.spec.whole == 1`, true)
	f(`double(object.spec.replicas) * 1.5`, 4.5)
}

// TestCompileErrors holds positions and messages of compile errors.
func TestCompileErrors(t *testing.T) {
	f := func(text string, result celexpr.Result, want string) {
		t.Helper()
		_, err := celexpr.Compile(text, result)
		e, ok := errors.AsType[*celexpr.Error](err)
		if !ok {
			t.Errorf("%q: %v, want an Error", text, err)
		} else if got := e.Error(); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
	const expecting = " expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

	f("", celexpr.Any, "1:1: Syntax error: mismatched input '<EOF>'"+expecting)
	f("1 +", celexpr.Any, "1:4: Syntax error: mismatched input '<EOF>'"+expecting)
	f("(1", celexpr.Any, "1:3: Syntax error: missing ')' at '<EOF>'")
	f("foo", celexpr.Any, "1:1: undeclared reference to 'foo'")
	f("object.x +\n  foo(1)", celexpr.Any, "2:6: undeclared reference to 'foo'")
	f(`"é" + foo`, celexpr.Any, "1:7: undeclared reference to 'foo'")
	f("second + first", celexpr.Any, "1:1: undeclared reference to 'second'")
	f("\"a\n\"", celexpr.Any, "1:1: Syntax error: token recognition error at: '\"a '")
	f(`1 + "a"`, celexpr.Any, "1:3: found no matching overload for '_+_' applied to '(int, string)'")
	f(`[1, "a"]`, celexpr.Any, "1:5: expected type 'int' but found 'string'")
	f(`duration("x")`, celexpr.Any, "1:10: invalid duration argument")
	f(`object.s.matches("(")`, celexpr.Any, "1:18: error parsing regexp: missing closing ): `(`")
	f(`matches(object.s, "(")`, celexpr.Any, "1:19: error parsing regexp: missing closing ): `(`")
	f(`object.s.find("[0")`, celexpr.Any, "1:15: error parsing regexp: missing closing ]: `[0`")
	f(`object.s.findAll("*", 1)`, celexpr.Any, "1:18: error parsing regexp: missing argument to repetition operator: `*`")
	f("authorizer.path('/')", celexpr.Any, "1:1: undeclared reference to 'authorizer'")

	// Types without values.
	f("type(1)", celexpr.Any, "1:1: expression has type type(int), want JSON value")
	f("[type(1)]", celexpr.Any, "1:1: expression has type list(type(int)), want JSON value")
	f("format.dns1123Label()", celexpr.Any, "1:1: expression has type kubernetes.NamedFormat, want JSON value")
	f("google.protobuf.Empty{}", celexpr.Any, "1:1: expression has type google.protobuf.Empty, want JSON value")
	f("[1]", celexpr.Scalar, "1:1: expression has type list(int), want scalar")
	f("{'a': 1}", celexpr.Scalar, "1:1: expression has type map(string, int), want scalar")
	f("size(object.l)", celexpr.Bool, "1:1: expression has type int, want bool")
	f("object.?spec.?paused", celexpr.Bool, "1:1: expression has type optional_type(dyn), want bool")
	f("quantity('1')", celexpr.Bool, "1:1: expression has type kubernetes.Quantity, want bool")
}

func TestResult(t *testing.T) {
	f := func(text string, results ...celexpr.Result) {
		t.Helper()
		for _, r := range results {
			if _, err := celexpr.Compile(text, r); err != nil {
				t.Errorf("%s as %s: %v", text, r, err)
			}
		}
	}
	f("object.a", celexpr.Any, celexpr.Scalar, celexpr.Bool)
	f("object.a == 1", celexpr.Any, celexpr.Scalar, celexpr.Bool)
	f("size(object.l) + 1", celexpr.Any, celexpr.Scalar)
	f("quantity(object.q)", celexpr.Any, celexpr.Scalar)
	f("object.?a", celexpr.Any, celexpr.Scalar)
	f("null", celexpr.Any, celexpr.Scalar)
	f("[quantity('1')]", celexpr.Any)
	f("[]", celexpr.Any)
}

func TestEvalErrors(t *testing.T) {
	vars := variables(t)
	f := func(text, want string) {
		t.Helper()
		p, err := celexpr.Compile(text, celexpr.Any)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		value, err := p.Eval(vars)
		if err == nil {
			t.Errorf("%s: %v, want an error", text, value)
		} else if got := err.Error(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	f(`object.absent`, "1:7: no such key: absent")
	f(`1 +
	object.spec.absent`, "2:13: no such key: absent")
	f(`object.spec.replicas + 1.0`, "1:22: no such overload")
	f(`object.spec.ports[7]`, "1:18: index out of bounds: 7")
	f(`1 / 0`, "1:3: division by zero")
	f(`int(object.spec.text)`, "1:4: type conversion error from 'string' to 'int'")
	f(`ip(object.spec.text)`, `1:3: IP Address "a\nb" parse error during conversion from string: ParseAddr("a\nb"): unable to parse IP`)
	f(`{dyn(1): 1, dyn("1"): 2}`, `result has two keys "1"`)
	f(`dyn(type(1))`, "result has type type, want JSON value")
	f(`[dyn(format.dns1123Label())]`, "result has type kubernetes.NamedFormat, want JSON value")
}

// TestErrorsAreShort holds that an error does not quote a long string of an object.
func TestErrorsAreShort(t *testing.T) {
	p, err := celexpr.Compile(`object[self]`, celexpr.Any)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Eval(celexpr.Variables{Object: map[string]any{}, Self: strings.Repeat("é\n", 100000)})
	if err == nil || len(err.Error()) > 350 || !strings.HasSuffix(err.Error(), "...") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%.1000v", err)
	}
}

func TestBool(t *testing.T) {
	vars := variables(t)
	f := func(text string, want bool, wantErr string) {
		t.Helper()
		p, err := celexpr.Compile(text, celexpr.Bool)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got, err := p.Bool(vars)
		if message := fmt.Sprint(err); got != want || message != wantErr {
			t.Errorf("%s: %v, %s; want %v, %s", text, got, message, want, wantErr)
		}
	}
	f(`object.spec.paused`, false, "<nil>")
	f(`self.status == "True"`, true, "<nil>")
	f(`object.?spec.?absent.orValue(true)`, true, "<nil>")
	f(`object.spec.none`, false, "result has type null_type, want bool")
	f(`object.spec.replicas`, false, "result has type int, want bool")
	f(`dyn(object.?spec.?paused)`, false, "result has type optional_type, want bool")
	f(`object.absent`, false, "1:7: no such key: absent")
}

// TestCostLimit holds that expensive evaluations end with ErrCostLimit.
func TestCostLimit(t *testing.T) {
	items := make([]any, 2000)
	for i := range items {
		items[i] = int64(i)
	}
	vars := celexpr.Variables{Object: map[string]any{"items": items, "text": strings.Repeat("a", 100000), "pattern": strings.Repeat("a?", 400)}}
	f := func(text string) {
		t.Helper()
		p, err := celexpr.Compile(text, celexpr.Any)
		if err != nil {
			t.Errorf("%.100s: %v", text, err)
			return
		}
		if _, err := p.Eval(vars); !errors.Is(err, celexpr.ErrCostLimit) {
			t.Errorf("%.100s: %v", text, err)
		}
		if _, err := p.Bool(vars); !errors.Is(err, celexpr.ErrCostLimit) && !strings.Contains(err.Error(), "want bool") {
			t.Errorf("%.100s: Bool: %v", text, err)
		}
	}
	f(`object.items.all(x, object.items.all(y, x + y >= 0))`)
	f(`object.items.map(x, object.items.map(y, object.items.map(z, x)))`)
	f(`object.items.exists(x, object.text.contains("b"))`)
	f(`object.items.map(x, object.text + object.text)`)
	f(`object.text.matches(object.pattern)`)
	// The object's elements in a result are free in cel-go.
	f(`object.items.map(x, object.items)`)

	if got, want := celexpr.ErrCostLimit.Error(), "cost limit of 100000 exceeded"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDecode(t *testing.T) {
	f := func(text string, want any) {
		t.Helper()
		if got, err := celexpr.Decode([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	f(`null`, nil)
	f(`{"a": 9223372036854775807, "A": 9223372036854775808}`, map[string]any{"a": int64(math.MaxInt64), "A": float64(1 << 63)})
	f(`[1, 1.0, 1e3, -0, true, "x", {}]`, []any{int64(1), 1.0, 1000.0, int64(0), true, "x", map[string]any{}})
	for _, text := range []string{``, `{`, `{} {}`, `nul`, strings.Repeat("[", 1000000)} {
		if value, err := celexpr.Decode([]byte(text)); err == nil {
			t.Errorf("%.20q: %v, want an error", text, value)
		}
	}
}

// TestConcurrency shares programs and variables under the race detector.
func TestConcurrency(t *testing.T) {
	vars := variables(t)
	var programs []*celexpr.Program
	for _, text := range []string{
		`quantity("1Ki").add(quantity("1Ki"))`, `object.spec.ports.map(p, p * 2)`, `b"a" + b"b"`, `object.spec.text.find("[a-z]")`,
		`object.spec.nested.transformMap(k, v, v.y)`, `cidr("10.0.0.0/8")`, `object`, `[1, 2, 3]`, `{"a": quantity("1")}`,
	} {
		p, err := celexpr.Compile(text, celexpr.Any)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				for _, p := range programs {
					if _, err := p.Eval(vars); err != nil {
						t.Error(err)
					}
				}
			}
			if _, err := celexpr.Compile(`object.a + 1`, celexpr.Scalar); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}
