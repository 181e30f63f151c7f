# What is built goes to .build. `make deps`, as root, installs what Debian has.
BUILD    := $(CURDIR)/.build
VERSION  := $(shell git describe --tags --always --dirty --abbrev=12 2>/dev/null || echo unknown)
REVISION := $(shell git rev-parse HEAD 2>/dev/null)
BRANCH   := $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null)
STAMP    := github.com/kubestate/kubestate/internal/version
LDFLAGS  := -s -w -X $(STAMP).version=$(VERSION) -X $(STAMP).revision=$(REVISION) -X $(STAMP).branch=$(BRANCH)
DEBIAN   := gcc curl chromium npm
PACKAGES  = libc6-dev $(foreach name,$(DEBIAN),$(if $(shell command -v $(name) 2>/dev/null),,$(name)))
E2E      := controlplane cronjobs rollouts kwok helm kubectl operator-crds prometheus chromium browser/node_modules prometheus-2 victoria-metrics otelcol
# The same flags everywhere, so that each package is compiled once; vet is a part of lint.
export CGO_ENABLED ?= 0
export GOFLAGS := -trimpath -buildvcs=false $(GOFLAGS)
TEST     := go test -vet=off -timeout 60m

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
run: build ## Serve the cluster of $KUBECONFIG, or the example cluster; ARGS="--flags" are passed on
	$(BUILD)/kubestate $(if $(KUBECONFIG),--kubeconfig "$(KUBECONFIG)",--snapshot examples/cluster) $(ARGS)
build: ## Build .build/kubestate
	go build -ldflags '$(LDFLAGS)' -o $(BUILD)/kubestate ./cmd/kubestate
deps: ## Install, as root, gcc, curl, chromium and npm if they are missing
	apt-get update && apt-get install -y --no-install-recommends $(PACKAGES)

# The same commit gives the same bytes, wherever and whenever it is built.
PLATFORMS ?= linux/amd64 linux/arm64
programs:
	for platform in $(PLATFORMS); do CGO_ENABLED=0 GOFLAGS= GOOS=$${platform%/*} GOARCH=$${platform#*/} \
		$(MAKE) --no-print-directory build BUILD=$(BUILD)/programs/$$platform BRANCH= || exit 1; done
krew: PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
krew: programs ; go run ./hack/krew -programs $(BUILD)/programs -version "$(VERSION)" -to $(BUILD)/krew $(PLATFORMS) ## Write the kubectl plugin for krew, of VERSION=v1.2.3, to .build/krew
image: programs ## Write the image to .build/image, an OCI layout, and its SBOM to .build/image-sbom
	cd hack/image && go run . -programs $(BUILD)/programs -modules "$$(go env GOMODCACHE)" -go "$$(go env GOROOT)" -to $(BUILD)/image \
		-version "$(VERSION)" -revision "$(REVISION)" -created $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || echo 0)) $(PLATFORMS)
generate: $(BUILD)/kubectl ; go run ./hack/generate ## Write the generated parts of docs/ and deploy/
verify: $(BUILD)/kubectl ; go run ./hack/generate -check ## Fail if the generated parts are stale
pictures: build $(BUILD)/chromium ; cd test && go run ./pictures ## Draw the pictures of the README

# The end-to-end tests wait more than they compute: the others run beside them.
test: $(addprefix $(BUILD)/,$(DEBIAN) kubectl) ## Check everything: lint, unit tests, and end to end with a real control plane
	$(MAKE) -j2 --output-sync=target e2e others
others: ; nice -n 5 $(MAKE) --no-print-directory verify lint tidy unit test-image dashboards
lint: $(BUILD)/golangci-lint ## Run the linters
	for module in . test hack/image; do (cd $$module && $< run ./...) || exit 1; done
tidy: ## Fail if a go.mod or go.sum is not as go mod tidy leaves it
	for module in $$(find . -name .build -prune -o -name go.mod -printf '%h\n'); do (cd $$module && go mod tidy -diff) || { echo "$$module: run go mod tidy"; exit 1; }; done
# The race detector costs ten times the time: random tests have few seeds with it, and all without.
LONG = $(shell grep -rl --include='*_test.go' 'testing\.Short()' cmd internal | xargs dirname | sort -u | sed 's|^|./|')
unit: $(BUILD)/gcc $(BUILD)/curl ## Run the tests that need no control plane; SHUFFLE=1 runs also those that have passed, in random order
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 $(TEST) -race -short $(if $(SHUFFLE),-shuffle=on) ./...
	$(TEST) $(if $(SHUFFLE),-shuffle=on) $(LONG)
dashboards: $(BUILD)/grafana/node_modules ; node test/grafana/check.mjs deploy/monitoring/dashboards $< ## Check the dashboards against Grafana's own types
test-image: ; cd hack/image && $(TEST) -count=1 ./... ## Build the image and check its content
e2e: build $(E2E:%=$(BUILD)/%) ## Run the tests against etcd, an API server, its controllers and Prometheus
	cd test && $(TEST) -count=1 -parallel 6 ./...
bench: build $(BUILD)/controlplane $(BUILD)/nginx $(BUILD)/curl ## Measure kubestate beside nginx and bare informers, with PODS=20000; PEER=path adds another exporter
	cd test && go run ./measure -pods $(or $(PODS),20000) $(BENCH)
