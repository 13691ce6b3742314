// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/seriestest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// A query is what is asked somewhere in a dashboard.
type query struct {
	where, text string
	expr        parser.Expr
}

// builtin are the variables that Grafana has itself.
var builtin = map[string]string{"__rate_interval": "1m", "__interval": "15s", "__range": "6h"}

// values stand for what is chosen: each variable has a value, and a text box its own.
func values(d *grafana.Dashboard) grafana.Values {
	v := grafana.Values{}
	for _, variable := range d.Templating.List {
		v[variable.Name] = grafana.Value{Chosen: []string{"a"}}
		if variable.Type == "textbox" {
			v[variable.Name] = grafana.Value{Chosen: []string{strings.ReplaceAll(string(variable.Query), `\`, `\\`)}}
		}
	}
	return v
}

// queries returns all queries of a dashboard: those of panels, annotations and variables.
func queries(t *testing.T, d *grafana.Dashboard) []query {
	t.Helper()
	var all []query
	add := func(where, text string) {
		expanded, err := expand(d, text)
		if !assert.NoError(t, err, "%s, %s", d.UID, where) {
			return
		}
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(expanded)
		if assert.NoError(t, err, "%s, %s: %s", d.UID, where, expanded) {
			all = append(all, query{where: d.UID + ", " + where, text: text, expr: expr})
		}
	}
	for _, p := range d.All() {
		for _, q := range p.Targets {
			add(p.Title+", "+q.RefID, q.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		add(a.Name, a.Expr)
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			m := labelValues.FindStringSubmatch(string(v.Query))
			require.NotNil(t, m, "%s, $%s: %s", d.UID, v.Name, v.Query)
			add("$"+v.Name, m[1])
		}
	}
	return all
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// expand does it twice: the text of a box may have variables of Grafana's own.
func expand(d *grafana.Dashboard, text string) (string, error) {
	once, err := values(d).Expand(text, builtin)
	if err != nil {
		return "", err
	}
	return values(d).Expand(once, builtin)
}

// elsewhere are series that neither we nor the collector emit, and who does.
var elsewhere = map[string]string{
	"ALERTS":                          "rules",
	"shop_sessions_total":             "the shop of examples/gpu",
	"shop_conversions_total":          "the shop of examples/gpu",
	"hw_gpu_utilization_ratio":        "OpenTelemetry's hardware metrics",
	"hw_gpu_memory_utilization_ratio": "OpenTelemetry's hardware metrics",
	"hw_gpu_memory_usage_bytes":       "OpenTelemetry's hardware metrics",
	"hw_gpu_memory_limit_bytes":       "OpenTelemetry's hardware metrics",
	"hw_power_watts":                  "OpenTelemetry's hardware metrics",
	"hw_temperature_celsius":          "OpenTelemetry's hardware metrics",
}

// known are all series that a dashboard may ask for.
func known(t *testing.T) map[string]seriestest.Series {
	t.Helper()
	all := seriestest.Known(t)
	for name := range elsewhere {
		all[name] = seriestest.Series{Metric: name, Counter: strings.HasSuffix(name, "_total")}
	}
	for name := range recorded(t) {
		all[name] = seriestest.Series{Metric: name}
	}
	return all
}

// recorded are the names that the shipped rules record.
func recorded(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(processtest.RepoRoot(t), "rules", "*.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var groups struct {
			Groups []struct{ Rules []struct{ Record string } }
		}
		require.NoError(t, yaml.Unmarshal(content, &groups), file)
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				if r.Record != "" {
					all[r.Record] = true
				}
			}
		}
	}
	return all
}

// Each query is PromQL on series that somebody emits, the collectors' own in all of their spellings.
func TestQueries(t *testing.T) {
	names := known(t)
	require.Contains(t, names, "ml_prediction_duration_seconds_bucket")
	require.Contains(t, names, "otelcol_exporter_sent_spans_total")
	found := 0
	for _, d := range boards(t) {
		for _, q := range queries(t, d) {
			parser.Inspect(q.expr, func(node parser.Node, _ []parser.Node) error {
				selector, ok := node.(*parser.VectorSelector)
				if !ok {
					return nil
				}
				found++
				is := seriestest.Selected(names, selector)
				if !assert.NotEmpty(t, is, "%s: nothing is called %s", q.where, selector) {
					return nil
				}
				for name, s := range names {
					if s.Metric == names[is[0]].Metric && strings.HasPrefix(s.Metric, "otelcol_") && sameSeries(name, is[0]) {
						assert.Contains(t, is, name, "%s: %s does not match a spelling", q.where, selector)
					}
				}
				return nil
			})
		}
	}
	assert.Greater(t, found, 200)
}

// sameSeries says that two names of a metric are of the same of its series: buckets, sums or counts.
func sameSeries(a, b string) bool {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if strings.HasSuffix(a, suffix) || strings.HasSuffix(b, suffix) {
			return strings.HasSuffix(a, suffix) && strings.HasSuffix(b, suffix)
		}
	}
	return true
}

// Only what grows has a rate, and no rate is taken of less than Grafana's interval.
func TestRates(t *testing.T) {
	names := known(t)
	found := 0
	for _, d := range boards(t) {
		for _, q := range queries(t, d) {
			parser.Inspect(q.expr, func(node parser.Node, _ []parser.Node) error {
				call, ok := node.(*parser.Call)
				if !ok || !slices.Contains([]string{"rate", "increase"}, call.Func.Name) {
					return nil
				}
				parser.Inspect(call, func(node parser.Node, _ []parser.Node) error {
					if selector, ok := node.(*parser.VectorSelector); ok {
						metric := ""
						for _, name := range seriestest.Selected(names, selector) {
							found++
							assert.Contains(t, []string{"", names[name].Metric}, metric, "%s: %s of two metrics at once", q.where, call.Func.Name)
							metric = names[name].Metric
							assert.True(t, names[name].Counter, "%s: %s of %s, which is a gauge", q.where, call.Func.Name, name)
						}
					}
					return nil
				})
				return nil
			})
			assert.NotRegexp(t, `(rate|increase)\([^\[]*\[\$__interval\]`, q.text, "%s: a step may have one sample alone", q.where)
		}
	}
	assert.Greater(t, found, 100)
}

// A series of a segment is not added to that of all, of which it is a part: each selector of a metric
// that has segments says which it means.
func TestSegmentsAreChosen(t *testing.T) {
	segmented := []string{
		"ml_prediction_count_total", "ml_prediction_class_count_total", "ml_prediction_confidence_bucket", "ml_prediction_confidence_sum",
		"ml_prediction_confidence_count", "ml_prediction_value_bucket", "ml_feature_value_bucket", "ml_feature_category_count_total", "ml_feature_missing_count_total",
		"ml_drift_score", "ml_drift_detected", "ml_drift_verdict", "ml_drift_samples", "ml_drift_p_value", "ml_drift_threshold", "ml_drift_confidence_low",
		"ml_drift_reference_confidence_mean", "ml_drift_class_entropy", "ml_evaluation_score", "ml_evaluation_count", "ml_evaluation_coverage",
		"ml_evaluation_difference", "ml_evaluation_samples", "ml_evaluator_score",
	}
	found := map[string]bool{}
	for _, d := range boards(t) {
		for _, q := range queries(t, d) {
			if strings.Contains(q.where, ", $") {
				continue // a variable's values are those of all series
			}
			parser.Inspect(q.expr, func(node parser.Node, _ []parser.Node) error {
				selector, ok := node.(*parser.VectorSelector)
				if !ok || !slices.Contains(segmented, selector.Name) {
					return nil
				}
				found[selector.Name] = true
				assert.Contains(t, selector.String(), "ml_segment", "%s: %s adds segments to the whole", q.where, selector)
				return nil
			})
		}
	}
	assert.Len(t, found, len(segmented))
}
