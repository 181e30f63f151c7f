package generators_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// huge is a number of labels or of list entries that takes a moment to render in
// linear time, and several minutes in quadratic time.
const huge = 300_000

// TestHugeMaps renders maps of very many keys: of different names, of one name, and
// of pairs with one name each.
func TestHugeMaps(t *testing.T) {
	f := func(what string, key func(i int) string, want ...string) {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := make(map[string]string, huge)
			for i := range huge {
				m[key(i)] = ""
			}
			text := sampled(generators.Labels{"label_*"}, func(s *generators.Samples) { s.All(m) })
			if n := strings.Count(text, "="); n != 1+huge {
				t.Errorf("%d labels, want %d", n, 1+huge)
			}
			for _, label := range want {
				if n := strings.Count(text, ","+label+"="); n != 1 {
					t.Errorf("%d labels %s", n, label)
				}
			}
		})
	}
	f("different", func(i int) string { return fmt.Sprintf("k%06d", i) }, "label_k000000", "label_k299999")
	// Each bit of the number is one of two characters that a name cannot have.
	f("same", func(i int) string { return strings.NewReplacer("0", ".", "1", "-").Replace(fmt.Sprintf("%019b", i)) },
		"label_"+strings.Repeat("_", 19)+"_conflict1", "label_"+strings.Repeat("_", 19)+"_conflict300000")
	f("pairs", func(i int) string { return fmt.Sprintf("k%06d%c", i/2, ".-"[i%2]) },
		"label_k000000__conflict1", "label_k000000__conflict2", "label_k149999__conflict2")
}

// TestHugeLists renders a list of very many entries, each of which is there twice.
func TestHugeLists(t *testing.T) {
	table := tableOf(familyOf(generators.Labels{"key"}, func(_ *corev1.Pod, s *generators.Samples) {
		for i := range huge {
			s.One(s.Itoa(int64(i % (huge / 2))))
		}
	}))
	text, _ := table.Compile(generators.Selection{}).Render(nil, nil, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}})
	if n := strings.Count(string(text), "\n"); n != huge/2 {
		t.Errorf("%d series, want %d", n, huge/2)
	}
}
