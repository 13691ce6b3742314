// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlnormalizeprocessor

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/metadatatest"
)

// shop is a config with each form of a derivation.
const shop = `
drop_content: strict
derive:
  ml.feature.amount_per_item: attributes["ml.feature.amount"] / attributes["ml.feature.items"]
  ml.segment.hour: Hour(start_time)
  ml.segment.price: {value: 'attributes["ml.feature.amount_per_item"]', bounds: [0, 50, 100]}
  ml.segment.place: {latitude: 'attributes["geo.location.lat"]', longitude: 'attributes["geo.location.lon"]', grid: 0.5}
  ml.segment.asked: Len(attributes["gen_ai.prompt"])
`

// payment is a request of one span as a service writes it by hand, with a prompt that is dropped.
func payment(t testing.TB) ptrace.Traces {
	t.Helper()
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	require.NoError(t, s.Attributes().FromRaw(map[string]any{
		"model.name": "fraud", "prediction": "ok", "features.amount": 180.0, "features.items": 3,
		"geo.location.lat": 52.52, "geo.location.lon": 13.405, "gen_ai.prompt": "secret",
	}))
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 11, 30, 13, 5, 0, 0, time.UTC)))
	return td
}

// TestDerive: what dialects have made of a span is what is derived from, and what was removed is not
// there any more.
func TestDerive(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	sink := new(consumertest.TracesSink)
	p, err := newTraces(metadatatest.NewSettings(tel), config(t, shop), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeTraces(t.Context(), payment(t)))
	got := sink.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().AsRaw()
	for key, want := range map[string]any{
		"ml.model.name": "fraud", "ml.feature.amount": 180.0, "ml.feature.amount_per_item": 60.0, "ml.segment.hour": "13",
		"ml.segment.price": "50..100", "ml.segment.place": "52.5,13.0", "ml.segment.asked": nil, "gen_ai.prompt": nil,
	} {
		assert.Equal(t, want, got[key], key)
	}
	by := func(name, outcome string) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: 1, Attributes: attribute.NewSet(attribute.String("attribute", name), attribute.String("outcome", outcome))}
	}
	metadatatest.AssertEqualMlNormalizeDerived(t, tel, []metricdata.DataPoint[int64]{
		by("ml.feature.amount_per_item", "derived"), by("ml.segment.hour", "derived"), by("ml.segment.price", "derived"), by("ml.segment.place", "derived"),
		by("ml.segment.asked", "failed"),
	}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, p.Shutdown(t.Context()))
}

// TestDeriveErrors: a config is read as the collector reads it, and says all at once.
func TestDeriveErrors(t *testing.T) {
	cfg := config(t, `
max_json_bytes: 3
derive:
  ml.feature.ok: attributes["a"]
  ml.feature.bad: attributes["a"
  ml.segment.worse: {value: 'attributs["a"]', bounds: [5, 3]}
  ml.segment.place: {latitude: "1", grid: 100}
  http.route: name
`)
	err := cfg.Validate()
	for _, want := range []string{
		"'max_json_bytes': 3", `'derive::ml.feature.bad::value': "attributes[\"a\"": expression has invalid syntax: 1:15: unexpected token`,
		`'derive::ml.segment.worse::value': "attributs[\"a\"]": segment "attributs"`, "'derive::ml.segment.worse::bounds[1]': 3 must be above",
		"'derive::ml.segment.place': needs 'longitude'", "'derive::ml.segment.place::grid': 100 must be from 0.001 to 90",
		"'derive::http.route': must be ml.feature. or ml.segment. and a name",
	} {
		require.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "ml.feature.ok")
	_, err = newTraces(processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.Error(t, err)
	for _, wrong := range []string{"derive: {ml.feature.x: 5}", "derive: {ml.feature.x: {valu: name}}", "derive: {ml.feature.x: [name]}", "derive: name"} {
		require.ErrorContains(t, unmarshal(t, wrong), "derive", wrong)
	}
}

// TestDeriveAtOnce derives in many requests at the same time.
func TestDeriveAtOnce(t *testing.T) {
	p := start(t, config(t, shop), consumertest.NewNop())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				td := payment(t)
				assert.NoError(t, p.ConsumeTraces(context.Background(), td))
				place, ok := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Get("ml.segment.place")
				assert.True(t, ok)
				assert.Equal(t, "52.5,13.0", place.Str())
			}
		})
	}
	all.Wait()
}

// predictions are 100 spans of 30 attributes in the vocabulary.
func predictions() ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for range 100 {
		s := spans.AppendEmpty()
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 11, 30, 13, 5, 0, 0, time.UTC)))
		s.Attributes().PutStr("ml.model.name", "fraud")
		s.Attributes().PutStr("ml.prediction.class", "ok")
		s.Attributes().PutDouble("ml.feature.amount", 180)
		s.Attributes().PutInt("ml.feature.items", 3)
		s.Attributes().PutDouble("lat", 52.52)
		s.Attributes().PutDouble("lon", 13.405)
		for i := s.Attributes().Len(); i < 30; i++ {
			s.Attributes().PutDouble(fmt.Sprintf("ml.feature.f%02d", i), 1)
		}
	}
	return td
}

// BenchmarkDerive is what derivations cost beside none.
func BenchmarkDerive(b *testing.B) {
	for _, c := range []struct{ name, derive string }{
		{"none", ""},
		{"hour", `derive: {ml.segment.hour: Hour(start_time)}`},
		{"quotient", `derive: {ml.feature.x: 'attributes["ml.feature.amount"] / attributes["ml.feature.items"]'}`},
		{"bounds", `derive: {ml.segment.x: {value: 'attributes["ml.feature.amount"]', bounds: [0, 50, 100, 500]}}`},
		{"grid", `derive: {ml.segment.x: {latitude: 'attributes["lat"]', longitude: 'attributes["lon"]', grid: 0.5}}`},
		{"missing operand", `derive: {ml.feature.x: 'attributes["a"] / attributes["b"]'}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			retrieved := createDefaultConfig().(*Config)
			require.NoError(b, unmarshalInto(c.derive, retrieved))
			p, err := newTraces(processortest.NewNopSettings(metadata.Type), retrieved, consumertest.NewNop())
			require.NoError(b, err)
			original, td := predictions(), ptrace.NewTraces()
			b.ReportAllocs()
			for b.Loop() {
				original.CopyTo(td)
				if err := p.ConsumeTraces(b.Context(), td); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/span")
		})
	}
}

// unmarshal returns what is wrong with a config before it is validated.
func unmarshal(t *testing.T, yaml string) error {
	t.Helper()
	return unmarshalInto(yaml, createDefaultConfig().(*Config))
}

func unmarshalInto(yaml string, cfg *Config) error {
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	if err != nil {
		return err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return err
	}
	return conf.Unmarshal(cfg)
}
