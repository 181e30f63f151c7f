package generators_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// BenchmarkMemo appends the memos of unchanged pods of a large cluster, and counts what has happened.
func BenchmarkMemo(b *testing.B) {
	f, err := os.Open("testdata/golden/synthetic-64/pods.json.gz")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	var list corev1.PodList
	if err := json.NewDecoder(text).Decode(&list); err != nil {
		b.Fatal(err)
	}
	m := generators.Pods.Recipe().Memo
	var memos []string
	different := map[string]bool{}
	for i := range list.Items {
		memos = append(memos, string(m.Append(nil, "", &list.Items[i], false)))
		different[memos[i]] = true
	}
	var scratch []byte
	nothing := func(generators.Increment) {}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := i % len(memos)
		scratch = m.Append(scratch[:0], memos[n], &list.Items[n], false)
		if string(scratch) != memos[n] {
			m.Count(memos[n], string(scratch), nothing)
		}
	}
	b.ReportMetric(float64(len(different))/float64(len(memos)), "memos/pod")
}
