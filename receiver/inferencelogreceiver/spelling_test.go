// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// A number comes as an attribute of a span, in the body of a request, in a data file and in a card.
// As a category it has the same name each time: what JSON writes for it.
func TestOneSpelling(t *testing.T) {
	checkWaysIn(t, []float64{
		0, 1, -1, 3, 0.1, -2.5, 1.0 / 3, 100, 123456.789, 1e-5, 1e-6, math.Nextafter(1e-6, 0), 1e-7, -1e-7, 2.5e-8, 1.25e-9, 1e-10, 1e-23, 5e-324,
		1e15, 1e16, 1 << 53, 1 << 62, 1 << 63, 1e19, 1e20, math.Nextafter(1e21, 0), 1e21, -1e21, 1e22, 1e100, math.MaxFloat64, float64(float32(0.3)),
	})
}

func FuzzOneSpelling(f *testing.F) {
	for _, v := range []float64{1e-7, 1e21, 0.1, 1 << 63, math.Copysign(0, -1)} {
		f.Add(math.Float64bits(v))
	}
	f.Fuzz(func(t *testing.T, bits uint64) {
		if v := math.Float64frombits(bits); v-v == 0 {
			checkWaysIn(t, []float64{v})
		}
	})
}

// checkWaysIn brings numbers in on each way as the values of a categorical feature.
func checkWaysIn(t *testing.T, numbers []float64) {
	t.Helper()
	var want, asJSON, asC, before []string
	for _, v := range numbers {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		asJSON = append(asJSON, string(text))
		asC = append(asC, strconv.FormatFloat(v, 'g', -1, 64))
		format := byte('f') // as ml_summary did in its first versions
		if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
			format = 'g'
		}
		before = append(before, strconv.FormatFloat(v, format, -1, 64))
		if v == 0 {
			text = []byte("0") // with either sign
		}
		want = append(want, string(text))
	}
	slices.Sort(want)
	check := func(way string, got []string) {
		t.Helper()
		slices.Sort(got)
		require.Equal(t, want, got, way)
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}

	// A card's allowed values.
	write("cards/fraud.yaml", "kind: model\nname: fraud\nfeatures:\n  x: {type: categorical, values: ["+strings.Join(asJSON, ", ")+"]}\n")
	set, err := catalog.Load(filepath.Join(dir, "cards"))
	require.NoError(t, err)
	card := set.Model("", "fraud")
	check("card", slices.Clone(card.Features["x"].Values))

	// Data files, with numbers as JSON and as C writes them, and with strings as they were spelt
	// before.
	var fromFile *profile.Profile
	for _, file := range []string{
		write("a.csv", "x,y\n"+strings.Join(asJSON, ",a\n")+",a\n"),
		write("c.csv", "x,y\n"+strings.Join(asC, ",a\n")+",a\n"),
		write("a.jsonl", `{"y":"a","x":`+strings.Join(asJSON, "}\n"+`{"y":"a","x":`)+"}\n"),
		write("before.jsonl", `{"y":"a","x":"`+strings.Join(before, `"}`+"\n"+`{"y":"a","x":"`)+"\"}\n"),
	} {
		p, _, err := baseline.Build(t.Context(), []string{file}, baseline.Options{Features: []string{"x"}, Types: map[string]profile.Type{"x": profile.Categorical}})
		require.NoError(t, err)
		var got []string
		for _, c := range p.Column("x").Categories {
			got = append(got, c.Value)
		}
		check(filepath.Base(file), got)
		fromFile = p
	}

	// Attributes of a span.
	card.Baseline = fromFile
	h := catalogtest.Host(card)
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(eventTime))
	s.Attributes().PutStr("ml.model.name", "fraud")
	s.Attributes().PutInt("ml.batch.size", int64(len(numbers)))
	values := s.Attributes().PutEmptySlice("ml.feature.x")
	for _, v := range numbers {
		values.AppendEmpty().SetDouble(v)
	}
	check("span", categories(t, h, func(summary consumer.Traces) {
		require.NoError(t, summary.ConsumeTraces(t.Context(), td))
	}))
	s.SetSpanID(pcommon.SpanID{2})
	s.Attributes().PutStr("ml.features", `{"x":[`+strings.Join(asJSON, ",")+`]}`)
	s.Attributes().Remove("ml.feature.x")
	check("ml.features of a span", categories(t, h, func(summary consumer.Traces) {
		require.NoError(t, summary.ConsumeTraces(t.Context(), td))
	}))

	// The body of a request.
	check("payload", categories(t, h, func(summary consumer.Traces) {
		r := offline(t, config(func(c *Config) { c.Models = map[string]ModelConfig{"fraud": {Features: []string{"x"}}} }), summary, h)
		require.Equal(t, 200, r.post(t, kserve("a", "request", `{"instances":[[`+strings.Join(asJSON, "],[")+`]]}`)).Code)
		require.Equal(t, 200, r.post(t, kserve("a", "response", fmt.Sprintf(`{"predictions":[%s1]}`, strings.Repeat("1,", len(numbers)-1)))).Code)
		require.NoError(t, r.Shutdown(context.Background()))
	}))
}

// categories returns the categories that ml_summary counts of the feature x.
func categories(t *testing.T, h component.Host, send func(summary consumer.Traces)) (out []string) {
	t.Helper()
	factory := mlsummaryconnector.NewFactory()
	cfg := factory.CreateDefaultConfig().(*mlsummaryconnector.Config)
	cfg.FlushInterval, cfg.FeatureFlushInterval = time.Hour, time.Hour
	sink := new(consumertest.MetricsSink)
	summary, err := factory.CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(factory.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, summary.Start(t.Context(), h))
	send(summary)
	require.NoError(t, summary.Shutdown(context.Background()))
	for p := range testkit.Points("ml.feature.category.count", sink.AllMetrics()...) {
		category, _ := p.Attributes().Get("ml.feature.category")
		out = append(out, category.Str())
	}
	return out
}
