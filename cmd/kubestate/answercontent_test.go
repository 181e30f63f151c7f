package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
)

// TestAnswerContentOfClusters has answers about objects of equal names in two clusters, and an unusable third one.
func TestAnswerContentOfClusters(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--resources", "pods"}
	for _, name := range []string{"berlin", "oslo"} {
		path := filepath.Join(dir, name)
		write(t, path, []byte("{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web, uid: u}, status: {phase: Unknown}}\n"))
		args = append(args, "--snapshot", name+"="+path)
	}
	opts, err := options.Parse(builtin, args)
	check(t, err)
	log := timeless(t.Output())
	s, err := newClusterSet(builtin, opts, newReloadMetrics(server.NewRegistry()), log)
	check(t, err)
	listed := append(s.listed, options.Cluster{Name: "void", Kubeconfig: filepath.Join(dir, "missing")})
	check(t, s.applyList(opts, listed, nil))
	content := backend{contents: s}.answerContent(true, opts.Limits)
	f := func(of []string, want ...string) {
		t.Helper()
		var got []string
		for _, a := range answers.From(content(server.AnswerFilter{Clusters: of})).Answers {
			for _, row := range a.Rows {
				if a.Name == "pods-not-running" {
					got = append(got, row.Cells[0])
				} else {
					got = append(got, a.Name+" "+row.Cells[2])
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", of, d)
		}
	}
	f(nil, "berlin", "oslo", "not-seen cluster void")
	f([]string{"oslo"}, "oslo")
	f([]string{"berlin", "oslo"}, "berlin", "oslo")
	f([]string{"oslo", "void"}, "oslo", "not-seen cluster void")
	f([]string{"void"}, "not-seen cluster void")
}
