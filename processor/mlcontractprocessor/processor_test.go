// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"context"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/metadatatest"
)

const cards = `
kind: model
name: fraud
features:
  amount: {min: 0}
contract:
  schema_versions: ["3"]
  checks:
    - {feature: amount, type: number, not_missing: true, severity: critical}
    - {feature: currency, values: [EUR, USD]}
    - {feature: email, pattern: '@example\.org$'}
    - {name: low-below-high, condition: 'attributes["ml.feature.low"] < attributes["ml.feature.high"]', severity: info}
    - {name: ratio, condition: 'attributes["ml.feature.part"] / attributes["ml.feature.whole"] <= 1.0'}
    - {attribute: app.input, json_schema: {type: object, required: [items]}}
---
kind: job
name: training
stages: [{name: load}, {name: train}]
contract:
  checks:
    - {stage: load, attribute: ml.stage.rows.out, min: 1000, severity: critical}
    - {stage: load, attribute: ml.stage.null_ratio.age, max: 0.2}
    - {name: rows-kept, stage: load, condition: 'attributes["ml.stage.rows.out"] <= attributes["ml.stage.rows.in"]'}
`

var end = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// processed returns the spans that a processor makes of spans with attributes.
func processed(t *testing.T, cfg *Config, set component.TelemetrySettings, spans ...map[string]any) []ptrace.Span {
	t.Helper()
	settings := processortest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = set
	sink := &consumertest.TracesSink{}
	require.NoError(t, cfg.Validate())
	p, err := newProcessor(settings, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), testkit.Host{catalogtest.ID: catalogtest.NewExtension(catalogtest.Load(t, cards))}))
	td := ptrace.NewTraces()
	list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, attributes := range spans {
		s := list.AppendEmpty()
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		require.NoError(t, s.Attributes().FromRaw(attributes))
	}
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	require.NoError(t, p.Shutdown(t.Context()))
	var out []ptrace.Span
	for _, s := range sink.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
		out = append(out, s)
	}
	return out
}

// answered returns attributes of one of the model fraud.
func answered(more map[string]any) map[string]any {
	attributes := map[string]any{"ml.model.name": "fraud", "ml.prediction.class": "ok", "ml.feature.amount": 2.5}
	maps.Copy(attributes, more)
	return attributes
}

// marks are the attributes of a contract on a span.
func marks(s ptrace.Span) map[string]any {
	found := map[string]any{}
	for k, v := range s.Attributes().AsRaw() {
		if len(k) > 12 && k[:12] == "ml.contract." {
			found[k] = v
		}
	}
	return found
}

// events are the attributes of the events of a span.
func events(s ptrace.Span) (list []map[string]any) {
	for _, e := range s.Events().All() {
		list = append(list, e.Attributes().AsRaw())
	}
	return list
}

func TestMarks(t *testing.T) {
	spans := processed(t, createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings(),
		answered(map[string]any{"ml.feature.amount": "12", "ml.feature.currency": "XYZ", "ml.data.schema_version": 3}),
		answered(nil),
		answered(map[string]any{
			"ml.batch.size": 3, "ml.feature.amount": []any{-1.0, 2.0, nil}, "ml.feature.currency": []any{"EUR", "GBP", "CHF"}, "ml.data.schema_version": "2",
		}),
		answered(map[string]any{"ml.feature.low": 3, "ml.feature.high": 2, "app.input": `{"items": 1}`}),
		answered(map[string]any{"app.input": map[string]any{"secret": "x"}}),
		map[string]any{"http.route": "/"},
	)
	assert.Equal(t, map[string]any{
		"ml.contract.violations": int64(2), "ml.contract.severity": "critical", "ml.contract.violated": []any{"amount.type", "currency.values"},
	}, marks(spans[0]))
	assert.Equal(t, []map[string]any{
		{"ml.contract.check": "type", "ml.feature.name": "amount", "ml.contract.observed": "12", "ml.contract.expected": "type number", "ml.contract.severity": "critical"},
		{"ml.contract.check": "values", "ml.feature.name": "currency", "ml.contract.observed": "XYZ", "ml.contract.expected": "one of EUR, USD", "ml.contract.severity": "warning"},
	}, events(spans[0]))
	assert.Equal(t, "ml.contract.violation", spans[0].Events().At(0).Name())
	assert.Equal(t, end, spans[0].Events().At(0).Timestamp().AsTime())
	assert.Empty(t, marks(spans[1]))

	assert.Equal(t, map[string]any{
		"ml.contract.violations": int64(7), "ml.contract.severity": "critical",
		"ml.contract.violated":      []any{"amount.not_missing", "schema_version", "amount.range", "currency.values"},
		"ml.contract.violated_rows": []any{int64(1), int64(3), int64(1), int64(2)},
	}, ordered(marks(spans[2])))
	assert.Contains(t, events(spans[2]), map[string]any{
		"ml.contract.check": "values", "ml.feature.name": "currency", "ml.contract.observed": "GBP", "ml.contract.expected": "one of EUR, USD",
		"ml.contract.severity": "warning", "ml.contract.row": int64(1),
	})
	assert.Equal(t, []any{"low-below-high"}, marks(spans[3])["ml.contract.violated"])
	assert.Equal(t, []map[string]any{
		{"ml.contract.check": "json_schema", "ml.feature.name": "app.input", "ml.contract.expected": "valid by its JSON schema", "ml.contract.severity": "warning"},
	}, events(spans[4]), "the document is not shown")
	assert.Empty(t, marks(spans[5]))
}

