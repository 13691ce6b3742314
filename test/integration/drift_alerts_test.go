// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// sale is a prediction; its trace has its id.
type sale struct {
	amount, confidence float64 // an amount of NaN is missing
	country, class     string
}

// shop draws sales and remembers them by trace.
type shop struct {
	r     *rand.Rand
	sales map[pcommon.TraceID]sale
}

func newShop(seed uint64) *shop {
	return &shop{r: rand.New(rand.NewPCG(seed, 9)), sales: map[pcommon.TraceID]sale{}}
}

func (s *shop) draw(drifts bool) sale {
	x := sale{amount: 1000 * s.r.Float64(), confidence: 0.5 + s.r.Float64()/2, country: "DE", class: "ok"}
	p := s.r.Float64()
	switch {
	case p < 0.3:
		x.country = "FR"
	case drifts && p < 0.6:
		x.country = "PL" // nobody has told the baseline of it
	}
	if s.r.Float64() < 0.1 {
		x.class = "fraud"
	}
	switch p := s.r.Float64(); {
	case p < 0.02 || drifts && p < 0.2:
		x.amount = math.NaN()
	case drifts && p < 0.6:
		x.amount = 410 + 80*s.r.Float64() // the middle: neither the smallest nor the largest
	}
	if drifts && s.r.Float64() < 0.4 {
		x.class, x.confidence = "fraud", 0.5+0.04*s.r.Float64()
	}
	return x
}

// catalog writes a baseline of sales that do not drift, and the model's card.
func (s *shop) catalog(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var amounts, confidences []float64
	missing := uint64(0)
	countries, classes := map[string]uint64{}, map[string]uint64{}
	for range 4000 {
		x := s.draw(false)
		if math.IsNaN(x.amount) {
			missing++
		} else {
			amounts = append(amounts, x.amount)
		}
		confidences = append(confidences, x.confidence)
		countries[x.country]++
		classes[x.class]++
	}
	p := &profile.Profile{
		FormatVersion: profile.FormatVersion, Rows: 4000,
		Features: []*profile.Column{
			profile.NewNumeric("amount", amounts, missing, distribution.DefaultBins),
			profile.NewCategorical("country", countries, 0, profile.DefaultMaxCategories),
		},
		Prediction: profile.NewCategorical("class", classes, 0, profile.DefaultMaxCategories),
		Confidence: profile.NewNumeric("confidence", confidences, 0, distribution.DefaultBins),
	}
	f, err := os.Create(filepath.Join(dir, "shop.json"))
	require.NoError(t, err)
	require.NoError(t, p.Write(f))
	require.NoError(t, f.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(`kind: model
name: shop
baseline: shop.json
segments: [channel]
segment_features: [amount, country]
alerts: {severity: critical, runbook: https://example.com/shop}
`), 0o600))
	return dir
}

// hour is 600 sales of an hour, each a trace, half of them in the segment channel=web.
func (s *shop) hour(start time.Time, drifts bool) ptrace.Traces {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 600 {
		x := s.draw(drifts)
		span := spans.AppendEmpty()
		var trace pcommon.TraceID
		binary.BigEndian.PutUint64(trace[:], s.r.Uint64())
		binary.BigEndian.PutUint64(trace[8:], s.r.Uint64())
		var id pcommon.SpanID
		binary.BigEndian.PutUint64(id[:], s.r.Uint64())
		s.sales[trace] = x
		span.SetTraceID(trace)
		span.SetSpanID(id)
		span.SetName("predict")
		end := start.Add(time.Duration(i) * 6 * time.Second)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Millisecond)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		a := span.Attributes()
		a.PutStr(mlconv.AttrModelName, "shop")
		a.PutStr(mlconv.AttrModelVersion, "1")
		a.PutStr(mlconv.AttrPredictionClass, x.class)
		a.PutDouble(mlconv.AttrPredictionConfidence, x.confidence)
		a.PutStr("ml.feature.country", x.country)
		if !math.IsNaN(x.amount) {
			a.PutDouble("ml.feature.amount", x.amount)
		}
		a.PutStr("ml.segment.channel", []string{"web", "app"}[i%2])
	}
	return td
}

