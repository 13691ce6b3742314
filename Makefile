# otelcol-ml: type "make" to see what there is. Needs Go, make and git.

GO            ?= go
DATA          ?=
TESTFLAGS     ?=
HOSTILEFLAGS  ?=
FUZZTIME      ?= 10s
PROMETHEUS    := .tools/bin/prometheus
PROMTOOL      := .tools/bin/promtool
JAEGER        := .tools/bin/jaeger
ALERTMANAGER  := .tools/bin/alertmanager
GITEA         := .tools/bin/gitea
APISERVER     := .tools/bin/kube-apiserver
ETCD          := .tools/bin/etcd
ROLLOUTS      := .tools/bin/rollouts-controller
GENERATE_TOOL := $(GO) tool -modfile=tools/generate/go.mod
LINT_TOOL     := $(GO) tool -modfile=tools/lint/go.mod

# One set of flags for all, so that build, run, test and lint share Go's cache.
export CGO_ENABLED := 0
export GOFLAGS     := -trimpath -buildvcs=false -tags=grpcnotrace

.PHONY: help build run demo test simulate coverage test-race fuzz test-hostile test-e2e dashboard-pictures test-clients lint bench generate dashboards check-generated tools clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

build: ## build bin/otelcol-ml (minutes the first time, seconds after)
	$(GO) build -ldflags "-s -w" -o bin/otelcol-ml ./distro

run: build ## build and start the collector on distro/config.yaml; Ctrl-C stops it
	@echo 'Spans are taken on localhost:4317 (gRPC) and 4318 (HTTP); numbers are on http://localhost:8889/metrics.'
	@echo 'Next: "make demo" in another terminal. distro/config.yaml explains each part.'
	bin/otelcol-ml --config distro/config.yaml

demo: build ## find a drift in generated data; DATA=my.csv takes yours
	$(GO) run ./cmd/mldemo $(if $(DATA),-data "$(DATA)")

test: build ## all tests that need no other server
	$(GO) test -timeout 20m $(TESTFLAGS) ./...

simulate: ## months of simulated traffic with and without a drift: docs/simulations.md (an hour)
	$(GO) test ./test/simulate -count=1 -timeout 5h -run '^TestSimulate$$' -write ../../docs/simulations.md $(SIMULATEFLAGS)

coverage: ## how often the intervals of measures hold the truth: docs/evaluation.md (minutes)
	EVALUATION_COVERAGE_TRIALS=10000 $(GO) test ./internal/evaluation -count=1 -timeout 5h -run '^TestCoverage$$'

