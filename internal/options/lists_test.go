package options_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/options"
)

// keysOf has the keys of an allowlist by resource.
type keysOf = map[string][]string

func TestParseAllowlist(t *testing.T) {
	f := func(in string, want keysOf) {
		t.Helper()
		got, err := options.ParseAllowlist(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			return
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", in, d)
		}
	}
	f("", keysOf{})
	f("  ", keysOf{})
	f("pods=[a]", keysOf{"pods": {"a"}})
	f("pods=[a,b]", keysOf{"pods": {"a", "b"}})
	f("pods=[b,a,b]", keysOf{"pods": {"b", "a", "b"}})
	f("pods=[a],nodes=[b,c]", keysOf{"pods": {"a"}, "nodes": {"b", "c"}})
	f("pods=[]", keysOf{"pods": nil})
	f("pods=[ ]", keysOf{"pods": nil})
	f("pods=[],nodes=[a]", keysOf{"pods": nil, "nodes": {"a"}})
	f("pods=[a],pods=[b]", keysOf{"pods": {"a", "b"}})
	f("*=[*]", keysOf{"*": {"*"}})
	f("pods=[*,a*,*b,c*d]", keysOf{"pods": {"*", "a*", "*b", "c*d"}})
	f("pods=[app.kubernetes.io/name,k8s-app]", keysOf{"pods": {"app.kubernetes.io/name", "k8s-app"}})
	f(" pods = [ a , b ] , nodes = [ c ] ", keysOf{"pods": {"a", "b"}, "nodes": {"c"}})
	f("\n  pods=[a,\n    b],\n  nodes=[c]\n", keysOf{"pods": {"a", "b"}, "nodes": {"c"}})
	// Unknown names are rejected later.
	f("=[a]", keysOf{"": {"a"}})
	f("two words=[a b]", keysOf{"two words": {"a b"}})
}

func TestParseAllowlistErrors(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		got, err := options.ParseAllowlist(in)
		if err == nil {
			t.Errorf("%q is %v", in, got)
			return
		}
		if err.Error() != want {
			t.Errorf("%q: error %q, want %q", in, err, want)
		}
	}
	f("pods", `want resource=[key,...] at "pods"`)
	f("[a]", `want resource=[key,...] at "[a]"`)
	f("pods[a]", `want resource=[key,...] at "pods[a]"`)
	f("pods,nodes=[a]", `want resource=[key,...] at "pods,nodes=[a]"`)
	f("pods]=[a]", `want resource=[key,...] at "pods]=[a]"`)
	f(",pods=[a]", `want resource=[key,...] at ",pods=[a]"`)
	f("pods=", `want [ at ""`)
	f("pods=a", `want [ at "a"`)
	f("pods==[a]", `want [ at "=[a]"`)
	f("pods=[a],nodes=b", `want [ at "b"`)
	f("pods=[", `want ] at the end of "["`)
	f("pods=[a", `want ] at the end of "[a"`)
	f("pods=[a,nodes=[b]", `want ] at the end of "[a,nodes=[b]"`)
	f("pods=[[a]]", `want ] at the end of "[[a]]"`)
	f("pods=[a=b]", `want ] at the end of "[a=b]"`)
	f("pods=[,]", `empty key in "[,]"`)
	f("pods=[,a]", `empty key in "[,a]"`)
	f("pods=[a,]", `empty key in "[a,]"`)
	f("pods=[a,,b]", `empty key in "[a,,b]"`)
	f("pods=[a, ,b]", `empty key in "[a, ,b]"`)
	f("pods=[a],", `want a comma and a resource at ","`)
	f("pods=[a] , ", `want a comma and a resource at ","`)
	f("pods=[a]nodes=[b]", `want a comma and a resource at "nodes=[b]"`)
	f("pods=[a]]", `want a comma and a resource at "]"`)
	f("pods=[a],,nodes=[b]", `want resource=[key,...] at ",nodes=[b]"`)
}

// FuzzAllowlist holds that the text of a parsed allowlist parses to the same.
func FuzzAllowlist(f *testing.F) {
	for _, seed := range []string{
		"", "pods=[a]", "pods=[a,b],nodes=[*]", "*=[]", " pods = [ a , b ] , nodes = [ c* ] ", "pods=[a],pods=[b]",
		"=[a]", "pods=[a", "pods=[a,]", "pods=[a],", "pods==[a]", "pods=[a]\u00a0,\u2003nodes=[\xff]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		parsed, err := options.ParseAllowlist(in)
		if err != nil {
			return
		}
		text := allowlistText(parsed)
		again, err := options.ParseAllowlist(text)
		if err != nil {
			t.Fatalf("%q parses, %q does not: %v", in, text, err)
		}
		if d := cmp.Diff(parsed, again); d != "" {
			t.Errorf("%q and %q (-first +second):\n%s", in, text, d)
		}
	})
}

// allowlistText returns an allowlist in the form of the flag.
func allowlistText(list keysOf) string {
	var resources []string
	for _, resource := range slices.Sorted(maps.Keys(list)) {
		resources = append(resources, resource+"=["+strings.Join(list[resource], ",")+"]")
	}
	return strings.Join(resources, ",")
}
