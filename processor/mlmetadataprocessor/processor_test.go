// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlmetadataprocessor

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/facts"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/processor/mlmetadataprocessor/internal/metadatatest"
)

var update = flag.Bool("update", false, "write the expected files")

func cards(t testing.TB) *catalogtest.Extension {
	t.Helper()
	set, err := catalog.Load("testdata/catalog")
	require.NoError(t, err)
	return catalogtest.NewExtension(set)
}

func start(t testing.TB, cfg *Config, c *catalogtest.Extension, tel component.TelemetrySettings, next consumer.Traces) *metadataProcessor {
	t.Helper()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel
	p, err := newProcessor(set, cfg, next)
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background(), testkit.Host{catalogtest.ID: c}))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	return p
}

func TestGolden(t *testing.T) {
	for _, name := range []string{"default", "overwrite", "mark_unknown", "names", "nothing"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			conf, err := confmaptest.LoadConf(filepath.Join(dir, "config.yaml"))
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, conf.Unmarshal(cfg))
			require.NoError(t, cfg.Validate())
			input, err := golden.ReadTraces("testdata/input.yaml")
			require.NoError(t, err)
			sink := &consumertest.TracesSink{}
			require.NoError(t, start(t, cfg, cards(t), componenttest.NewNopTelemetrySettings(), sink).ConsumeTraces(t.Context(), input))
			require.Len(t, sink.AllTraces(), 1)
			expected := filepath.Join(dir, "expected.yaml")
			if *update {
				require.NoError(t, golden.WriteTracesToFile(expected, sink.AllTraces()[0]))
			}
			want, err := golden.ReadTraces(expected)
			require.NoError(t, err)
			require.NoError(t, ptracetest.CompareTraces(want, sink.AllTraces()[0]))
		})
	}
}

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	input, err := golden.ReadTraces("testdata/input.yaml")
	require.NoError(t, err)
	p := start(t, createDefaultConfig().(*Config), cards(t), tel.NewTelemetrySettings(), consumertest.NewNop())
	require.NoError(t, p.ConsumeTraces(t.Context(), input))
	var points []metricdata.DataPoint[int64]
	for outcome, n := range map[string]int64{"enriched": 9, "unknown_model": 1, "unknown_version": 1, "unknown_job": 1, "untouched": 4} {
		points = append(points, metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("outcome", outcome))})
	}
	metadatatest.AssertEqualMlMetadataSpans(t, tel, points, metricdatatest.IgnoreTimestamp())
}

func TestCatalogChanges(t *testing.T) {
	c := catalogtest.NewExtension(catalog.NewSet([]*catalog.Model{{Name: "m", Owner: "first"}}, nil))
	sink := &consumertest.TracesSink{}
	p := start(t, createDefaultConfig().(*Config), c, componenttest.NewNopTelemetrySettings(), sink)
	owner := func() string {
		sink.Reset()
		td := ptrace.NewTraces()
		attrs := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes()
		attrs.PutStr("ml.model.name", "m")
		attrs.PutStr("ml.prediction.class", "x")
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		v, ok := sink.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes().Get("ml.model.owner")
		require.True(t, ok)
		return v.Str()
	}
	assert.Equal(t, "first", owner())
	before := p.index.Load()
	assert.Equal(t, "first", owner())
	assert.Same(t, before, p.index.Load(), "built once per set")
	c.Store(catalog.NewSet([]*catalog.Model{{Name: "m", Owner: "second"}}, nil))
	assert.Equal(t, "second", owner())
}

// TestConcurrentBatches is for the race detector: batches share the facts while the catalog
// changes. sightedCatalog is a catalog that wants to know what spans meet.
type sightedCatalog struct {
	*catalogtest.Extension
	sightings *catalog.Sightings
}

func (c sightedCatalog) Sightings() *catalog.Sightings { return c.sightings }

