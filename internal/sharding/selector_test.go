package sharding_test

import (
	"regexp"
	"strings"
	"testing"

	apisharding "k8s.io/apimachinery/pkg/sharding"

	"github.com/kubestate/kubestate/internal/sharding"
)

func TestSelector(t *testing.T) {
	f := func(r sharding.Ranges, want string) {
		t.Helper()
		if got := r.Selector(); got != want {
			t.Errorf("%s: %s, want %s", r, got, want)
		}
	}
	f(sharding.All(), "")
	f(sharding.Even(1, 2), "shardRange(object.metadata.uid, '0x8000000000000000', '0x10000000000000000')")
	f(sharding.All().Minus(sharding.Even(1, 4)), "shardRange(object.metadata.uid, '0x0000000000000000', '0x4000000000000000') || "+
		"shardRange(object.metadata.uid, '0x8000000000000000', '0x10000000000000000')")
}

// term is what an API server reads as a range: bounds of 16 digits, and 2^64.
var term = regexp.MustCompile(`^shardRange\(object\.metadata\.uid, '(0x[0-9a-f]{16})', '(0x[0-9a-f]{16}|0x10000000000000000)'\)$`)

// selectorOf reads the text of a selector as an API server does.
func selectorOf(t *testing.T, text string) apisharding.Selector {
	t.Helper()
	if text == "" {
		return apisharding.Everything()
	}
	var terms []apisharding.ShardRangeRequirement
	for part := range strings.SplitSeq(text, " || ") {
		m := term.FindStringSubmatch(part)
		if m == nil || !apisharding.HexLess(m[1], m[2]) {
			t.Fatalf("%q is no range", part)
		}
		terms = append(terms, apisharding.ShardRangeRequirement{Key: "object.metadata.uid", Start: m[1], End: m[2]})
	}
	return apisharding.NewSelector(terms...)
}
