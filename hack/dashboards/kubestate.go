package dashboards

// kubestate is about the program itself.
func kubestate() spec {
	return spec{
		uid: "kubestate-self", title: "kubestate",
		description: "What kubestate hears from the API server, holds and serves, and what that costs. It needs a scrape of the telemetry port.",
		variables: []Variable{
			choice("job", "Job", "kube_state_metrics_build_info"),
			choice("instance", "Instance", `kube_state_metrics_build_info{job=~"$job"}`),
		},
		rows: []row{
			{"Is it well?", selfState()},
			{"What does it hear from the API server?", selfSources()},
			{"What does it hold?", selfStore()},
			{"What does it serve?", selfScrapes()},
			{"What does it cost?", selfProcess()},
		},
	}
}

func selfState() []panel {
	return []panel{
		stat(4, "Instances", "Programs that were scraped.", "short", nil,
			ask(`count(kube_state_metrics_build_info{<exporter>})`)),
		stat(4, "Resources in trouble", "Neither synced nor absent from the API server.", "short", badFromOne,
			ask(`sum(kubestate_resource_state{<exporter>, state!~"synced|absent"})`)),
		stat(4, "Oldest", "The longest time without a sign of life about a resource. Two minutes are ordinary.", "s",
			[]Threshold{from(150, "orange"), from(300, "red")},
			ask(`max(kubestate_resource_staleness_seconds{<exporter>})`)),
		stat(4, "Families left out", "Of objects whose rendering panicked, since the start.", "short", badFromOne,
			ask(`sum(kubestate_render_panics_total{<exporter>}) or vector(0)`)),
		stat(4, "Configuration taken up", "1 if the file is in use as it is, by instance.", "short",
			[]Threshold{{Color: "red", Value: new(float64)}, from(1, "green")},
			show("{{instance}}", `kube_state_metrics_last_config_reload_successful{<exporter>}`)),
		stat(4, "Scrapes refused", "In the last hour, for want of turns.", "short", warnFromOne,
			ask(`sum(increase(kubestate_scrapes_refused_total{<exporter>}[1h]))`)),
		table(12, "Versions", "What runs, and since when, in seconds.", map[string]string{"Value": "running for"},
			ask(`(time() - process_start_time_seconds{<exporter>}) * on (job, instance) group_left (version, revision, goversion, client_go_version)
max by (job, instance, version, revision, goversion, client_go_version) (kube_state_metrics_build_info{<exporter>})`)),
		table(12, "States of resources", "How things stand between each resource and the API server.", nil,
			ask(`max by (job, instance, resource, state) (kubestate_resource_state{<exporter>}) == 1`)).hiding("Value"),
	}
}

func selfSources() []panel {
	return []panel{
		graph(12, "Age of resources", "Time since the last sign of life, of the ten oldest.", "s",
			show("{{resource}}", `topk(10, max by (resource) (kubestate_resource_staleness_seconds{<exporter>}))`)),
		graph(12, "Lists and watches", "Asked of the API server, by result. A streamed list counts as a watch.", "reqps",
			show("lists: {{result}}", `sum by (result) (rate(kube_state_metrics_list_total{<exporter>}[$__rate_interval]))`),
			show("watches: {{result}}", `sum by (result) (rate(kube_state_metrics_watch_total{<exporter>}[$__rate_interval]))`)),
		graph(12, "Received", "Bytes of the API server's answers, of the ten largest resources.", "Bps",
			show("{{resource}}", `topk(10, sum by (resource) (rate(kubestate_received_bytes_total{<exporter>}[$__rate_interval])))`)),
		graph(12, "Relists", "Of what was complete before, by reason, within an hour.", "short",
			show("{{reason}}", `sum by (reason) (increase(kubestate_relists_total{<exporter>}[1h])) or label_replace(vector(0), "reason", "none", "", "")`)),
	}
}

func selfStore() []panel {
	return []panel{
		graph(8, "Objects", "Of the ten most numerous resources.", "short",
			show("{{resource}}", `topk(10, sum by (resource) (kubestate_store_objects{<exporter>}))`)),
		graph(8, "Series", "Of the ten resources with most.", "short",
			show("{{resource}}", `topk(10, sum by (resource) (kubestate_store_series{<exporter>}))`)),
		graph(8, "Answer before compression", "What a scraper has to take at once. Common caps are 16 and 32 MiB.", "bytes",
			show("{{instance}}", `sum by (instance) (kubestate_store_text_bytes{<exporter>})`)),
		graph(12, "Memory for series", "Packed and open blocks.", "bytes",
			show("{{state}}", `sum by (state) (kubestate_store_memory_bytes{<exporter>})`)),
		graph(12, "Blocks", "Open ones were changed lately.", "short",
			show("{{state}}", `sum by (state) (kubestate_store_blocks{<exporter>})`)),
	}
}

func selfScrapes() []panel {
	return []panel{
		graph(8, "Scrapes", "Complete answers, by encoding.", "reqps",
			show("{{encoding}}", `sum by (encoding) (rate(kubestate_scrape_duration_seconds_count{<exporter>}[$__rate_interval]))`)),
		graph(8, "Duration", "Within which 99 and 50 of 100 scrapes are answered.", "s",
			show("99%", `histogram_quantile(0.99, sum by (le) (rate(kubestate_scrape_duration_seconds_bucket{<exporter>}[$__rate_interval])))`),
			show("50%", `histogram_quantile(0.5, sum by (le) (rate(kubestate_scrape_duration_seconds_bucket{<exporter>}[$__rate_interval])))`)),
		graph(8, "Size as sent", "Of the last complete answer.", "bytes",
			show("{{instance}} {{encoding}}", `kubestate_scrape_response_bytes{<exporter>}`)),
		graph(12, "Scrapes at the same time", "That are being answered, and that wait for their turn.", "short",
			show("in flight", `sum(kubestate_scrapes_in_flight{<exporter>})`),
			show("waiting", `sum(kubestate_scrapes_waiting{<exporter>})`)),
		graph(12, "As Prometheus sees it", "How long its scrapes of the telemetry port and its answers took.", "s",
			show("{{instance}}", `scrape_duration_seconds{<exporter>}`)),
	}
}

func selfProcess() []panel {
	return []panel{
		graph(8, "Memory", "Resident, and the limit that the Go runtime keeps.", "bytes",
			show("{{instance}}", `process_resident_memory_bytes{<exporter>}`),
			show("{{instance}} limit", `go_gc_gomemlimit_bytes{<exporter>} < 2 ^ 60`)),
		graph(8, "CPU", "In cores.", "short",
			show("{{instance}}", `rate(process_cpu_seconds_total{<exporter>}[$__rate_interval])`)),
		graph(8, "Time by step", "Seconds a second for decoding and for rendering.", "short",
			show("decode", `sum(rate(kubestate_decode_seconds_total{<exporter>}[$__rate_interval]))`),
			show("render", `sum(rate(kubestate_render_seconds_total{<exporter>}[$__rate_interval]))`)),
		graph(12, "Goroutines", "They follow the number of resources and scrapers.", "short",
			show("{{instance}}", `go_goroutines{<exporter>}`)),
		graph(12, "Network", "Bytes cut before decoding, because no row reads them, and bytes received.", "Bps",
			show("cut", `sum(rate(kubestate_projection_skipped_bytes_total{<exporter>}[$__rate_interval]))`),
			show("received", `sum(rate(kubestate_received_bytes_total{<exporter>}[$__rate_interval]))`)),
	}
}