# What one goroutine does has no race, and takes ten times as long under the detector: packages that start nothing, serve nothing and share nothing
# (CONCURRENT is in no file of theirs), generated tests and these are in "make test" alone.
ONE_GOROUTINE := TestSeriesMemory|TestPValues|TestPValuesWithoutDrift|TestWassersteinPValueWithoutDifference|TestFalseAlerts|TestWhatIsFound
CONCURRENT    := \bgo (func|[a-zA-Z.]+\()|\.Go\(|"net/http|"sync"|"sync/atomic"|"testing/synctest"|\.Parallel\(\)

test-race: export CGO_ENABLED := 1
test-race: ## the components' tests under the race detector (needs a C compiler)
	$(GO) test -race -timeout 25m -skip '^($(ONE_GOROUTINE))$$' $(TESTFLAGS) \
		$$($(GO) list -f '{{.Dir}} {{.ImportPath}}' ./internal/... ./connector/... ./exporter/... ./extension/... ./processor/... ./receiver/... | \
			grep -Ev '/metadata(test)?$$|/internal/slo(/|$$)' | \
			while read -r dir package; do if grep -Eqs '$(CONCURRENT)' "$$dir"/*.go; then echo "$$package"; fi; done)

# A new input is made smaller for ten executions, not for a minute, which is Go's default and most of the time of a short run.
fuzz: ## every fuzz target for FUZZTIME (10s)
	@grep -ro '^func Fuzz[A-Za-z0-9]*' --include='*_test.go' cmd connector exporter extension internal processor receiver | while IFS=: read -r file target; do \
		echo "$$file $${target#func }"; \
		$(GO) test "./$$(dirname "$$file")" -run '^$$' -fuzz "^$${target#func }\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x || exit 1; \
	done

test-hostile: build ## what can blind a watch, beside healthy traffic, and 1,000 kills; HOSTILEFLAGS=-short as in CI
	$(GO) test -count=1 -timeout 90m -tags grpcnotrace,hostile $(HOSTILEFLAGS) $(TESTFLAGS) ./test/hostile/...

test-e2e: build tools ## tests with a real Prometheus, Jaeger, Alertmanager, Gitea and Kubernetes with Argo Rollouts
	$(GO) test -count=1 -timeout 20m -tags grpcnotrace,e2e $(TESTFLAGS) ./test/e2e/... ./exporter/mlactionexporter/internal/e2e

dashboard-pictures: build tools ## draw dashboards/pictures and the pictures of the stories, from a run of test-e2e
	$(GO) test -count=1 -timeout 20m -tags grpcnotrace,e2e ./test/e2e -run '^TestDashboardsShowData$$' -write-pictures

test-clients: build ## tests with real instrumented clients in Node.js (npm ci into .tools/clients the first time)
	testdata/clients/install.sh .tools/clients
	$(GO) test -count=1 -tags grpcnotrace,clients $(TESTFLAGS) ./test/clients/...

# What deadcode starts from: the commands, and a collector of our components alone.
MAINS := ./test/internal/ours ./cmd/... ./examples/... ./mlconv/... ./tools/summary

lint: ## golangci-lint, as .golangci.yaml says, and code that nothing reaches
	$(LINT_TOOL) golangci-lint run ./...
	cd tools/dashboards && $(GO) tool -modfile=../lint/go.mod golangci-lint run ./...
	@unreached=$$($(LINT_TOOL) deadcode -tags grpcnotrace -filter '^github.com/otelcol-ml/otelcol-ml/' $(MAINS)) || exit 1; \
	if [ -n "$$unreached" ]; then echo "$$unreached"; exit 1; fi

bench: build ## micro-benchmarks, then CPU-seconds per million spans: ours beside the stock components
	$(GO) test -run '^$$' -bench . -benchmem ./internal/... ./connector/... ./exporter/... ./processor/... ./receiver/...
	$(GO) test -count=1 -timeout 60m -tags grpcnotrace,bench -v ./test/bench/... $(BENCHFLAGS)

generate: dashboards ## distro/ from builder-config.yaml, metadata of the components, docs/attributes.md, dashboards/
	$(GENERATE_TOOL) builder --config builder-config.yaml --skip-get-modules --skip-compilation
	$(GO) generate ./...

dashboards: ## dashboards/*.json from tools/dashboards
	cd tools/dashboards && $(GO) run . ../../dashboards

check-generated: ## fail if make generate would change something
	$(GO) test -count=1 $(TESTFLAGS) -run TestGeneratedFilesAreCurrent ./test/distro/...

tools: $(PROMETHEUS) $(PROMTOOL) $(JAEGER) $(ALERTMANAGER) $(GITEA) $(APISERVER) $(ETCD) $(ROLLOUTS) ## build the real servers of test-e2e into .tools/bin

# Prometheus without service discovery and web pages: the tests use its API.
$(PROMETHEUS): tools/prometheus/go.mod tools/prometheus/go.sum
	cd tools/prometheus && $(GO) build -tags remove_all_sd -ldflags "-s -w" -o ../../$@ github.com/prometheus/prometheus/cmd/prometheus

$(PROMTOOL): tools/prometheus/go.mod tools/prometheus/go.sum | $(PROMETHEUS)
	cd tools/prometheus && $(GO) build -tags remove_all_sd -ldflags "-s -w" -o ../../$@ github.com/prometheus/prometheus/cmd/promtool

$(JAEGER): tools/jaeger/go.mod tools/jaeger/go.sum | $(PROMTOOL)
	cd tools/jaeger && $(GO) build -ldflags "-s -w" -o ../../$@ github.com/jaegertracing/jaeger/cmd/jaeger

# The script builds amtool, too.
$(ALERTMANAGER): tools/alertmanager/build.sh tools/alertmanager/go.mod tools/alertmanager/go.sum | $(JAEGER)
	GO="$(GO)" tools/alertmanager/build.sh .tools/bin

# With SQLite, which is C.
$(GITEA): tools/gitea/go.mod tools/gitea/go.sum | $(ALERTMANAGER)
	cd tools/gitea && CGO_ENABLED=1 $(GO) build -tags "sqlite sqlite_unlock_notify" -ldflags "-s -w" -o ../../$@ code.gitea.io/gitea

$(APISERVER): tools/kubernetes/go.mod tools/kubernetes/go.sum | $(GITEA)
	cd tools/kubernetes && $(GO) build -ldflags "-s -w" -o ../../$@ k8s.io/kubernetes/cmd/kube-apiserver

$(ETCD): tools/kubernetes/go.mod tools/kubernetes/go.sum | $(APISERVER)
	cd tools/kubernetes && $(GO) build -ldflags "-s -w" -o ../../$@ go.etcd.io/etcd/server/v3

$(ROLLOUTS): tools/argo-rollouts/go.mod tools/argo-rollouts/go.sum | $(ETCD)
	cd tools/argo-rollouts && $(GO) build -ldflags "-s -w" -o ../../$@ github.com/argoproj/argo-rollouts/cmd/rollouts-controller

clean: ## remove what was built and what the collector has kept (bin, .tools, state)
	rm -rf bin .tools state
