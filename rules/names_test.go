// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package rules_test

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
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// series is what is known of the series of a name.
type series struct {
	// metric is what they are made of: two spellings of one metric have the same.
	metric string
	// counter is true for what only grows, so that it has a rate.
	counter bool
}

// upDown are the sums that may fall: gauges to Prometheus.
var upDown = []string{mlconv.MetricEvaluationCount, mlconv.MetricEvaluatorCount}

var metricConstant = regexp.MustCompile(`\tMetric\w+ += "([^"]+)"`)

// known are the names of all series that may be in rules: those of the vocabulary as the Prometheus
// exporter writes them, and the collectors' own in both spellings.
func known(t *testing.T) map[string]series {
	t.Helper()
	names := map[string]series{}
	vocabulary, err := os.ReadFile("../mlconv/metrics.go")
	require.NoError(t, err)
	constants := metricConstant.FindAllStringSubmatch(string(vocabulary), -1)
	require.NotEmpty(t, constants)
	for _, c := range constants {
		n, ok := mlconv.DescribeMetric(c[1])
		require.True(t, ok, c[1])
		counter := n.Kind == mlconv.Sum && !slices.Contains(upDown, n.Name)
		add(t, names, n.Name, n.Unit, string(n.Kind), counter)
	}
	own, err := filepath.Glob("../*/*/metadata.yaml")
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
func addOwn(t *testing.T, names map[string]series, file string) {
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
			names[name] = series{metric: name, counter: true}
		default:
			names[name] = series{metric: name}
		}
		add(t, names, name, m.Unit, kind, counter)
	}
}

func add(t *testing.T, names map[string]series, name, unit, kind string, counter bool) {
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
	names[built] = series{metric: name, counter: counter}
}

func addHistogram(names map[string]series, spelling, metric string) {
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		names[spelling+suffix] = series{metric: metric, counter: true}
	}
}

// oneSpelling are series of which one spelling is asked for on purpose: over OTLP, each start of a
// collector is an instance of its own.
var oneSpelling = []string{"otelcol_process_uptime_seconds_total"}

// TestNames says that each name in a rule is that of series which we emit, in all of its spellings.
func TestNames(t *testing.T) {
	names := known(t)
	require.Contains(t, names, "ml_prediction_duration_seconds_bucket")
	require.Contains(t, names, "ml_evaluation_count")
	require.Contains(t, names, "otelcol_exporter_sent_spans_total")
	recorded := map[string]bool{}
	for _, rule := range readRules(t) {
		if rule.Record != "" {
			recorded[rule.Record] = true
		}
	}
	for _, rule := range readRules(t) {
		for _, selector := range selectors(rule.expr) {
			if recorded[selector.Name] {
				continue
			}
			matched := matches(t, names, selector)
			if !assert.NotEmpty(t, matched, "%s, %s: nothing is called %s", rule.file, rule.name(), selector) {
				continue
			}
			metric := names[matched[0]].metric
			for name, s := range names {
				switch {
				case slices.Contains(matched, name):
					assert.Equal(t, metric, s.metric, "%s: %s matches two metrics", rule.name(), selector)
				case s.metric == metric && strings.HasPrefix(metric, "otelcol_") && !slices.Contains(oneSpelling, selector.Name):
					t.Errorf("%s: %s does not match the spelling %s", rule.name(), selector, name)
				}
			}
		}
	}
}

// matches are the names that a selector may select.
func matches(t *testing.T, names map[string]series, selector *parser.VectorSelector) []string {
	t.Helper()
	var matched []string
	for name := range names {
		for _, m := range selector.LabelMatchers {
			if m.Name == model.MetricNameLabel && m.Matches(name) {
				matched = append(matched, name)
			}
		}
	}
	return matched
}

// TestRates says that only what grows has a rate.
func TestRates(t *testing.T) {
	names := known(t)
	found := 0
	for _, rule := range readRules(t) {
		parser.Inspect(rule.expr, func(node parser.Node, _ []parser.Node) error {
			call, ok := node.(*parser.Call)
			if !ok || !slices.Contains([]string{"rate", "increase", "irate", "resets"}, call.Func.Name) {
				return nil
			}
			for _, selector := range selectors(call) {
				for _, name := range matches(t, names, selector) {
					found++
					assert.True(t, names[name].counter, "%s: %s of %s, which is a gauge", rule.name(), call.Func.Name, name)
				}
			}
			return nil
		})
	}
	assert.Greater(t, found, 20)
}

func selectors(expr parser.Node) []*parser.VectorSelector {
	var list []*parser.VectorSelector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			list = append(list, selector)
		}
		return nil
	})
	return list
}

// TestIdentity says that what identifies an alert is chosen: each series goes through a "by", which
// has neither the scope nor, except for a collector's own metrics, the collector that emits it.
func TestIdentity(t *testing.T) {
	for _, rule := range readRules(t) {
		checkIdentity(t, rule, rule.expr)
	}
}

func checkIdentity(t *testing.T, rule *shipped, expr parser.Node) {
	t.Helper()
	switch node := expr.(type) {
	case *parser.AggregateExpr:
		assert.False(t, node.Without, "%s: without", rule.name())
		for _, label := range node.Grouping {
			assert.NotContains(t, label, "otel_scope", rule.name())
			if label == model.InstanceLabel || label == model.JobLabel {
				for _, selector := range selectors(node) {
					assert.Contains(t, selector.String(), "otelcol_", "%s: %s of a model", rule.name(), label)
				}
			}
		}
		return
	case *parser.VectorSelector:
		assert.Contains(t, node.Name, ":", "%s: %s is in no aggregation", rule.name(), node)
		return
	case *parser.BinaryExpr:
		checkIdentity(t, rule, node.LHS)
		if node.Op != parser.LAND && node.Op != parser.LUNLESS { // these keep the labels of the left side
			checkIdentity(t, rule, node.RHS)
		}
		return
	}
	for child := range parser.ChildrenIter(expr) {
		checkIdentity(t, rule, child)
	}
}
