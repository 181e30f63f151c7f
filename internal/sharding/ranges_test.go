package sharding_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apisharding "k8s.io/apimachinery/pkg/sharding"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/sharding"
)

func TestEvenText(t *testing.T) {
	f := func(ordinal, total int, want string) {
		t.Helper()
		if got := sharding.Even(ordinal, total).String(); got != want {
			t.Errorf("%d of %d: %s, want %s", ordinal, total, got, want)
		}
	}
	f(0, 1, "all")
	f(0, 2, "[0x0000000000000000,0x8000000000000000)")
	f(1, 2, "[0x8000000000000000,0x10000000000000000)")
	f(0, 3, "[0x0000000000000000,0x5555555555555555)")
	f(1, 3, "[0x5555555555555555,0xaaaaaaaaaaaaaaaa)")
	f(2, 3, "[0xaaaaaaaaaaaaaaaa,0x10000000000000000)")
	f(6, 7, "[0xdb6db6db6db6db6d,0x10000000000000000)")
	f(1, 1, "none")
	f(-1, 2, "none")
	f(0, 0, "none")
}

// TestEven holds the ranges of many totals to big integer arithmetic.
func TestEven(t *testing.T) {
	for _, total := range []int{1, 2, 3, 4, 5, 7, 10, 64, 100, 1000, math.MaxInt32} {
		everything, begin := new(big.Int).Lsh(big.NewInt(1), 64), func(i int) *big.Int {
			b := new(big.Int).Lsh(big.NewInt(int64(i)), 64)
			return b.Div(b, big.NewInt(int64(total)))
		}
		union := sharding.None()
		for _, ordinal := range []int{0, 1, 2, total / 2, total - 2, total - 1} {
			if ordinal < 0 || ordinal >= total || total == 1 {
				continue
			}
			from, to := begin(ordinal), begin(ordinal+1)
			want := fmt.Sprintf("[0x%016x,0x%016x)", from, to)
			if got := sharding.Even(ordinal, total).String(); got != want {
				t.Errorf("%d of %d: %s, want %s", ordinal, total, got, want)
			}
			size, _ := new(big.Rat).SetFrac(new(big.Int).Sub(to, from), everything).Float64()
			if got := sharding.Even(ordinal, total).Fraction(); math.Abs(got-size) > 1e-15 {
				t.Errorf("%d of %d: fraction %v, want %v", ordinal, total, got, size)
			}
		}
		if total > 1000 {
			continue
		}
		for ordinal := range total {
			each := sharding.Even(ordinal, total)
			if !union.Intersection(each).IsNone() {
				t.Errorf("%d of %d: %s is in %s already", ordinal, total, each, union)
			}
			union = union.Union(each)
		}
		if !union.IsAll() || !union.Equal(sharding.All()) {
			t.Errorf("%d shards have only %s", total, union)
		}
	}
}

func TestCombine(t *testing.T) {
	f := func(got sharding.Ranges, want string) {
		t.Helper()
		if got.String() != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	quarter := func(i int) sharding.Ranges { return sharding.Even(i, 4) }
	const first, third = "[0x0000000000000000,0x4000000000000000)", "[0x8000000000000000,0xc000000000000000)"
	f(quarter(0).Union(quarter(2)), first+" "+third)
	f(quarter(2).Union(quarter(0)), first+" "+third)
	f(quarter(0).Union(quarter(1)), "[0x0000000000000000,0x8000000000000000)")
	f(quarter(0).Union(sharding.None()), first)
	f(quarter(0).Union(sharding.All()), "all")
	f(sharding.All().Minus(quarter(1)), first+" [0x8000000000000000,0x10000000000000000)")
	f(sharding.All().Minus(quarter(1)).Minus(quarter(3)), first+" "+third)
	f(quarter(1).Minus(quarter(1)), "none")
	f(sharding.None().Minus(sharding.All()), "none")
	f(sharding.Even(0, 2).Intersection(sharding.All()), "[0x0000000000000000,0x8000000000000000)")
	f(sharding.Even(1, 3).Minus(sharding.Even(0, 2)), "[0x8000000000000000,0xaaaaaaaaaaaaaaaa)")
	for _, r := range []sharding.Ranges{sharding.None(), quarter(3), quarter(0).Union(quarter(2)), sharding.All()} {
		if !sharding.All().Contains(r) || !r.Contains(sharding.None()) || !r.Contains(r) || !r.Equal(r.Union(r)) {
			t.Errorf("%s contains and equals less than it does", r)
		}
		if r.Contains(sharding.All()) != r.IsAll() || r.Equal(quarter(1)) || quarter(1).Contains(r) != r.IsNone() {
			t.Errorf("%s contains and equals more than it does", r)
		}
	}
}

// TestHolds asks the selectors of apimachinery, in text and by their word, about
// random uids and ranges.
func TestHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		r, o := sharding.Even(random.IntN(7), 7), sharding.Even(random.IntN(10), 10)
		for _, ranges := range []sharding.Ranges{r, o, r.Union(o), sharding.All(), sharding.All().Minus(o), sharding.Even(0, 2).Minus(r)} {
			uid := fmt.Sprintf("%016x-%x", random.Uint64(), random.Uint32())
			if text := fmt.Sprintf("%016x", sharding.Hash(uid)); text != apisharding.HashField(uid) {
				t.Fatalf("the hash of %s is %s, want %s", uid, text, apisharding.HashField(uid))
			}
			if sharding.Hash(uid) != sharding.Hash([]byte(uid)) {
				t.Fatal("the hash of a text is not that of its bytes")
			}
			want, err := selectorOf(t, ranges.Selector()).Matches(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid)}})
			if got := ranges.Holds(sharding.Hash(uid)); err != nil || got != want {
				t.Fatalf("%s has %s: %v, want %v, %v", ranges, uid, got, want, err)
			}
		}
	}
	if sharding.None().Holds(0) || sharding.None().Holds(math.MaxUint64) {
		t.Error("none has a hash")
	}
	if !sharding.Even(3, 4).Holds(math.MaxUint64) || !sharding.Even(3, 4).Holds(3<<62) || sharding.Even(3, 4).Holds(3<<62-1) {
		t.Error("a range does not have its bounds")
	}
}