// TestSightings tells the catalog which cards the spans meet, and which names they have that no
// card has.
func TestSightings(t *testing.T) {
	set := catalog.NewSet([]*catalog.Model{
		{Name: "met", File: "met.yaml", Line: 1}, {Name: "fraud", Environment: "production", File: "fraud.yaml", Line: 1},
	}, []*catalog.Job{{Name: "daily", File: "daily.yaml"}})
	c := sightedCatalog{catalogtest.NewExtension(set), catalog.NewSightings()}
	p, err := newProcessor(processortest.NewNopSettings(metadata.Type), createDefaultConfig().(*Config), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), testkit.Host{catalogtest.ID: c}))
	t.Cleanup(func() { require.NoError(t, p.Shutdown(context.Background())) })
	var r catalog.Review
	for range 10 {
		td := ptrace.NewTraces()
		list := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for _, name := range []string{"met", "met", "fruad", "met"} {
			attrs := list.AppendEmpty().Attributes()
			attrs.PutStr("ml.model.name", name)
			attrs.PutStr("ml.prediction.class", "x")
			attrs.PutStr("deployment.environment.name", "production")
		}
		list.AppendEmpty().Attributes().PutStr("cicd.pipeline.name", "dayly")
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		r, _ = c.sightings.Review(set)
	}
	fraud := catalog.Card{Kind: "model", Environment: "production", Name: "fraud", File: "fraud.yaml", Line: 1}
	assert.Equal(t, catalog.Review{
		Near: []catalog.NearMiss{
			{Kind: "job", Name: "dayly", Card: catalog.Card{Kind: "job", Name: "daily", File: "daily.yaml"}, Differs: "name"},
			{Kind: "model", Environment: "production", Name: "fruad", Card: fraud, Differs: "name"},
		},
		Unmatched: []catalog.Unmatched{{Card: fraud, Seen: []string{"fruad (production)", "met"}}},
	}, r)
}

func TestAgeOfFeatures(t *testing.T) {
	end := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	model := &catalog.Model{Name: "m", FeatureViews: []string{"daily", "hourly", "stream"}}
	model.Versions = []*catalog.Version{{Model: model, Version: "7"}}
	set := catalog.Merge(catalog.NewSet([]*catalog.Model{model}, nil), catalog.Facts{FeatureViews: []*catalog.FeatureView{
		{Name: "hourly", MaterializedUntil: end.Add(-time.Hour)},
		{Name: "daily", MaterializedUntil: end.Add(-20 * time.Hour)},
		{Name: "stream"},
		{Name: "other", MaterializedUntil: end.Add(-90 * time.Hour)},
	}})
	age := func(version string, end time.Time) any {
		sink := &consumertest.TracesSink{}
		p := start(t, createDefaultConfig().(*Config), catalogtest.NewExtension(set), componenttest.NewNopTelemetrySettings(), sink)
		td := ptrace.NewTraces()
		span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		span.Attributes().PutStr("ml.model.name", "m")
		span.Attributes().PutStr("ml.model.version", version)
		span.Attributes().PutStr("ml.prediction.class", "x")
		require.NoError(t, p.ConsumeTraces(t.Context(), td))
		return spans(sink.AllTraces()[0])[0].Attributes().AsRaw()["ml.feature_view.age"]
	}
	assert.InDelta(t, 20*3600, age("7", end), 0)
	assert.InDelta(t, 20*3600+1.5, age("8", end.Add(1500*time.Millisecond)), 0, "a version that is not listed")
	assert.Nil(t, age("7", end.Add(-21*time.Hour)), "from before the materialization")
}

func TestConcurrentBatches(t *testing.T) {
	c := cards(t)
	sets := []*catalog.Set{c.Snapshot(), cards(t).Snapshot()}
	sink := &consumertest.TracesSink{}
	p := start(t, createDefaultConfig().(*Config), c, componenttest.NewNopTelemetrySettings(), sink)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				c.Store(sets[i%2])
				assert.NoError(t, p.ConsumeTraces(context.Background(), traffic(10, 8, true)))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 4*50*10, sink.SpanCount())
	for _, td := range sink.AllTraces() {
		for _, s := range spans(td) {
			v, _ := s.Attributes().Get("ml.model.owner")
			require.Equal(t, "risk-ml@example.com", v.Str())
		}
	}
}

