package arch

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is where the repository begins.
const root = "../.."

// compatibility is the page with the table of flags.
const compatibility = "docs/compatibility.md"

// otherPrograms are those whose flags the documentation shows too.
var otherPrograms = []string{"kubectl", "helm", "curl", "go", "git", "make", "prometheus", "promtool", "vmagent", "docker", "kind", "crane", "skopeo", "kustomize"}

// otherFlags are flags that the documentation names alone, and whose they are.
var otherFlags = map[string]string{
	"--config.file":                      "Prometheus, in deploy/kustomize/overlays/demo",
	"--context":                          "kubectl",
	"--list":                             "kubectl auth can-i, without its first word",
	"--minify":                           "kubectl config view",
	"--name":                             "any program, as an example",
	"--previous":                         "kubectl logs, in alerts",
	"--raw":                              "kubectl config view",
	"--web.enable-remote-write-receiver": "Prometheus",
}

var (
	flagRow   = regexp.MustCompile("(?m)^\\| `(--[a-z0-9-]+)` \\|")
	flagToken = regexp.MustCompile(`(?:^|[\s"'(,=\[])(--[a-z][a-z0-9._-]*)(\*?)`)
	codeSpan  = regexp.MustCompile("`[^`]+`")
	mention   = regexp.MustCompile(`\b(kube|kubestate)_[a-z0-9_]+\b\*?`)
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)|(?m)^\[[^\]]+\]: (\S+)`)
	heading   = regexp.MustCompile(`(?m)^#+ +(.+)$`)
)

