package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// kubestate is the dashboard of the program itself.
func kubestate() spec {
	return spec{
		file: "kubestate.json", uid: "kubestate-self", title: "kubestate",
		description: "Resource states, memory, scrapes and CPU of kubestate. Needs a scrape of the telemetry port.",
		variables: []cog.Builder[dashboard.VariableModel]{
			choice("job", "Job", "kube_state_metrics_build_info"),
			choice("instance", "Instance", `kube_state_metrics_build_info{job=~"$job"}`),
			choice("cluster", "Cluster", `kubestate_resource_state{<exporter>}`),
		},
		rows: []row{
			{"Health", selfState()},
			{"API server", selfSources()},
			{"Store", selfStore()},
			{"Clusters, with --clusters", selfClusters()},
			{"Scrapes", selfScrapes()},
			{"Process", selfProcess()},
		},
	}
}

func selfState() []panel {
	return []panel{
		stat(4, "Instances", "Scraped processes.", "short", nil,
			ask(`count(kube_state_metrics_build_info{<exporter>})`)),
		stat(4, "Resources not synced", "Neither synced nor absent.", "short", badFromOne,
			ask(`sum(kubestate_resource_state{<watched>, state!~"synced|absent"})`)),
		stat(4, "Maximum staleness", "Time without event or bookmark; two minutes are normal.", "s",
			[]dashboard.Threshold{from(150, "orange"), from(300, "red")},
			ask(`max(kubestate_resource_staleness_seconds{<watched>})`)),
		stat(4, "Render panics", "Families of objects left out, since the start.", "short", badFromOne,
			ask(`sum(kubestate_render_panics_total{<watched>}) or vector(0)`)),
		stat(4, "Configuration reload", "1 if the last read file is in use, by instance.", "short",
			[]dashboard.Threshold{{Color: "red", Value: new(float64)}, from(1, "green")},
			show("{{instance}}", `kube_state_metrics_last_config_reload_successful{<exporter>}`)),
		stat(4, "Refused scrapes", "In the last hour, beyond --max-concurrent-scrapes.", "short", warnFromOne,
			ask(`sum(increase(kubestate_scrapes_refused_total{<exporter>}[1h]))`)),
		table(12, "Versions", "And uptime in seconds.", map[string]string{"Value": "running for"},
			ask(`(time() - process_start_time_seconds{<exporter>}) * on (job, instance) group_left (version, revision, goversion, client_go_version)
max by (job, instance, version, revision, goversion, client_go_version) (kube_state_metrics_build_info{<exporter>})`)),
		table(12, "Resource states", "Of each resource.", map[string]string{"Value": ""},
			ask(`max by (cluster, job, instance, resource, state) (kubestate_resource_state{<watched>}) == 1`)),
	}
}

func selfSources() []panel {
	return []panel{
		graph(12, "Staleness", "Time since the last event or bookmark, ten oldest resources.", "s",
			show("{{cluster}} {{resource}}", `topk(10, max by (cluster, resource) (kubestate_resource_staleness_seconds{<watched>}))`)),
		graph(12, "Lists and watches", "By result; a streamed list counts as a watch.", "reqps",
			show("lists: {{result}}", `sum by (result) (rate(kube_state_metrics_list_total{<watched>}[$__rate_interval]))`),
			show("watches: {{result}}", `sum by (result) (rate(kube_state_metrics_watch_total{<watched>}[$__rate_interval]))`)),
		graph(12, "Received bytes", "From the API server, ten largest resources.", "Bps",
			show("{{cluster}} {{resource}}", `topk(10, sum by (cluster, resource) (rate(kubestate_received_bytes_total{<watched>}[$__rate_interval])))`)),
		graph(12, "Relists", "By reason, within an hour.", "short",
			show("{{reason}}", `sum by (reason) (increase(kubestate_relists_total{<watched>}[1h])) or label_replace(vector(0), "reason", "none", "", "")`)),
	}
}

func selfStore() []panel {
	return []panel{
		graph(8, "Objects", "Ten largest resources.", "short",
			show("{{cluster}} {{resource}}", `topk(10, sum by (cluster, resource) (kubestate_store_objects{<watched>} unless on (job, instance) kubestate_leader{<exporter>} == 0))`)),
		graph(8, "Series", "Ten largest resources.", "short",
			show("{{cluster}} {{resource}}", `topk(10, sum by (cluster, resource) (kubestate_store_series{<watched>} unless on (job, instance) kubestate_leader{<exporter>} == 0))`)),
		graph(8, "Uncompressed response", "Common limits of scrapers are 16 and 32 MiB.", "bytes",
			show("{{instance}}", `sum by (instance) (kubestate_store_text_bytes{<watched>})`)),
		graph(12, "Memory for series", "Compressed and open blocks.", "bytes",
			show("{{state}}", `sum by (state) (kubestate_store_memory_bytes{<watched>})`)),
		graph(12, "Blocks", "Open blocks have recent changes.", "short",
			show("{{state}}", `sum by (state) (kubestate_store_blocks{<watched>})`)),
	}
}