// ordered puts the lists of a span with four violations in one order.
func ordered(m map[string]any) map[string]any {
	ids, rows := m["ml.contract.violated"].([]any), m["ml.contract.violated_rows"].([]any)
	for i, want := range []string{"amount.not_missing", "schema_version", "amount.range", "currency.values"} {
		for j := range ids {
			if ids[j] == want && j != i {
				ids[i], ids[j] = ids[j], ids[i]
				rows[i], rows[j] = rows[j], rows[i]
			}
		}
	}
	return m
}

func TestStages(t *testing.T) {
	spans := processed(t, createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings(),
		map[string]any{"cicd.pipeline.name": "training", "cicd.pipeline.task.name": "load", "ml.stage.rows.in": 12, "ml.stage.rows.out": 13, "ml.stage.null_ratio.age": 0.5},
		map[string]any{"cicd.pipeline.name": "training", "cicd.pipeline.task.name": "train", "ml.stage.rows.out": 13},
		map[string]any{"cicd.pipeline.name": "other", "cicd.pipeline.task.name": "load", "ml.stage.rows.out": 13},
	)
	assert.Equal(t, []any{"ml.stage.rows.out.range", "ml.stage.null_ratio.age.range", "rows-kept"}, marks(spans[0])["ml.contract.violated"])
	assert.Empty(t, marks(spans[1]))
	assert.Empty(t, marks(spans[2]))
}

// TestResults takes in what Great Expectations found, on a span and on an event.
func TestResults(t *testing.T) {
	data, err := os.ReadFile("../../../shared/data/profiles/great_expectations/titanic_expected_data_asset_validate_results.json")
	if err != nil {
		t.Skip("needs ../shared")
	}
	spans := processed(t, createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings(),
		map[string]any{"great_expectations.validation_result": string(data)}, map[string]any{"soda.scan_result": "no JSON"})
	assert.Equal(t, map[string]any{"ml.contract.violations": int64(1), "ml.contract.severity": "critical", "ml.contract.violated": []any{"PClass.be_in_set"}}, marks(spans[0]))
	assert.Empty(t, marks(spans[1]))
}

// TestTwice: a collector behind another one with the same cards says nothing again.
func TestTwice(t *testing.T) {
	first := processed(t, createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings(), answered(map[string]any{"ml.feature.amount": -1}))
	assert.Equal(t, []any{"amount.range"}, marks(first[0])["ml.contract.violated"])
	again := processed(t, createDefaultConfig().(*Config), componenttest.NewNopTelemetrySettings(), first[0].Attributes().AsRaw())
	assert.Equal(t, marks(first[0]), marks(again[0]))
	assert.Empty(t, events(again[0]))
}

// TestPrivacy shows nothing of people, and hashes after the checks.
func TestPrivacy(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Events.Redact = []string{"curr*"}
	cfg.Protect = []Protection{{Features: []string{"email"}, Action: "hash"}, {Features: []string{"amount"}, Action: "drop"}}
	cfg.HashKey = configopaque.String("key")
	spans := processed(t, cfg, componenttest.NewNopTelemetrySettings(), answered(map[string]any{
		"ml.feature.email": "jane@example.com", "ml.feature.amount": -1, "ml.feature.currency": "XYZ",
	}))
	assert.ElementsMatch(t, []any{"email.pattern", "amount.range", "currency.values"}, marks(spans[0])["ml.contract.violated"])
	for _, e := range events(spans[0]) {
		assert.NotContains(t, e, "ml.contract.observed", e)
	}
	attributes := spans[0].Attributes().AsRaw()
	assert.NotContains(t, attributes, "ml.feature.amount")
	assert.Regexp(t, "^[0-9a-f]{32}$", attributes["ml.feature.email"])
	assert.Equal(t, "XYZ", attributes["ml.feature.currency"])
}

