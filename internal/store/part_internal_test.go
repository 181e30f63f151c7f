package store

import (
	"fmt"
	"testing"
)

// TestClass pins the classes of uids, which all processes and versions behind one address share.
func TestClass(t *testing.T) {
	for uid, want := range map[string][4]int{
		"640c26b8-bfc1-4c35-8770-4fe7234d6362": {1, 0, 0, 0},
		"00000000-0000-4000-8000-000000000000": {5, 0, 0, 0},
		"640C26B8-BFC1-4C35-8770-4FE7234D6362": {47, 5, 5, 0},
		"slice-kubestate":                      {47, 5, 5, 0},
		"":                                     {59, 6, 7, 0},
	} {
		k := keyOf(uid)
		if got := [4]int{k.class(MaxParts), k.class(7), k.class(8), k.class(1)}; got != want {
			t.Errorf("%q: %v, want %v", uid, got, want)
		}
	}
}

// TestClasses holds that classes are of equal sizes, and that those of n are joined to those of a divisor.
func TestClasses(t *testing.T) {
	const objects = 20000
	keys := make([]key, objects)
	for i := range keys {
		keys[i] = keyOf(fmt.Sprintf("%08x-0000-4000-8000-%012x", i/3, i))
	}
	for n := 1; n <= MaxParts; n++ {
		sizes := make([]int, n)
		var divisors []int
		for divisor := 1; divisor <= n; divisor++ {
			if n%divisor == 0 {
				divisors = append(divisors, divisor)
			}
		}
		for i, k := range keys {
			class := k.class(n)
			sizes[class]++
			for _, divisor := range divisors {
				if joined := k.class(divisor); joined != class*divisor/n {
					t.Fatalf("object %d: class %d of %d, and %d of %d", i, class, n, joined, divisor)
				}
			}
		}
		for class, size := range sizes {
			if mean := objects / n; size < mean*3/4 || size > mean*5/4 {
				t.Errorf("%d objects in class %d of %d", size, class, n)
			}
		}
	}
}
