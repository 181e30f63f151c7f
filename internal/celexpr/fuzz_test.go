package celexpr_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/kubestate/kubestate/internal/celexpr"
)

// checkPlain fails unless a value has the types of JSON.
func checkPlain(t *testing.T, value any) {
	t.Helper()
	switch v := value.(type) {
	case nil, bool, int64, float64, string:
	case []any:
		for _, e := range v {
			checkPlain(t, e)
		}
	case map[string]any:
		for _, e := range v {
			checkPlain(t, e)
		}
	default:
		t.Errorf("a value of type %T", v)
	}
}

// checkError fails unless an error is one line of bounded length.
func checkError(t *testing.T, err error) {
	t.Helper()
	if message := err.Error(); message == "" || len(message) > 400 || strings.ContainsFunc(message, unicode.IsControl) {
		t.Errorf("error %q", message)
	}
	var e *celexpr.Error
	if !errors.As(err, &e) {
		if !errors.Is(err, celexpr.ErrCostLimit) {
			t.Errorf("%T: %v", err, err)
		}
		return
	}
	if (e.Line == 0) != (e.Column == 0) || e.Line < 0 || e.Column < 0 {
		t.Errorf("position %d:%d", e.Line, e.Column)
	}
	if strings.Contains(e.Message, "internal error") {
		t.Errorf("a panic: %v", err)
	}
}

var seeds = []string{
	`object.spec.replicas`, `self.type == "Ready" ? 1 : 0`, `object.?a.?b.orValue(0)`, `quantity(object.spec.memory).asInteger()`,
	`object.spec.ports.map(p, p * 2)`, `ip("::1").family()`, `url("https://a").getHost()`, `"a".find("[0-9]")`, `sets.contains([1], [2])`,
	`[?object.?a]`, `{"a": [b"x", 1u, 1.5]}`, `timestamp(self) - duration("1h")`, `lists.range(3).transformMap(i, v, v)`,
	`"%s %d %.2f".format([1, 2, 3.0])`, `semver("1.2.3").major()`, `format.dns1123Label().validate("a")`, `matches("a", "(")`,
	`google.protobuf.Struct{fields: {"a": google.protobuf.Value{null_value: 0}}}`, `type(object)`, "(((", "\xff", "object.`a-b`", `[1, "a"]`,
}

// FuzzCompile holds that any text compiles, or has an error of one line with a position.
func FuzzCompile(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, result := range []celexpr.Result{celexpr.Any, celexpr.Scalar, celexpr.Bool} {
			if _, err := celexpr.Compile(text, result); err != nil {
				checkError(t, err)
				var e *celexpr.Error
				if errors.As(err, &e) && e.Line == 0 {
					t.Errorf("%q: no position: %v", text, err)
				}
			}
		}
	})
}

// FuzzEval holds that any evaluation returns JSON values or an error.
func FuzzEval(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed, widget, condition)
	}
	f.Fuzz(func(t *testing.T, text, object, self string) {
		p, err := celexpr.Compile(text, celexpr.Any)
		if err != nil {
			return
		}
		var vars celexpr.Variables
		if vars.Object, err = celexpr.Decode([]byte(object)); err != nil {
			return
		}
		if vars.Self, err = celexpr.Decode([]byte(self)); err != nil {
			return
		}
		value, err := p.Eval(vars)
		if err != nil {
			checkError(t, err)
		}
		checkPlain(t, value)
		if _, err := p.Bool(vars); err != nil {
			checkError(t, err)
		}
	})
}
