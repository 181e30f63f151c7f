package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// TestParts merges the parts of a response and expects the whole, line by line, whatever number of parts
// the store is arranged for. Families that repeat series of other parts are among them.
func TestParts(t *testing.T) {
	for _, arranged := range []int{1, 2, 3, 7, 8, store.MaxParts} {
		things := store.NewResourceInParts(arranged, "things", []store.Family{
			{Name: "a", Header: []byte("# TYPE a gauge\n")}, {Name: "b", Header: []byte("# TYPE b gauge\n"), MayRepeat: true},
		}, 2)
		others := store.NewResourceInParts(arranged, "others", []store.Family{{Name: "b", Header: []byte("# other\n")}}, 1)
		for i := range 400 {
			text := fmt.Appendf(nil, "a{o=\"%d\"} 1\n", i)
			end := len(text)
			text = fmt.Appendf(text, "b{o=\"%d\"} 1\n", i/3)
			uid, namespace := fmt.Sprintf("00000000-0000-4000-8000-%012x", i), fmt.Sprint(i%2)
			things.Partitions()[i%2].Set(store.Rendered{UID: uid, Namespace: namespace, Text: text, Ends: []int{end, len(text)}})
			others.Partitions()[0].Set(store.Rendered{UID: uid, Namespace: namespace, Text: text[end:], Ends: []int{len(text) - end}})
		}
		few := resource("few", "one")
		h := metricsOf(things, others, few)
		for _, query := range []string{"", "resources=things", "namespace=1"} {
			whole := ask(h, http.MethodGet, "/metrics?"+query).Body
			for _, n := range []int{1, 2, 3, 7, 8, store.MaxParts} {
				var parts []string
				for i := range n {
					parts = append(parts, ask(h, http.MethodGet, fmt.Sprintf("/metrics?%s&shard=%d/%d", query, i, n)).Body)
				}
				if d := cmp.Diff(whole, mergeParts(t, whole, parts)); d != "" {
					t.Errorf("arranged for %d, %q in %d parts (-whole +merged):\n%s", arranged, query, n, d)
				}
			}
		}
	}
}

// mergeParts merges the lines of parts in the order of the whole, and fails if a part has any other line.
func mergeParts(t *testing.T, whole string, parts []string) string {
	t.Helper()
	lines := make([][]string, len(parts))
	for i, part := range parts {
		lines[i] = slices.Collect(strings.Lines(part))
	}
	var merged strings.Builder
	for line := range strings.Lines(whole) {
		for i := range lines {
			if len(lines[i]) > 0 && lines[i][0] == line {
				lines[i] = lines[i][1:]
				if !strings.HasPrefix(line, "# ") || !strings.HasSuffix(merged.String(), line) {
					merged.WriteString(line)
				}
			}
		}
	}
	for i := range lines {
		if len(lines[i]) > 0 {
			t.Errorf("part %d of %d has %q, which the whole has not, or not there", i, len(parts), lines[i][0])
		}
	}
	return merged.String()
}

func TestPartErrors(t *testing.T) {
	f := func(query, quoted string) {
		t.Helper()
		want := answer{http.StatusBadRequest, "text/plain; charset=utf-8", "shard=" + quoted + ": want one value i/n, with n from 1 to 64 and i from 0 to n-1\n"}
		if d := cmp.Diff(want, ask(metrics(), http.MethodGet, "/metrics?"+query)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	f("shard=", `""`)
	f("shard=1", `"1"`)
	f("shard=1/", `"1/"`)
	f("shard=/1", `"/1"`)
	f("shard=1/1", `"1/1"`)
	f("shard=0/0", `"0/0"`)
	f("shard=-1/2", `"-1/2"`)
	f("shard=0/65", `"0/65"`)
	f("shard=0/256", `"0/256"`)
	f("shard=0/2/2", `"0/2/2"`)
	f("shard=%2B0/2", `"+0/2"`)
	f("shard=0/2&shard=1/2", `"0/2&shard=1/2"`)
	f("shard=0/2%20", `"0/2 "`)
	f("shard=<script>alert(1)</script>", `"<script>alert(1)</sc"`)
}