// read is a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files are those below directories of the repository that have one of the extensions.
func files(t *testing.T, extensions []string, directories ...string) []string {
	t.Helper()
	var found []string
	for _, dir := range directories {
		err := fs.WalkDir(os.DirFS(root), dir, func(path string, _ fs.DirEntry, err error) error {
			if slices.Contains(extensions, filepath.Ext(path)) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// pages are the documents.
func pages(t *testing.T) []string {
	t.Helper()
	return files(t, []string{".md"}, "README.md", "CONTRIBUTING.md", "docs", "deploy", "examples", "test/README.md")
}

// flags are those that there are, by the generated list.
func flags(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, row := range flagRow.FindAllStringSubmatch(read(t, "docs/flags.md"), -1) {
		all = append(all, row[1])
	}
	all = append(all, "--help")
	if len(all) < 20 {
		t.Fatalf("only %d flags in docs/flags.md", len(all))
	}
	return all
}

// absent are the flags that the table of docs/compatibility.md says are not there.
func absent(t *testing.T) []string {
	t.Helper()
	var all []string
	for row := range strings.Lines(flagTable(t)) {
		if cells := strings.Split(row, "|"); strings.TrimSpace(cells[2]) == "not there" {
			for _, span := range codeSpan.FindAllString(cells[1], -1) {
				all = append(all, strings.Trim(span, "`"))
			}
		}
	}
	return all
}

// flagTable is the table of flags of docs/compatibility.md, without its head.
func flagTable(t *testing.T) string {
	t.Helper()
	_, table, _ := strings.Cut(read(t, compatibility), "| flag | here | difference |\n| --- | --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	return table + "\n"
}

// TestFlagsExist wants every flag that is named to be one of kubestate's, or to be
// known as somebody else's, or as not there.
func TestFlagsExist(t *testing.T) {
	known, missing := flags(t), absent(t)
	isMissing := func(path, flag string) bool {
		return slices.Contains(missing, flag) || path == compatibility && slices.Contains(klog, flag)
	}
	for _, path := range append(pages(t), files(t, []string{".yaml", ".yml", ".tpl", ".txt"}, "deploy")...) {
		for _, flag := range named(read(t, path)) {
			if !slices.Contains(known, flag) && otherFlags[flag] == "" && !isMissing(path, flag) {
				t.Errorf("%s: there is no flag %s", path, flag)
			}
		}
	}
}

// klog are the flags of that library, which are accepted without effect. Only docs/compatibility.md
// names them.
var klog = []string{
	"--vmodule", "--logtostderr", "--stderrthreshold", "--alsologtostderr", "--log_dir", "--log_file",
}

// named gives the flags in a text that are not arguments of another program.
func named(text string) []string {
	text = strings.ReplaceAll(text, "\\\n", " ")
	var found []string
	for line := range strings.Lines(text) {
		pieces := []string{codeSpan.ReplaceAllString(line, " ")}
		for _, span := range codeSpan.FindAllString(line, -1) {
			pieces = append(pieces, strings.Trim(span, "`"))
		}
		for _, piece := range pieces {
			for _, command := range regexp.MustCompile(`\||&&|;`).Split(piece, -1) {
				words := strings.Fields(strings.TrimLeft(command, "#-$ \t"))
				if len(words) > 0 && slices.Contains(otherPrograms, filepath.Base(words[0])) {
					continue
				}
				for _, m := range flagToken.FindAllStringSubmatch(command, -1) {
					flag := m[1] + m[2]
					found = append(found, strings.TrimRight(flag, "._-"))
				}
			}
		}
	}
	return found
}

// TestNamed is about what TestFlagsExist looks at.
func TestNamed(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		if got := named(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	f("    kubestate --port 80 --host=::", "--port", "--host")
	f("    kubestate rbac --resources a | kubectl apply --server-side -f -", "--resources")
	f("    helm install \\\n      --set a=b")
	f("use `--max-staleness`, or `prometheus --agent`", "--max-staleness")
	f("        - --pod=$(POD)", "--pod")
	f(`args: ["--shard=0", '--node']`, "--shard", "--node")
	f("---\na: b -- c\n| --- |")
}

// TestMetricsExist wants every metric that is named to be served. A name that ends
// in _ or * stands for those that begin so.
func TestMetricsExist(t *testing.T) {
	var families []struct{ Name string }
	if err := json.Unmarshal([]byte(read(t, "docs/metrics/metrics.json")), &families); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.Name)
	}
	names = append(names, mention.FindAllString(read(t, "docs/self-metrics.md"), -1)...)
	names = append(names, mention.FindAllString(read(t, "internal/customresource/conditions.go"), -1)...)
	for _, path := range files(t, []string{".prom"}, "internal/presets/testdata") {
		names = append(names, mention.FindAllString(read(t, path), -1)...)
	}
	exists := func(name string) bool {
		beginning := strings.TrimRight(name, "*")
		return slices.ContainsFunc(names, func(n string) bool {
			return n == name || strings.HasSuffix(beginning, "_") && strings.HasPrefix(n, beginning)
		})
	}
	for _, path := range pages(t) {
		for _, name := range mention.FindAllString(read(t, path), -1) {
			if path == "docs/custom-resources.md" && strings.HasPrefix(name, "kube_customresource") {
				continue // of its examples, which cmd/kubestate serves
			}
			if !exists(name) {
				t.Errorf("%s: there is no metric %s", path, name)
			}
		}
	}
}

// TestLinksLead wants every link to a file of the repository to lead to one, and to
// a heading that it has.
func TestLinksLead(t *testing.T) {
	for _, path := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, path), -1) {
			target := m[1] + m[2]
			if strings.Contains(target, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: %s leads nowhere", path, target)
			} else if anchor != "" && !slices.Contains(anchors(read(t, to)), anchor) {
				t.Errorf("%s: %s leads to no heading", path, target)
			}
		}
	}
}

// anchors are those of a page's headings, as GitHub makes them.
func anchors(page string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(kept, " ", "-"))
	}
	return all
}

// TestFlagTable holds the table of flags to what there is: what the table says is not there must not
// be, all else must, and nothing may be missing.
func TestFlagTable(t *testing.T) {
	known, told := flags(t), []string{}
	for row := range strings.Lines(flagTable(t)) {
		cells := strings.Split(row, "|")
		verdict := strings.TrimSpace(cells[2])
		if !slices.Contains([]string{"same", "differs", "ours", "no effect", "not there"}, verdict) {
			t.Errorf("%s: what is %q?", compatibility, verdict)
		}
		for _, span := range codeSpan.FindAllString(cells[1], -1) {
			flag := strings.Trim(span, "`")
			if there := slices.Contains(known, flag); there == (verdict == "not there" || slices.Contains(klog, flag)) {
				t.Errorf("%s: %s is %q, and docs/flags.md has it: %t", compatibility, flag, verdict, there)
			}
			told = append(told, flag)
		}
	}
	for _, flag := range known {
		if flag != "--help" && !slices.Contains(told, flag) {
			t.Errorf("%s: %s is not in the table of flags", compatibility, flag)
		}
	}
}
