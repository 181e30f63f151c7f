package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/process"
)

// Rules and their promtool tests.
const (
	ruleFiles = "../../deploy/monitoring/rules/*.rules.yaml"
	ruleTests = "../../deploy/monitoring/rules/tests/*.test.yaml"
	// Rules in place of those of mixins.
	mixinFiles = "../../deploy/monitoring/mixin/*.rules.yaml"
	mixinTests = "../../deploy/monitoring/mixin/tests/*.test.yaml"
)

// runbooks is the URL of the alerts' documentation.
const runbooks = "https://github.com/kubestate/kubestate/blob/main/docs/alerts.md#"

type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

// readRules returns the rules of all files.
func readRules(t *testing.T) []rule {
	t.Helper()
	var rules []rule
	for _, path := range match(t, ruleFiles) {
		var file struct{ Groups []struct{ Rules []rule } }
		readYAML(t, path, &file)
		for _, group := range file.Groups {
			rules = append(rules, group.Rules...)
		}
	}
	return rules
}

func match(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	must(t, err)
	if len(paths) == 0 {
		t.Fatalf("no %s", pattern)
	}
	return paths
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// TestRules checks the rules and runs their tests by promtool.
func TestRules(t *testing.T) {
	t.Parallel()
	promtool, err := process.Built("promtool")
	must(t, err)
	f := func(paths []string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), promtool, append(args, paths...)...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	f(match(t, ruleFiles), "check", "rules", "--lint=all", "--lint-fatal")
	f(match(t, ruleTests), "test", "rules")
	f(match(t, mixinFiles), "check", "rules", "--lint=all", "--lint-fatal")
	f(match(t, mixinTests), "test", "rules")
}

// TestRulesAreTested holds that each alert has a test in which it fires and one in which it does
// not, and each recording rule one with its series.
func TestRulesAreTested(t *testing.T) {
	t.Parallel()
	fires, rests, asked := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, path := range match(t, ruleTests) {
		var file struct {
			Tests []struct {
				Alerts []struct {
					Name string `json:"alertname"`
					Want []any  `json:"exp_alerts"`
				} `json:"alert_rule_test"`
				Queries []struct {
					Expr string
					Want []any `json:"exp_samples"`
				} `json:"promql_expr_test"`
			}
		}
		readYAML(t, path, &file)
		for _, test := range file.Tests {
			for _, alert := range test.Alerts {
				fires[alert.Name] = fires[alert.Name] || len(alert.Want) > 0
				rests[alert.Name] = rests[alert.Name] || len(alert.Want) == 0
			}
			for _, query := range test.Queries {
				asked[query.Expr] = asked[query.Expr] || len(query.Want) > 0
			}
		}
	}
	for _, rule := range readRules(t) {
		switch {
		case rule.Record != "" && !asked[rule.Record]:
			t.Errorf("no test has series of %s", rule.Record)
		case rule.Alert != "" && !fires[rule.Alert]:
			t.Errorf("no test in which %s fires", rule.Alert)
		case rule.Alert != "" && !rests[rule.Alert]:
			t.Errorf("no test in which %s does not fire", rule.Alert)
		}
	}
}

// TestAlertAnnotations holds labels, annotations and runbooks of alerts, and that no rule
// selects by job.
func TestAlertAnnotations(t *testing.T) {
	t.Parallel()
	severities := map[string]bool{"critical": true, "warning": true, "info": true}
	seen := map[string]bool{}
	for _, rule := range readRules(t) {
		if strings.Contains(rule.Expr, "job=") {
			t.Errorf("%s%s selects by job: %s", rule.Record, rule.Alert, rule.Expr)
		}
		if rule.Alert == "" {
			continue
		}
		if seen[rule.Alert] {
			t.Errorf("duplicate alert %s", rule.Alert)
		}
		seen[rule.Alert] = true
		if !severities[rule.Labels["severity"]] {
			t.Errorf("%s has severity %q", rule.Alert, rule.Labels["severity"])
		}
		for _, annotation := range []string{"summary", "description", "action"} {
			if rule.Annotations[annotation] == "" {
				t.Errorf("%s has no %s", rule.Alert, annotation)
			}
		}
		if got, want := rule.Annotations["runbook_url"], runbooks+strings.ToLower(rule.Alert); got != want {
			t.Errorf("%s has runbook %s, want %s", rule.Alert, got, want)
		}
	}
}
