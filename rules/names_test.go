// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/seriestest"
)

// oneSpelling are series of which one spelling is asked for on purpose: over OTLP, each start of a
// collector is an instance of its own.
var oneSpelling = []string{"otelcol_process_uptime_seconds_total"}

// TestNames says that each name in a rule is that of series which we emit, in all of its spellings.
func TestNames(t *testing.T) {
	names := seriestest.Known(t)
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
			matched := seriestest.Selected(names, selector)
			if !assert.NotEmpty(t, matched, "%s, %s: nothing is called %s", rule.file, rule.name(), selector) {
				continue
			}
			metric := names[matched[0]].Metric
			for name, s := range names {
				switch {
				case slices.Contains(matched, name):
					assert.Equal(t, metric, s.Metric, "%s: %s matches two metrics", rule.name(), selector)
				case s.Metric == metric && strings.HasPrefix(metric, "otelcol_") && !slices.Contains(oneSpelling, selector.Name):
					t.Errorf("%s: %s does not match the spelling %s", rule.name(), selector, name)
				}
			}
		}
	}
}

// TestRates says that only what grows has a rate.
func TestRates(t *testing.T) {
	names := seriestest.Known(t)
	found := 0
	for _, rule := range readRules(t) {
		parser.Inspect(rule.expr, func(node parser.Node, _ []parser.Node) error {
			call, ok := node.(*parser.Call)
			if !ok || !slices.Contains([]string{"rate", "increase", "irate", "resets"}, call.Func.Name) {
				return nil
			}
			for _, selector := range selectors(call) {
				for _, name := range seriestest.Selected(names, selector) {
					found++
					assert.True(t, names[name].Counter, "%s: %s of %s, which is a gauge", rule.name(), call.Func.Name, name)
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
