package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// alertFile is the documented part of a file of Prometheus' rules.
type alertFile struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

// alertsIntroduction is the introduction of the page of alerts.
const alertsIntroduction = `# Alerts

Prometheus takes the files of [deploy/monitoring/rules](../deploy/monitoring/rules) as they are:

    rule_files: [kubestate/*.rules.yaml]

| subject | rule |
| --- | --- |
| selection | metric names, no job: the same files serve any job name |
| replicas | equal series count once |
| scrape job | honor_labels: true, or the namespace is that of the exporter |
| cluster | the label is kept |
| severity | critical wakes somebody, warning waits for the working day, info is for dashboards |
| tests | [each alert](../deploy/monitoring/rules/tests), firing and not |
`

// alerts returns the page of all alerts.
func alerts() ([]byte, error) {
	paths, err := filepath.Glob("deploy/monitoring/rules/*.rules.yaml")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- %s -->\n%s", notice, alertsIntroduction)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var file alertFile
		if err := yaml.Unmarshal(content, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		describe(&b, filepath.Base(path), file)
	}
	return b.Bytes(), nil
}

// describe writes a heading for each alert, the target of its runbook_url.
func describe(b *bytes.Buffer, name string, file alertFile) {
	headed := false
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				continue
			}
			if !headed {
				headed = true
				fmt.Fprintf(b, "\n## %s\n", name)
			}
			fmt.Fprintf(b, "\n### %s\n\n%s", rule.Alert, rule.Labels["severity"])
			if rule.For != "" {
				fmt.Fprintf(b, ", after %s", rule.For)
			}
			fmt.Fprintf(b, ". %s\n\nAction: %s\n\n", rule.Annotations["description"], rule.Annotations["action"])
			for line := range strings.Lines(strings.TrimSpace(rule.Expr) + "\n") {
				b.WriteString("    " + line)
			}
		}
	}
}
