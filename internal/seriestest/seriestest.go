// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package seriestest knows the names of all series that otelcol-ml and its collectors give a
// Prometheus, for tests of what asks for them: rules and dashboards.
package seriestest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Series is what is known of the series of a name.
type Series struct {
	// Metric is what they are made of: two spellings of one metric have the same.
	Metric string
	// Counter is true for what only grows, so that it has a rate.
	Counter bool
}

// upDown are the sums that may fall: gauges to Prometheus.
var upDown = []string{mlconv.MetricEvaluationCount, mlconv.MetricEvaluatorCount}

var metricConstant = regexp.MustCompile(`\tMetric\w+ += "([^"]+)"`)

// hardware are the metrics of OpenTelemetry's conventions for hardware that rules read, with their units: others measure them.
var hardware = map[string]string{"hw.gpu.utilization": "1"}

// Known are the names of all series that may be in rules and dashboards: those of the vocabulary and of hardware as the Prometheus
// exporter writes them, and the collectors' own in both spellings.
func Known(t testing.TB) map[string]Series {
	t.Helper()
	names := map[string]Series{}
	root := processtest.RepoRoot(t)
	vocabulary, err := os.ReadFile(filepath.Join(root, "mlconv", "metrics.go"))
	require.NoError(t, err)
	constants := metricConstant.FindAllStringSubmatch(string(vocabulary), -1)
	require.NotEmpty(t, constants)
	for _, c := range constants {
		n, ok := mlconv.DescribeMetric(c[1])
		require.True(t, ok, c[1])
		counter := n.Kind == mlconv.Sum && !slices.Contains(upDown, n.Name)
		add(t, names, n.Name, n.Unit, string(n.Kind), counter)
	}
	for name, unit := range hardware {
		add(t, names, name, unit, string(mlconv.Gauge), false)
	}
	own, err := filepath.Glob(filepath.Join(root, "*", "*", "metadata.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, own)
	for _, module := range []string{"exporter/exporterhelper", "receiver/receiverhelper", "processor/memorylimiterprocessor", "service"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "go.opentelemetry.io/collector/"+module).Output()
		require.NoError(t, err, module)
		own = append(own, filepath.Join(strings.TrimSpace(string(out)), "metadata.yaml"))
	}
	for _, file := range own {
		addOwn(t, names, file)
	}
	return names
}

// addOwn adds the metrics that a metadata.yaml declares. On the collector's own endpoint they have
// neither the suffix of their type nor of their unit.
func addOwn(t testing.TB, names map[string]Series, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var metadata struct {
		Telemetry struct {
			Metrics map[string]struct {
				Unit      string
				Sum       *struct{ Monotonic bool }
				Histogram any
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(content, &metadata), file)
	for name, m := range metadata.Telemetry.Metrics {
		name = "otelcol_" + strings.ReplaceAll(name, ".", "_")
		counter := m.Sum != nil && m.Sum.Monotonic
		kind := string(mlconv.Gauge)
		switch {
		case m.Histogram != nil:
			kind = string(mlconv.Histogram)
			addHistogram(names, name, name)
		case counter:
			kind = string(mlconv.Sum)
			names[name] = Series{Metric: name, Counter: true}
		default:
			names[name] = Series{Metric: name}
		}
		add(t, names, name, m.Unit, kind, counter)
	}
}

func add(t testing.TB, names map[string]Series, name, unit, kind string, counter bool) {
	t.Helper()
	var typ otlptranslator.MetricType = otlptranslator.MetricTypeGauge
	switch {
	case counter:
		typ = otlptranslator.MetricTypeMonotonicCounter
	case kind == string(mlconv.Sum):
		typ = otlptranslator.MetricTypeNonMonotonicCounter
	case kind == string(mlconv.Histogram):
		typ = otlptranslator.MetricTypeHistogram
	}
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	built, err := namer.Build(otlptranslator.Metric{Name: name, Unit: unit, Type: typ})
	require.NoError(t, err)
	if kind == string(mlconv.Histogram) {
		addHistogram(names, built, name)
		return
	}
	names[built] = Series{Metric: name, Counter: counter}
}

func addHistogram(names map[string]Series, spelling, metric string) {
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		names[spelling+suffix] = Series{Metric: metric, Counter: true}
	}
}

// Selected are the names that a selector may select.
func Selected(names map[string]Series, selector *parser.VectorSelector) []string {
	var selected []string
	for name := range names {
		for _, m := range selector.LabelMatchers {
			if m.Name == model.MetricNameLabel && m.Matches(name) {
				selected = append(selected, name)
			}
		}
	}
	return selected
}