func TestEventLimit(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Events = Events{Limit: 1, Observed: true}
	spans := processed(t, cfg, componenttest.NewNopTelemetrySettings(), answered(map[string]any{"ml.feature.currency": "XYZ", "ml.feature.amount": true}))
	require.Len(t, events(spans[0]), 1)
	assert.Equal(t, "critical", events(spans[0])[0]["ml.contract.severity"], "the worst is told")
	assert.Len(t, marks(spans[0])["ml.contract.violated"], 2)
}

func TestConditions(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Conditions = []string{`attributes["ml.feature.currency"] == "GBP"`}
	bad := map[string]any{"ml.feature.amount": -1, "ml.feature.currency": "GBP"}
	spans := processed(t, cfg, componenttest.NewNopTelemetrySettings(), answered(bad), answered(map[string]any{"ml.feature.amount": -1}))
	assert.NotEmpty(t, marks(spans[0]))
	assert.Empty(t, marks(spans[1]))
}

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	core, logs := observer.New(zap.WarnLevel)
	set := tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	cfg := createDefaultConfig().(*Config)
	cfg.Protect = []Protection{{Features: []string{"email"}, Action: "drop"}}
	processed(t, cfg, set,
		answered(map[string]any{"ml.feature.amount": "x", "ml.feature.part": "a", "ml.feature.whole": 2.0, "ml.feature.email": "a@example.org"}), answered(nil),
		map[string]any{"cicd.pipeline.name": "training", "cicd.pipeline.task.name": "load", "ml.stage.rows.out": 13},
		map[string]any{"soda.scan_result": "no JSON"},
	)
	points := func(values map[string]int64, key string) (list []metricdata.DataPoint[int64]) {
		for v, n := range values {
			p := metricdata.DataPoint[int64]{Value: n}
			if key != "" {
				p.Attributes = attribute.NewSet(attribute.String(key, v))
			}
			list = append(list, p)
		}
		return list
	}
	metadatatest.AssertEqualMlContractSpans(t, tel, points(map[string]int64{"ok": 1, "violated": 2}, "outcome"), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlContractRows(t, tel, points(map[string]int64{"": 2}, ""), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlContractViolations(t, tel, points(map[string]int64{"critical": 2, "warning": 1}, "severity"), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlContractUndecided(t, tel, points(map[string]int64{"condition": 1, "result": 1}, "reason"), metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualMlContractProtectedValues(t, tel, points(map[string]int64{"": 1}, ""), metricdatatest.IgnoreTimestamp())
	assert.Equal(t, 1, logs.FilterMessageSnippet("A condition of a contract cannot be evaluated").Len())
	assert.Equal(t, 1, logs.FilterMessageSnippet("A result of another tool's checks cannot be read").Len())
}

// TestReload takes new cards without a restart.
func TestReload(t *testing.T) {
	c := catalogtest.NewExtension(catalog.NewSet(nil, nil))
	sink := &consumertest.TracesSink{}
	p, err := newProcessor(processortest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), testkit.Host{catalogtest.ID: c}))
	violated := func() any {
		td := ptrace.NewTraces()
		require.NoError(t, td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes().FromRaw(answered(map[string]any{"ml.feature.amount": -1})))
		sink.Reset()
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		return marks(sink.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0))["ml.contract.violated"]
	}
	assert.Nil(t, violated())
	c.Store(catalogtest.Load(t, cards))
	assert.Equal(t, []any{"amount.range"}, violated())
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestConfig(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Conditions, cfg.Events.Limit, cfg.Results = []string{"attributes["}, 1000, []string{""}
	cfg.Protect, cfg.HashKey = []Protection{{Action: "encrypt"}}, "key"
	err := cfg.Validate()
	for _, want := range []string{
		`'conditions[0]': "attributes["`, "'events::limit': 1000 must be 0 to 128", "'results[0]': must not be empty", "'protect[0]': needs features or attributes",
		`'protect[0]::action': "encrypt" is neither hash nor drop`, "'hash_key': nothing is hashed",
	} {
		assert.ErrorContains(t, err, want)
	}
}