func selfClusters() []panel {
	return []panel{
		table(12, "Cluster states", "State, and whether responses have its series.", map[string]string{"Value": "served"},
			ask(`max by (cluster, job, instance) (kubestate_cluster_served{<watched>})
* on (cluster, job, instance) group_left (state) max by (cluster, job, instance, state) (kubestate_cluster_state{<watched>} == 1)`)),
		graph(12, "Staleness of clusters", "Longest time since a response for any resource. Ten stalest clusters.", "s",
			show("{{cluster}}", `topk(10, max by (cluster) (kubestate_cluster_staleness_seconds{<watched>}))`)),
		graph(8, "Clusters by state", "Of each instance.", "short",
			show("{{state}}", `sum by (state) (kubestate_cluster_state{<watched>})`)),
		graph(8, "Series by cluster", "Ten largest clusters.", "short",
			show("{{cluster}}", `topk(10, sum by (cluster) (kubestate_store_series{<watched>, cluster!=""} unless on (job, instance) kubestate_leader{<exporter>} == 0))`)),
		graph(8, "Memory for series by cluster", "Ten largest clusters.", "bytes",
			show("{{cluster}}", `topk(10, sum by (cluster) (kubestate_store_memory_bytes{<watched>, cluster!=""}))`)),
	}
}

func selfScrapes() []panel {
	return []panel{
		graph(8, "Scrapes", "Complete responses, by encoding.", "reqps",
			show("{{encoding}}", `sum by (encoding) (rate(kubestate_scrape_duration_seconds_count{<exporter>}[$__rate_interval]))`)),
		graph(8, "Scrape duration", "99th and 50th percentile.", "s",
			show("99%", `histogram_quantile(0.99, sum by (le) (rate(kubestate_scrape_duration_seconds_bucket{<exporter>}[$__rate_interval])))`),
			show("50%", `histogram_quantile(0.5, sum by (le) (rate(kubestate_scrape_duration_seconds_bucket{<exporter>}[$__rate_interval])))`)),
		graph(8, "Response size", "Of the last complete response, as sent.", "bytes",
			show("{{instance}} {{encoding}}", `kubestate_scrape_response_bytes{<exporter>}`)),
		graph(12, "Concurrent scrapes", "In flight and waiting.", "short",
			show("in flight", `sum(kubestate_scrapes_in_flight{<exporter>})`),
			show("waiting", `sum(kubestate_scrapes_waiting{<exporter>})`)),
		graph(12, "Prometheus' view", "Duration of scrapes and responses.", "s",
			show("{{instance}}", `max by (instance) (scrape_duration_seconds{<exporter>})`)),
	}
}

func selfProcess() []panel {
	return []panel{
		graph(8, "Memory", "Resident, and the limit of the Go runtime.", "bytes",
			show("{{instance}}", `process_resident_memory_bytes{<exporter>}`),
			show("{{instance}} limit", `go_gc_gomemlimit_bytes{<exporter>} < 2 ^ 60`)),
		graph(8, "CPU", "In cores.", "short",
			show("{{instance}}", `rate(process_cpu_seconds_total{<exporter>}[$__rate_interval])`)),
		graph(8, "Time by step", "Seconds per second of decoding and rendering.", "short",
			show("decode", `sum(rate(kubestate_decode_seconds_total{<watched>}[$__rate_interval]))`),
			show("render", `sum(rate(kubestate_render_seconds_total{<watched>}[$__rate_interval]))`)),
		graph(12, "Goroutines", "Grow with resources and scrapers.", "short",
			show("{{instance}}", `go_goroutines{<exporter>}`)),
		graph(12, "Network", "Received bytes, and bytes cut before decoding.", "Bps",
			show("cut", `sum(rate(kubestate_projection_skipped_bytes_total{<watched>}[$__rate_interval]))`),
			show("received", `sum(rate(kubestate_received_bytes_total{<watched>}[$__rate_interval]))`)),
	}
}
