package main

import (
	"fmt"

	"github.com/kubestate/kubestate/hack/dashboards"
)

// dashboardsIntroduction is the introduction of the page of dashboards.
const dashboardsIntroduction = `# Dashboards

Three dashboards for Grafana 10 and later, in [deploy/monitoring/dashboards](../deploy/monitoring/dashboards). Import the
files (Dashboards, New, Import), provision them, or mount a ConfigMap with the label of Grafana's sidecar. They ask
for a data source, clusters (All without a label cluster) and namespaces. Scrape with honor_labels: true; no rules
and no other exporter are needed.

A test runs every query on the example cluster and requires data. The files are checked against the types of
@grafana/schema; they have not been opened in a running Grafana. [hack/dashboards](../hack/dashboards) is their source.
`

// grafana returns the dashboards and their page, by path.
func grafana() (map[string][]byte, error) {
	all, err := dashboards.All()
	if err != nil {
		return nil, err
	}
	page, files := fmt.Appendf(nil, "<!-- %s -->\n%s", notice, dashboardsIntroduction), map[string][]byte{}
	for _, f := range all {
		if files["deploy/monitoring/dashboards/"+f.Name], err = f.JSON(); err != nil {
			return nil, err
		}
		page = append(page, f.Markdown()...)
	}
	files["docs/dashboards.md"] = page
	return files, nil
}