// alerts returns those in a file of the file exporter.
func alerts(t *testing.T, path string) (out []alert.Alert) {
	t.Helper()
	for _, line := range lines(t, path) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					a, err := alert.Decode(lr)
					require.NoError(t, err)
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// Each drift is a log record that names the range, the category or the missing values that have
// grown, by how much, with the trace of a prediction that really has that value: of features, of
// the class, of the confidence, of missing values, in the total and in a segment.
func TestDriftsAreAlerts(t *testing.T) {
	s := newShop(1)
	catalog, out := s.catalog(t), filepath.Join(t.TempDir(), "alerts.json")
	c := start(t, `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift: {window: 1h, timestamps: event, emit_interval: 1s, lateness: 1m, for: 2, season: none}
exporters: {nop: {}, file: {path: "${env:OUT}", flush_interval: 50ms}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [nop]}
    logs/alerts: {receivers: [ml_drift], exporters: [file]}
`, "OUT="+out, "CATALOG="+catalog)
	otlp := dial(t, c.otlp)
	for hour := range 5 {
		otlp.send(s.hour(start0.Add(time.Duration(hour)*time.Hour), hour >= 2))
	}
	firing := map[string]alert.Alert{}
	processtest.WaitFor(t, 30*time.Second, "an alert for each drift", func() bool {
		for _, a := range alerts(t, out) {
			if a.State == alert.Firing && a.Labels["segment"] != "channel=app" {
				firing[strings.TrimSpace(a.Labels["segment"]+" "+a.Name+" "+a.Labels["feature"])] = a
			}
		}
		return len(firing) >= 10
	})
	c.Stop()
	share := func(a alert.Alert, name string) float64 {
		v, err := strconv.ParseFloat(a.Annotations[name], 64)
		require.NoError(t, err, "%s of %v", name, a)
		return v
	}
	within := func(a alert.Alert, v float64) bool {
		low, high := math.Inf(-1), math.Inf(1)
		if a.Annotations["range_low"] != "" {
			low = share(a, "range_low")
		}
		if a.Annotations["range_high"] != "" {
			high = share(a, "range_high")
		}
		return v > low && v <= high
	}
	for _, segment := range []string{"", "channel=web "} {
		for what, check := range map[string]func(a alert.Alert, x sale) bool{
			"FeatureDrift amount": func(a alert.Alert, x sale) bool {
				return within(a, 450) && !within(a, 300) && !within(a, 600) && within(a, x.amount) && share(a, "share") > 0.3
			},
			"FeatureDrift country": func(a alert.Alert, x sale) bool {
				return a.Annotations["category"] == "PL" && x.country == "PL" && math.Abs(share(a, "share")-0.3) < 0.06 && share(a, "reference_share") == 0
			},
			"PredictionDrift": func(a alert.Alert, x sale) bool {
				return a.Annotations["category"] == "fraud" && x.class == "fraud" && math.Abs(share(a, "share")-0.46) < 0.08 && math.Abs(share(a, "reference_share")-0.1) < 0.02
			},
			"ConfidenceDrift": func(a alert.Alert, x sale) bool {
				return math.Abs(share(a, "range_low")-0.5) < 0.001 && within(a, x.confidence) && x.confidence < 0.57 && share(a, "share") > 0.35
			},
			"MissingValuesDrift amount": func(a alert.Alert, x sale) bool {
				return math.IsNaN(x.amount) && math.Abs(share(a, "share")-0.2) < 0.06 && share(a, "reference_share") < 0.04
			},
		} {
			a, ok := firing[segment+what]
			require.True(t, ok, "%s%s: %v", segment, what, firing)
			x, ok := s.sales[a.TraceID]
			require.True(t, ok, "%s%s: trace %s is none of ours", segment, what, a.TraceID)
			assert.True(t, check(a, x), "%s%s: %s: %v of %+v", segment, what, a.Summary, a.Annotations, x)
			assert.True(t, segment == "" || a.Labels["segment"] == "channel=web")
			assert.Equal(t, alert.Critical, a.Severity)
			assert.Equal(t, "https://example.com/shop", a.Annotations["runbook_url"])
			assert.NotEqual(t, pcommon.SpanID{}, a.SpanID)
			assert.Equal(t, start0.Add(4*time.Hour), a.StartsAt, "the end of the second window that drifts")
		}
	}
	t.Log(firing["FeatureDrift amount"].Summary)
	t.Log(firing["channel=web FeatureDrift country"].Summary)
}

// A baseline is learned from live traffic, with a restart in the middle; the card that the log
// gives makes drifts of what comes next.
func TestLearnedBaseline(t *testing.T) {
	s := newShop(2)
	dir := t.TempDir()
	catalog, state, out := filepath.Join(dir, "catalog"), filepath.Join(dir, "state"), filepath.Join(dir, "alerts.json")
	require.NoError(t, os.MkdirAll(catalog, 0o750))
	config := `
extensions:
  ml_catalog: {directory: "${env:CATALOG}", reload_interval: 1s}
  file_storage: {directory: "${env:STATE}", create_directory: true}
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
connectors:
  ml_summary: {flush_interval: 100ms, feature_flush_interval: 100ms}
  ml_drift:
    {storage: file_storage, timestamps: event, emit_interval: 100ms, lateness: 1m, for: 1, learn: {rows: 1500, directory: "${env:CATALOG}/learned"}}
exporters: {nop: {}, file: {path: "${env:OUT}", flush_interval: 50ms, append: true}}
service:
  extensions: [ml_catalog, file_storage]
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [nop]}
    logs/alerts: {receivers: [ml_drift], exporters: [file]}
`
	env := []string{"CATALOG=" + catalog, "STATE=" + state, "OUT=" + out}
	c := start(t, config, env...)
	dial(t, c.otlp).send(s.hour(start0, false), s.hour(start0.Add(time.Hour), false))
	processtest.WaitFor(t, 20*time.Second, "both hours to be counted", func() bool {
		return c.telemetry(t, "otelcol_ml_drift_points", `outcome="counted"`) > 0 && c.telemetry(t, "otelcol_ml_summary_cells", "") == 0
	})
	c.Stop()
	path := filepath.Join(catalog, "learned", "shop.json")
	_, err := os.Stat(path)
	require.True(t, os.IsNotExist(err), "1,200 rows are not enough")

	c = start(t, config, env...)
	otlp := dial(t, c.otlp)
	otlp.send(s.hour(start0.Add(2*time.Hour), false), s.hour(start0.Add(3*time.Hour), false))
	processtest.WaitFor(t, 20*time.Second, "the baseline", func() bool { _, err := os.Stat(path); return err == nil })
	p, err := profile.Load(path)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, p.Rows, uint64(1500), "the rows of the process before are among them")
	assert.Equal(t, start0, p.From)
	require.NotNil(t, p.Column("amount"))
	assert.Equal(t, p.Rows, p.Column("amount").Count+p.Column("amount").Missing)
	assert.InDelta(t, 0.7, float64(p.Column("country").Categories[0].Count)/float64(p.Rows), 0.05)
	require.NotNil(t, p.Prediction)
	require.NotNil(t, p.Confidence)

	card := fmt.Sprintf("kind: model\nname: \"shop\"\nbaseline: %q", path)
	c.WaitForLog(20*time.Second, card) // that is said when the file is there
	require.NoError(t, os.WriteFile(filepath.Join(catalog, "shop.yaml"), []byte(card+"\n"), 0o600))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	hour := 4
	processtest.WaitFor(t, 60*time.Second, "the drift from what was learned", func() bool {
		otlp.send(s.hour(start0.Add(time.Duration(hour)*time.Hour), true))
		hour++
		for _, a := range alerts(t, out) {
			if a.Name == "FeatureDrift" && a.Labels["feature"] == "amount" && a.State == alert.Firing {
				return true
			}
		}
		return false
	})
	c.Stop()
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after, "it is never written again")
}
