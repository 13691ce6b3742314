// Alertmanager, for make test-e2e and examples/training-job. build.sh builds it in a writable copy of the module,
// with the requirements and go.sum of Alertmanager itself; this file says which version.
module github.com/otelcol-ml/otelcol-ml/tools/alertmanager

go 1.26.0

require github.com/prometheus/alertmanager v0.34.2