func TestWithoutACatalog(t *testing.T) {
	set := processortest.NewNopSettings(metadata.Type)
	logs := testkit.ObserveLogs(&set.TelemetrySettings, zap.WarnLevel)
	sink := &consumertest.TracesSink{}
	p, err := newProcessor(set, createDefaultConfig().(*Config), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	assert.Equal(t, 1, logs.FilterMessage(cataloghost.NoCatalogMessage).Len())
	input, err := golden.ReadTraces("testdata/input.yaml")
	require.NoError(t, err)
	want := ptrace.NewTraces()
	input.CopyTo(want)
	require.NoError(t, p.ConsumeTraces(t.Context(), input))
	require.NoError(t, ptracetest.CompareTraces(want, sink.AllTraces()[0]))
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestCatalogThatIsNotEnabled(t *testing.T) {
	id := component.MustNewIDWithName("ml_catalog", "other")
	p, err := newProcessor(processortest.NewNopSettings(metadata.Type), &Config{Catalog: &id}, consumertest.NewNop())
	require.NoError(t, err)
	assert.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), `'catalog': extension "ml_catalog/other" is not enabled`)
	require.NoError(t, p.Shutdown(t.Context()))
}

func TestErrorsOfTheNextComponentAreReturned(t *testing.T) {
	p := start(t, createDefaultConfig().(*Config), cards(t), componenttest.NewNopTelemetrySettings(), consumertest.NewErr(assert.AnError))
	assert.ErrorIs(t, p.ConsumeTraces(t.Context(), ptrace.NewTraces()), assert.AnError)
	assert.True(t, p.Capabilities().MutatesData)
}

func TestValidate(t *testing.T) {
	require.NoError(t, createDefaultConfig().(*Config).Validate())
	assert.EqualError(t, (&Config{Add: []string{"model", "modle"}}).Validate(),
		`'add[1]': "modle" is none of the groups attributes, feature_view, job, model, training and no name of an attribute (those have a dot)`)
	_, err := newProcessor(processortest.NewNopSettings(metadata.Type), &Config{Add: []string{"x"}}, consumertest.NewNop())
	assert.Error(t, err)
}

