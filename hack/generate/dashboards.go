package main

import (
	"fmt"

	"github.com/kubestate/kubestate/hack/dashboards"
)

// dashboardsIntroduction is what no panel says by itself.
const dashboardsIntroduction = `# Dashboards

[deploy/grafana](../deploy/grafana) has three dashboards for Grafana 10 and later. Import the files by
hand (Dashboards, New, Import), by provisioning, or by a ConfigMap with the label that your
Grafana's side-car looks for. They ask for a data source, and then for clusters and namespaces; where series
have no label cluster, All is right. Scrape with honor_labels: true. They need no rules and no other exporter.

A test loads the example cluster into an API server, has Prometheus scrape kubestate, and runs every query:
each gives data. The files are checked against the types of Grafana's package @grafana/schema, the
dashboard and the options of each panel. They have not been opened in a running Grafana, which cannot be had
where the tests run: how the panels look is untried.

They are written in [hack/dashboards](../hack/dashboards) and made by ` + "`make generate`" + `.
`

// grafana gives the dashboards and the page that lists them, by path.
func grafana() (map[string][]byte, error) {
	all, err := dashboards.All()
	if err != nil {
		return nil, err
	}
	page, files := fmt.Appendf(nil, "<!-- %s -->\n%s", notice, dashboardsIntroduction), map[string][]byte{}
	for _, f := range all {
		if files["deploy/grafana/"+f.Name], err = f.JSON(); err != nil {
			return nil, err
		}
		page = append(page, f.Markdown()...)
	}
	files["docs/dashboards.md"] = page
	return files, nil
}
