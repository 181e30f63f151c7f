# What is built goes to .build; of Debian only the packages named below are used.
BUILD   := $(CURDIR)/.build
VERSION := $(shell git describe --tags --always --dirty --abbrev=12 2>/dev/null || echo unknown)
REVISION := $(shell git rev-parse HEAD 2>/dev/null)
BRANCH  := $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null)
LDFLAGS := -s -w \
	-X github.com/kubestate/kubestate/internal/version.version=$(VERSION) \
	-X github.com/kubestate/kubestate/internal/version.revision=$(REVISION) \
	-X github.com/kubestate/kubestate/internal/version.branch=$(BRANCH)

export CGO_ENABLED ?= 0

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## Serve the cluster of $KUBECONFIG, or the example cluster; ARGS="--flags" are passed on
	$(BUILD)/kubestate $(if $(KUBECONFIG),--kubeconfig "$(KUBECONFIG)",--snapshot examples/cluster) $(ARGS)

build: ## Build .build/kubestate
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BUILD)/kubestate ./cmd/kubestate

# The same commit gives the same bytes, wherever and whenever it is built.
PLATFORMS ?= linux/amd64 linux/arm64
CREATED = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || echo 0))

image: ## Write the image to .build/image, an OCI layout, and what is in it to .build/image-sbom
	set -e; for platform in $(PLATFORMS); do \
		CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOOS=$${platform%/*} GOARCH=$${platform#*/} \
			$(MAKE) --no-print-directory build BUILD=$(BUILD)/programs/$$platform BRANCH=; \
	done
	cd hack/image && go run . -programs $(BUILD)/programs -modules "$$(go env GOMODCACHE)" -go "$$(go env GOROOT)" -to $(BUILD)/image \
		-version "$(VERSION)" -revision "$(REVISION)" -created $(CREATED) $(PLATFORMS)

generate: $(BUILD)/kubectl ## Write the generated parts of docs/ and deploy/
	go run ./hack/generate

verify: $(BUILD)/kubectl ## Fail if the generated parts are stale
	go run ./hack/generate -check

test: verify lint unit test-image dashboards e2e ## Check everything: lint, unit tests, and end to end with a real control plane

lint: $(BUILD)/golangci-lint ## Read the code for mistakes
	$(BUILD)/golangci-lint run ./...
	cd test && $(BUILD)/golangci-lint run ./...
	cd hack/image && $(BUILD)/golangci-lint run ./...
	$(MAKE) --no-print-directory tidy

# Every module of the repository, new ones too. The first time, this fetches what the tests of
# their dependencies need.
MODULES = $(patsubst %/go.mod,%,$(shell find . -name .build -prune -o -name go.mod -print))

tidy: ## Fail if a go.mod or go.sum is not as go mod tidy leaves it
	set -e; for module in $(MODULES); do (cd $$module && go mod tidy -diff) || { echo "$$module: run go mod tidy"; exit 1; }; done

unit: $(BUILD)/cc $(BUILD)/curl ## Run the tests that need no control plane
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 30m ./...

dashboards: $(BUILD)/grafana/node_modules ## Check the dashboards against Grafana's own types
	node test/grafana/check.mjs deploy/monitoring/dashboards $<

test-image: ## Make the image and look into it
	cd hack/image && go test -count=1 -timeout 30m ./...

e2e: build $(BUILD)/controlplane $(BUILD)/cronjobs $(BUILD)/kwok $(BUILD)/helm $(BUILD)/kubectl $(BUILD)/operator-crds $(BUILD)/prometheus $(BUILD)/chromium $(BUILD)/prometheus-2 $(BUILD)/victoria-metrics $(BUILD)/otelcol ## Run the tests against etcd, an API server, its controllers and Prometheus
	cd test && go test -count=1 -timeout 60m ./...

bench: build $(BUILD)/controlplane $(BUILD)/nginx $(BUILD)/curl ## Measure kubestate beside nginx and bare informers, with PODS=20000; PEER=path adds another exporter
	cd test && go run ./measure -pods $(or $(PODS),20000) $(BENCH)

churn: build $(BUILD)/controlplane ## Have pods come and go for FOR=5m, and fail if goroutines, watches or memory grow
	cd test && go run ./churn -for $(or $(FOR),5m)

hostile: build $(BUILD)/controlplane $(BUILD)/prometheus ## Attack kubestate beside a Prometheus for FOR=1h, and fail if that misses anything or memory grows; HOSTILE="--flags" are passed on
	cd test && go run ./hostile -for $(or $(FOR),1h) $(HOSTILE)

cronjobs: build $(BUILD)/cronjobs ## Compare a million schedules of CronJobs with the controller's own functions
	cd test && KUBESTATE_CRONJOBS=1000000 go test -count=1 -timeout 60m -v ./cronjobs

bench-unit: ## Time rendering and storing
	go test -run '^$$' -bench . -benchmem ./internal/...