// TestRealSpans passes captured spans of other systems, with the name of a known model on some of
// them: the same spans in the same order, nothing but added attributes.
func TestRealSpans(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/spans/captured/*.json*")
	if len(files) == 0 {
		t.Skip("../shared/data/spans/captured is absent: captured spans of real systems are not part of this repository")
	}
	sink := &consumertest.TracesSink{}
	p := start(t, &Config{Add: createDefaultConfig().(*Config).Add, MarkUnknown: true}, cards(t), componenttest.NewNopTelemetrySettings(), sink)
	n, added := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		input, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(data)
		if err != nil || input.SpanCount() == 0 {
			continue
		}
		for i, s := range spans(input) {
			if i%2 == 0 {
				s.Attributes().PutStr("ml.model.name", "fraud")
			}
			if _, ok := s.Attributes().Get("gen_ai.operation.name"); !ok && i%4 == 0 {
				s.Attributes().PutDouble("ml.prediction.value", 1)
			}
		}
		n += input.SpanCount()
		want := ptrace.NewTraces()
		input.CopyTo(want)
		sink.Reset()
		require.NoError(t, p.ConsumeTraces(t.Context(), input))
		added += assertOnlyAdded(t, want, sink.AllTraces()[0])
	}
	require.Positive(t, n)
	require.Positive(t, added)
	t.Logf("%d spans, %d attributes added", n, added)
}

// assertOnlyAdded compares span by span; got may have more attributes, whose number is returned.
func assertOnlyAdded(t testing.TB, want, got ptrace.Traces) (added int) {
	t.Helper()
	w, g := spans(want), spans(got)
	require.Len(t, g, len(w))
	for i := range w {
		kept := 0
		for k, v := range w[i].Attributes().All() {
			other, ok := g[i].Attributes().Get(k)
			require.True(t, ok && (v.Equal(other) || v.AsString() == other.AsString()), k) // NaN is not equal to itself
			kept++
		}
		added += g[i].Attributes().Len() - kept
		a, b := ptrace.NewSpan(), ptrace.NewSpan()
		w[i].CopyTo(a)
		g[i].CopyTo(b)
		a.Attributes().Clear()
		b.Attributes().Clear()
		require.Equal(t, marshal(t, a), marshal(t, b))
	}
	return added
}

func spans(td ptrace.Traces) []ptrace.Span { return slices.Collect(testkit.Spans(td)) }

func marshal(t testing.TB, s ptrace.Span) []byte {
	t.Helper()
	td := ptrace.NewTraces()
	s.CopyTo(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return data
}

func FuzzConsumeTraces(f *testing.F) {
	input, err := golden.ReadTraces("testdata/input.yaml")
	require.NoError(f, err)
	seed, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(input)
	require.NoError(f, err)
	f.Add(seed, true, true)
	f.Add(seed, false, false)
	f.Add([]byte{}, false, true)
	c := cards(f)
	f.Fuzz(func(t *testing.T, data []byte, overwrite, mark bool) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
		if err != nil {
			t.Skip()
		}
		want := ptrace.NewTraces()
		td.CopyTo(want)
		sink := &consumertest.TracesSink{}
		cfg := createDefaultConfig().(*Config)
		cfg.Overwrite, cfg.MarkUnknown = overwrite, mark
		if err := start(t, cfg, c, componenttest.NewNopTelemetrySettings(), sink).ConsumeTraces(t.Context(), td); err != nil {
			t.Fatal(err)
		}
		if overwrite {
			require.Len(t, spans(sink.AllTraces()[0]), len(spans(want)))
			return
		}
		for i, s := range spans(want) { // the first of two attributes with one key is the one that is looked at
			got := spans(sink.AllTraces()[0])[i]
			for k := range s.Attributes().All() {
				a, _ := s.Attributes().Get(k)
				b, ok := got.Attributes().Get(k)
				require.True(t, ok)
				require.Equal(t, a.AsString(), b.AsString())
			}
		}
	})
}

// traffic makes n spans with the given number of attributes, as a service with numeric features
// sends them.
func traffic(n, attributes int, prediction bool) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "scoring")
	rs.Resource().Attributes().PutStr("deployment.environment.name", "production")
	list := rs.ScopeSpans().AppendEmpty().Spans()
	end := pcommon.NewTimestampFromTime(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	for range n {
		s := list.AppendEmpty()
		s.SetName("predict")
		s.SetEndTimestamp(end)
		a := s.Attributes()
		a.EnsureCapacity(attributes)
		if prediction {
			a.PutStr("ml.model.name", "fraud")
			a.PutStr("ml.model.version", "7")
			a.PutStr("ml.prediction.class", "ok")
			a.PutDouble("ml.prediction.confidence", 0.9)
		}
		for i := 0; a.Len() < attributes; i++ {
			if prediction {
				a.PutDouble(fmt.Sprintf("ml.feature.f%02d", i), 1.5)
			} else {
				a.PutStr(fmt.Sprintf("http.request.header.%02d", i), "x")
			}
		}
	}
	return td
}

func BenchmarkConsumeTraces(b *testing.B) {
	const perRequest = 500
	for _, attributes := range []int{8, 28} {
		for _, kind := range []string{"prediction", "other"} {
			b.Run(fmt.Sprintf("%s/attributes=%d", kind, attributes), func(b *testing.B) {
				p := start(b, createDefaultConfig().(*Config), cards(b), componenttest.NewNopTelemetrySettings(), consumertest.NewNop())
				source := traffic(perRequest, attributes, kind == "prediction")
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					b.StopTimer()
					td := ptrace.NewTraces()
					source.CopyTo(td)
					b.StartTimer()
					if err := p.ConsumeTraces(b.Context(), td); err != nil {
						b.Fatal(err)
					}
					n += perRequest
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/span")
			})
		}
	}
}

// BenchmarkPut is what pdata asks for the same attributes without a look at the span.
func BenchmarkPut(b *testing.B) {
	const perRequest = 500
	source := traffic(perRequest, 28, true)
	c := cards(b)
	s, err := facts.NewSelection(createDefaultConfig().(*Config).Add)
	require.NoError(b, err)
	f, _ := facts.NewIndex(c.Snapshot(), s, nil).Model("", "fraud", "7")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		td := ptrace.NewTraces()
		source.CopyTo(td)
		all := spans(td)
		b.StartTimer()
		for _, span := range all {
			span.Attributes().EnsureCapacity(span.Attributes().Len() + f.Size())
			f.Put(span.Attributes(), span.EndTimestamp(), false)
		}
		n += perRequest
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/span")
}