func TestHoldsAllocatesNothing(t *testing.T) {
	r, uid := sharding.All().Minus(sharding.Even(1, 3)), []byte("8d6c8a77-93a0-4b29-9c64-9c6a2f4c4d6e")
	if n := testing.AllocsPerRun(100, func() { r.Holds(sharding.Hash(uid)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCombine holds the operations on ranges to those on single hashes.
func FuzzCombine(f *testing.F) {
	f.Add(uint64(0), uint8(3), uint8(1), uint8(7))
	f.Add(uint64(math.MaxUint64), uint8(255), uint8(254), uint8(128))
	f.Fuzz(func(t *testing.T, hash uint64, total, i, j uint8) {
		n := int(total)
		a := sharding.Even(int(i), n).Union(sharding.Even(int(j), n+1))
		b := sharding.All().Minus(sharding.Even(int(j), n)).Minus(sharding.Even(int(i), n+2))
		inA, inB := a.Holds(hash), b.Holds(hash)
		if a.Union(b).Holds(hash) != (inA || inB) || a.Minus(b).Holds(hash) != (inA && !inB) || a.Intersection(b).Holds(hash) != (inA && inB) {
			t.Errorf("%x is in %s: %v, in %s: %v", hash, a, inA, b, inB)
		}
		if !a.Minus(b).Union(a.Intersection(b)).Equal(a) {
			t.Errorf("the parts of %s are not it", a)
		}
	})
}

func TestParse(t *testing.T) {
	for _, r := range []sharding.Ranges{
		sharding.All(), sharding.None(), sharding.Even(0, 3), sharding.Even(1, 3), sharding.Even(2, 3),
		sharding.All().Minus(sharding.Even(1, 3)), sharding.All().Minus(sharding.Even(0, 7)).Minus(sharding.Even(3, 7)),
	} {
		if got, err := sharding.Parse(r.String()); err != nil || !got.Equal(r) {
			t.Errorf("%s: %s, %v", r, got, err)
		}
	}
	f := func(text, want string) {
		t.Helper()
		if got, err := sharding.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	f("", `"": want all, none or ranges`)
	f("some", `"some" is no range`)
	f("[0x1,0x2)", `"[0x1,0x2)" is no range`)
	f("[0x0000000000000002,0x0000000000000001)", `"[0x0000000000000002,0x0000000000000001)" is no range`)
	f("[0x0000000000000001,0x0000000000000001)", `"[0x0000000000000001,0x0000000000000001)" is no range`)
	f("[0x0000000000000000,0x8000000000000000) x", `"x" is no range`)
	f("[0x0000000000000000,0x10000000000000001)", `"[0x0000000000000000,0x10000000000000001)" is no range`)
}

func TestPart(t *testing.T) {
	for _, r := range []sharding.Ranges{
		sharding.All(), sharding.None(), sharding.Even(2, 3), sharding.All().Minus(sharding.Even(1, 3)),
		sharding.All().Minus(sharding.Even(0, 7)).Minus(sharding.Even(3, 7)),
	} {
		for _, n := range []int{1, 2, 3, 5, 8} {
			union := sharding.None()
			for i := range n {
				part := r.Part(i, n)
				if !part.Intersection(union).IsNone() || math.Abs(part.Fraction()-r.Fraction()/float64(n)) > 1e-15 {
					t.Errorf("part %d of %d of %s: %s", i, n, r, part)
				}
				union = union.Union(part)
			}
			if !union.Equal(r) {
				t.Errorf("%d parts of %s are %s", n, r, union)
			}
		}
	}
	tiny := sharding.Even(0, math.MaxInt).Part(0, math.MaxInt)
	if !tiny.IsNone() && tiny.Fraction() > 1e-15 {
		t.Errorf("a part of hardly anything is %s", tiny)
	}
}

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
