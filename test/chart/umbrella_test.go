package chart

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUmbrella renders the chart as a subchart: twice, by aliases, under conditions and with global
// values.
func TestUmbrella(t *testing.T) {
	above := t.TempDir()
	must(t, os.CopyFS(filepath.Join(above, "charts", "kubestate"), os.DirFS(chart)))
	text, err := os.ReadFile(filepath.Join("testdata", "umbrella", "Chart.yaml"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(above, "Chart.yaml"), text, 0o600))
	for name, values := range cases(t, "umbrella") {
		t.Run(name, func(t *testing.T) {
			out, errs, ok := helm(t, "template", "release", above, "--namespace", "monitoring", "--values", values)
			got := errs
			if ok {
				rendered, err := objects(out)
				must(t, err)
				got += summary(rendered)
			}
			wantGolden(t, filepath.Join("testdata", "umbrella", name+".txt"), got)
		})
	}
}