churn: build $(BUILD)/controlplane ; cd test && go run ./churn -for $(or $(FOR),5m) ## Create and delete pods for FOR=5m, and fail if goroutines, watches or memory grow
hostile: build $(BUILD)/controlplane $(BUILD)/prometheus ## Attack kubestate beside a Prometheus for FOR=1h, and fail if Prometheus misses data or memory grows; HOSTILE="--flags" are passed on
	cd test && go run ./hostile -for $(or $(FOR),1h) $(HOSTILE)
cronjobs: build $(BUILD)/cronjobs ## Compare a million schedules of CronJobs with the controller's own functions
	cd test && KUBESTATE_CRONJOBS=1000000 $(TEST) -count=1 -v ./cronjobs
bench-unit: ; go test -run '^$$' -bench . -benchmem ./internal/... ## Benchmark rendering and storing
fuzz: ## Run each fuzz test for TIME=30s
	@grep -roE '^func Fuzz[A-Za-z0-9]*' --include='*_test.go' internal | sed 's|/[^/]*:func | |' | while read -r dir name; do \
		go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(or $(TIME),30s) "./$$dir" </dev/null || exit 1; done
vulncheck: $(BUILD)/govulncheck ; $< ./... ## Check program and dependencies for known vulnerabilities, by vuln.go.dev or GOVULNDB
clean: ; rm -rf $(BUILD) ## Remove .build

# Programs from Go modules.
SD := -tags remove_all_sd,enable_kubernetes_sd,grpcnotrace
OPERATOR := github.com/prometheus-operator/prometheus-operator
build = cd $(1) && go build -ldflags=-w -o $(BUILD)/ $(2)
$(BUILD)/golangci-lint: hack/tools/go.mod ; $(call build,hack/tools,github.com/golangci/golangci-lint/v2/cmd/golangci-lint)
$(BUILD)/controlplane: $(wildcard test/controlplane/*.go) test/controlplane/go.mod ; $(call build,test/controlplane,.)
$(BUILD)/cronjobs: test/controlplane/cronjobs/main.go test/controlplane/go.mod ; $(call build,test/controlplane,./cronjobs)
$(BUILD)/helm: test/helm/main.go test/helm/go.mod ; $(call build,test/helm,.)
$(BUILD)/kubectl: hack/kubectl/main.go hack/kubectl/go.mod ; $(call build,hack/kubectl,.)
$(BUILD)/rollouts: hack/kubectl/rollouts/main.go hack/kubectl/go.mod ; $(call build,hack/kubectl,./rollouts)
$(BUILD)/otelcol: $(wildcard test/otelcol/*.go) test/otelcol/go.mod ; $(call build,test/otelcol,$(SD) .)
$(BUILD)/prometheus: test/prometheus/go.mod # Debian's is built without the discovery of Kubernetes services
	$(call build,test/prometheus,$(SD) github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool)
$(BUILD)/kwok: hack/tools/kwok.version ; GOBIN=$(BUILD) go install sigs.k8s.io/kwok/cmd/kwok@$$(cat $<) && touch $@
$(BUILD)/govulncheck: hack/tools/govulncheck.version ; GOBIN=$(BUILD) go install golang.org/x/vuln/cmd/govulncheck@$$(cat $<) && touch $@
$(BUILD)/operator-crds: hack/tools/prometheus-operator.version
	rm -rf $@ && mkdir -p $@ && go mod download $(OPERATOR)@$$(cat $<)
	for kind in servicemonitors prometheusrules scrapeconfigs; do install -m 644 -t $@ \
		$$(go env GOMODCACHE)/$(OPERATOR)@$$(cat $<)/example/prometheus-operator-crd/*_$$kind.yaml || exit 1; done
# What Debian has: root installs it when something is missing. The last are unpacked, so that no service starts.
debian = mkdir -p $(BUILD)/debian; ($(1)) || { test $$(id -u) = 0 && $(MAKE) deps && ($(1)); } || \
	{ echo "$(@F) is missing: as root, run make deps, or apt-get update && apt-get install $(PACKAGES)" >&2; exit 1; }
unpack = $(call debian,cd $(BUILD)/debian && apt-get download $(1) && dpkg -x $(1)_*.deb . && ln -sf $(2:%=$(BUILD)/debian/usr/%) $(3))
$(DEBIAN:%=$(BUILD)/%): ; @$(call debian,command -v $(@F) && ln -sf $$(command -v $(@F)) $@)
$(BUILD)/nginx: ; @$(call unpack,nginx,sbin/nginx,$@)
$(BUILD)/prometheus-2: ; @$(call unpack,prometheus,bin/prometheus,$@)
$(BUILD)/victoria-metrics: ; @$(call unpack,victoria-metrics,bin/vmagent bin/victoria-metrics,$(BUILD))
$(BUILD)/%/node_modules: test/%/package-lock.json $(BUILD)/npm # the types of Grafana's dashboards, and axe-core
	mkdir -p $(@D) && cp test/$*/package*.json $(@D) && cd $(@D) && npm ci --no-audit --no-fund && touch node_modules
.PHONY: help run build deps programs krew image generate verify pictures test others test-image lint tidy unit dashboards e2e bench churn hostile cronjobs bench-unit fuzz vulncheck clean