fuzz: ## Run each fuzz test for TIME=30s
	@set -e; grep -rlE '^func Fuzz' --include='*_test.go' internal | xargs -n1 dirname | sort -u | while read -r dir; do \
		for name in $$(grep -rhoE '^func Fuzz[A-Za-z0-9]*' --include='*_test.go' "$$dir" | cut -c6-); do \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(or $(TIME),30s) "./$$dir"; \
		done; \
	done

vulncheck: $(BUILD)/govulncheck ## Look for known faults in what is built in; asks vuln.go.dev or the GOVULNDB
	$(BUILD)/govulncheck ./...

clean: ## Remove what was built
	rm -rf $(BUILD)

$(BUILD)/golangci-lint: hack/tools/go.mod
	cd hack/tools && go build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(BUILD)/controlplane: $(wildcard test/controlplane/*.go) test/controlplane/go.mod
	cd test/controlplane && go build -o $@ .

$(BUILD)/cronjobs: test/controlplane/cronjobs/main.go test/controlplane/go.mod
	cd test/controlplane && go build -o $@ ./cronjobs

$(BUILD)/kwok: hack/tools/kwok.version
	GOBIN=$(BUILD) go install sigs.k8s.io/kwok/cmd/kwok@$$(cat $<)
	@touch $@

$(BUILD)/helm: test/helm/go.mod
	cd test/helm && go build -o $@ helm.sh/helm/v4/cmd/helm

$(BUILD)/govulncheck: hack/tools/govulncheck.version
	GOBIN=$(BUILD) go install golang.org/x/vuln/cmd/govulncheck@$$(cat $<)
	@touch $@

$(BUILD)/kubectl: hack/kubectl/main.go hack/kubectl/go.mod
	cd hack/kubectl && go build -o $@ .

# The kinds of the Prometheus operator, as its own repository installs them.
$(BUILD)/operator-crds: hack/tools/prometheus-operator.version
	rm -rf $@ && mkdir -p $@
	module=$$(go mod download -json github.com/prometheus-operator/prometheus-operator@$$(cat $<) | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') && \
		for kind in servicemonitors prometheusrules scrapeconfigs; do \
			install -m 644 $$module/example/prometheus-operator-crd/*_$$kind.yaml $@ || exit 1; \
		done

# The race detector is linked by a C compiler.
$(BUILD)/cc:
	command -v gcc || { apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev; }
	@mkdir -p $(BUILD) && ln -sf "$$(command -v gcc)" $@

# A package of Debian is unpacked rather than installed: nothing is started.
unpack = mkdir -p $(BUILD)/debian && cd $(BUILD)/debian && \
	{ apt-get download $(1) || { apt-get update && apt-get download $(1); }; } && dpkg -x $(1)_*.deb .

# The yardstick for serving bytes.
$(BUILD)/nginx:
	if command -v nginx; then ln -sf "$$(command -v nginx)" $@; else \
		$(call unpack,nginx) && ln -sf $(BUILD)/debian/usr/sbin/nginx $@; \
	fi

# Clients as they are in the field: an old Prometheus, and those with a parser of their own.
$(BUILD)/prometheus-2:
	$(call unpack,prometheus) && ln -sf $(BUILD)/debian/usr/bin/prometheus $@

$(BUILD)/victoria-metrics:
	$(call unpack,victoria-metrics) && ln -sf $(BUILD)/debian/usr/bin/vmagent $(BUILD)/vmagent && \
		ln -sf $(BUILD)/debian/usr/bin/victoria-metrics $@

# The client of the measurements, and a reader of gzip that is zlib.
$(BUILD)/curl:
	command -v curl || { apt-get update && apt-get install -y --no-install-recommends curl; }
	@mkdir -p $(BUILD) && ln -sf "$$(command -v curl)" $@

# Grafana publishes the types of its dashboards as a package for TypeScript.
$(BUILD)/grafana/node_modules: test/grafana/package-lock.json
	command -v npm || { apt-get update && apt-get install -y --no-install-recommends nodejs npm; }
	@mkdir -p $(BUILD)/grafana && cp test/grafana/package*.json $(BUILD)/grafana
	cd $(BUILD)/grafana && npm ci --no-audit --no-fund && touch node_modules

# A browser, which Debian has as a package.
$(BUILD)/chromium:
	command -v chromium curl || { apt-get update && apt-get install -y --no-install-recommends chromium curl; }
	@mkdir -p $(BUILD) && ln -sf "$$(command -v chromium)" $@

# Debian's own Prometheus is built without the discovery of Kubernetes services.
$(BUILD)/prometheus: test/prometheus/go.mod
	cd test/prometheus && go build -tags remove_all_sd,enable_kubernetes_sd -o $(BUILD)/ \
		github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool

# Of the OpenTelemetry Collector what docs/integrations configures.
$(BUILD)/otelcol: $(wildcard test/otelcol/*.go) test/otelcol/go.mod
	cd test/otelcol && go build -tags remove_all_sd,enable_kubernetes_sd,grpcnotrace -o $@ .

.PHONY: help run build image generate verify test test-image lint tidy unit dashboards e2e bench churn hostile cronjobs bench-unit fuzz vulncheck clean
.DEFAULT_GOAL := help
