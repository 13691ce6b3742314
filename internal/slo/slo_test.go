// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// cards reads cards from their text.
func cards(t testing.TB, text string) *catalog.Set {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "card.yaml"), []byte(text), 0o600))
	set, err := catalog.Load(dir)
	require.NoError(t, err)
	return set
}

// generated are the rule groups of objectives, as a file of them is read.
func generated(t testing.TB, slos []SLO) *rulefmt.RuleGroups {
	t.Helper()
	groups, err := RuleGroups(slos)
	require.NoError(t, err)
	text, err := yaml.Marshal(groups)
	require.NoError(t, err)
	read, errs := rulefmt.Parse(text, false, model.UTF8Validation, ruleengine.Parser(), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Errorf("%v\n%s", err, text)
	}
	require.Empty(t, errs)
	return read
}

const everyObjective = `
kind: model
name: m
also_known_as: [other.name]
models: ["m-*"]
environment: production
positive_class: 'say "yes"'
alerts: {severity: critical, runbook: https://example.com/m}
slos:
  - {name: latency, objective: 0.999, latency_below: 100ms}
  - {name: whole seconds, objective: 0.99, latency_below: 1s, period: 28d}
  - {name: own, objective: 0.99, latency_below: 150ms, own_bucket: true}
  - {name: errors, objective: 0.99, measure: errors}
  - {name: errors bound, measure: errors, max: 0.1}
  - {name: missing, measure: missing, feature: a, max_increase: {relative: 0.5}, compared_with: 7d}
  - {name: fpr, measure: fpr, max_increase: {absolute: 0.005, relative: 0.5}, compared_with: 7d, no_data: alert}
  - {name: fpr budget, measure: fpr, objective: 0.98}
  - {name: fnr, measure: fnr, max: 0.2, no_data: ignore}
  - {name: recall, measure: recall, max_decrease: {absolute: 0.05}, compared_with: 7d}
  - {name: recall budget, measure: recall, objective: 0.9}
  - {name: precision, measure: precision, min: 0.5, for: 1h}
  - {name: accuracy, measure: accuracy, min: 0.5}
  - {name: accuracy budget, measure: accuracy, objective: 0.9}
  - {name: agreement, measure: agreement, min: 0.9}
  - {name: relevance, measure: evaluator_score, evaluator: relevance, min: 0.8}
  - {name: relevance budget, measure: evaluator_score, evaluator: relevance, min: 0.8, objective: 0.9}
  - {name: drift, measure: drift}
  - {name: drift budget, measure: drift, feature: amount, objective: 0.9}
  - {name: coverage, measure: coverage, min: 0.5}
  - {name: tokens, measure: tokens_per_day, max: 1000000}
  - {name: cost, measure: cost_per_day, currency: EUR, max: 100}
---
kind: job
name: j
slos:
  - {name: fresh, measure: freshness, max_age: 36h}
  - {name: fresh budget, measure: freshness, max_age: 36h, objective: 0.9}
  - {name: rows, measure: rows, stage: train, min: 1000}
---
kind: model
name: m
slos:
  - {name: latency, objective: 0.9, latency_below: 5ms}
`

// TestEveryObjective generates each form of objective that a card can have, once, as rules that
// Prometheus reads.
func TestEveryObjective(t *testing.T) {
	slos, err := FromCards(cards(t, everyObjective))
	require.NoError(t, err)
	assert.Len(t, slos, 26)
	groups := generated(t, slos)
	assert.Equal(t, "period-slo-production-m-latency", groups.Groups[0].Name)
	assert.Equal(t, "slo-production-m-latency", groups.Groups[1].Name)
	assert.Contains(t, groups.Groups[1].Rules[0].Expr, `ml_model_name=~"m|other\\.name|m-.*",ml_model_role!="shadow",deployment_environment_name="production"`)
	other := slices.IndexFunc(groups.Groups, func(g rulefmt.RuleGroup) bool { return g.Name == "slo-m-latency" })
	require.GreaterOrEqual(t, other, 0)
	assert.Contains(t, groups.Groups[other].Rules[0].Expr, `ml_model_name="m",ml_model_role!="shadow",deployment_environment_name!~"production"`)
}

// parse reads one file.
func parse(name string, content []byte) ([]SLO, error) {
	return ParseFiles([]File{{Name: name, Content: content}})
}
