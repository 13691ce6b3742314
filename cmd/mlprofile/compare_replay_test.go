// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mldriftconnector"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog/catalogtest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// rowsOf draws a file of rows; what drifts does in current rows.
func rowsOf(n int, seed uint64, current bool) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("channel,amount,age,tiny,income,country,city,new,label,score\n")
	for range n {
		shift, other, lost := 0.0, 0.0, 0.02
		if current {
			shift, other, lost = 0.4, 0.03, 0.09
		}
		amount, country := fmt.Sprintf("%.2f", 20*r.ExpFloat64()*(1+shift)), []string{"DE", "DE", "FR", "US"}[r.IntN(4)]
		if r.Float64() < other {
			country = "PL"
		}
		if r.Float64() < lost {
			amount = ""
		}
		tiny := ""
		if r.Float64() < 0.03 {
			tiny = strconv.Itoa(r.IntN(5))
		}
		city := fmt.Sprintf("c%d", int(r.ExpFloat64()*40))
		label := "ok"
		if r.Float64() < 0.03 {
			label = "fraud"
		}
		fmt.Fprintf(&b, "%s,%s,%d,%s,%.4f,%s,%s,%t,%s,%.3f\n", []string{"web", "app", "branch"}[r.IntN(3)], amount, 18+r.IntN(60), tiny, r.NormFloat64(),
			country, city, r.IntN(4) == 0, label, 0.5+r.Float64()/2)
	}
	return b.String()
}

// numbersAmongRows are the columns of rowsOf that are numbers.
var numbersAmongRows = map[string]bool{"amount": true, "age": true, "tiny": true, "income": true, "score": true}

// spansOf are the rows of a file as a model server sends them.
func spansOf(rows string, at time.Time) ptrace.Traces {
	lines := strings.Split(strings.TrimSpace(rows), "\n")
	names := strings.Split(lines[0], ",")
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, line := range lines[1:] {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i), byte(i >> 8)})
		s.SetSpanID(pcommon.SpanID{1, byte(i), byte(i >> 8)})
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(-time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(at))
		a := s.Attributes()
		a.PutStr(mlconv.AttrModelName, "fraud")
		for j, value := range strings.Split(line, ",") {
			key := mlconv.PrefixFeature + names[j]
			switch names[j] {
			case "label":
				key = mlconv.AttrPredictionClass
			case "score":
				key = mlconv.AttrPredictionConfidence
			case "channel":
				a.PutStr(mlconv.PrefixSegment+"channel", value)
			}
			number, err := strconv.ParseFloat(value, 64)
			switch {
			case value == "":
			case numbersAmongRows[names[j]] && err == nil:
				a.PutDouble(key, number)
			case names[j] == "new":
				a.PutBool(key, value == "true")
			default:
				a.PutStr(key, value)
			}
		}
	}
	return td
}

// said is what ml_drift says of one comparison.
type said struct {
	Verdict, Reason               string
	Samples, Reference, Effective float64
	Scores, PValues               map[string]float64
}

// live sends spans through ml_summary and ml_drift, and returns what ml_drift says of the one window,
// by subject.
func live(t *testing.T, set *catalog.Set, td ptrace.Traces, change func(*mldriftconnector.Config)) map[string]*said {
	t.Helper()
	host, out := testkit.Host{catalogtest.ID: catalogtest.NewExtension(set)}, &testkit.MetricsSink{}
	f := mldriftconnector.NewFactory()
	cfg := f.CreateDefaultConfig().(*mldriftconnector.Config)
	cfg.Window, cfg.For, cfg.Season, cfg.Slow, cfg.Timestamps = "day", 1, "none", nil, mldriftconnector.TimestampsEvent
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	drifts, err := f.CreateMetricsToMetrics(t.Context(), connectortest.NewNopSettings(f.Type()), cfg, out)
	require.NoError(t, err)
	g := mlsummaryconnector.NewFactory()
	summary, err := g.CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(g.Type()), g.CreateDefaultConfig(), drifts)
	require.NoError(t, err)
	require.NoError(t, drifts.Start(t.Context(), host))
	require.NoError(t, summary.Start(t.Context(), host))
	require.NoError(t, summary.ConsumeTraces(t.Context(), td))
	require.NoError(t, summary.Shutdown(t.Context()))
	require.NoError(t, drifts.Shutdown(t.Context()))

	subjects := map[string]*said{}
	text := func(a pcommon.Map, key string) string {
		v, ok := a.Get(key)
		if !ok {
			return ""
		}
		return v.AsString()
	}
	of := func(a pcommon.Map) *said {
		key := text(a, mlconv.AttrDriftSubject) + "/" + text(a, mlconv.AttrFeatureName) + "/" + text(a, mlconv.AttrSegment)
		if subjects[key] == nil {
			subjects[key] = &said{Scores: map[string]float64{}, PValues: map[string]float64{}}
		}
		return subjects[key]
	}
	requests := out.AllMetrics()
	for name, put := range map[string]func(*said, pcommon.Map, float64){
		mlconv.MetricDriftSamples:          func(s *said, _ pcommon.Map, v float64) { s.Samples = v },
		mlconv.MetricDriftReferenceSamples: func(s *said, _ pcommon.Map, v float64) { s.Reference = v },
		mlconv.MetricDriftEffectiveSamples: func(s *said, _ pcommon.Map, v float64) { s.Effective = v },
		mlconv.MetricDriftScore:            func(s *said, a pcommon.Map, v float64) { s.Scores[text(a, mlconv.AttrDriftMethod)] = v },
		mlconv.MetricDriftPValue:           func(s *said, a pcommon.Map, v float64) { s.PValues[text(a, mlconv.AttrDriftMethod)] = v },
		mlconv.MetricDriftVerdict: func(s *said, a pcommon.Map, v float64) {
			if v == 1 {
				s.Verdict, s.Reason = text(a, mlconv.AttrDriftVerdict), text(a, mlconv.AttrDriftReason)
			}
		},
	} {
		for p := range testkit.Points(name, requests...) {
			put(of(p.Attributes()), p.Attributes(), testkit.Number(p))
		}
	}
	return subjects
}

// What compare says of a file is what ml_drift says of a window of the same rows, sent to it as
// spans: verdicts and reasons, numbers of values, all scores and p-values, of the total and of
// segments.
func TestCompareSaysWhatMLDriftSays(t *testing.T) {
	training, traffic := rowsOf(3000, 1, false), rowsOf(1500, 2, true)
	dir := t.TempDir()
	base := filepath.Join(dir, "fraud.json")
	data := write(t, "training.csv", training)
	_, _, err := mlprofile(t, "build", data, "-o", base, "--name", "fraud", "--prediction", "label", "--confidence", "score", "--type", "new=categorical")
	require.NoError(t, err)
	current := write(t, "today.csv", traffic)
	for _, c := range []struct {
		name, card string
		config     func(*mldriftconnector.Config)
		flags      []string
		drifts     []string
	}{
		{name: "defaults", drifts: []string{"feature/amount/", "feature/country/", "missing/amount/"}},
		{
			name: "methods and thresholds",
			config: func(c *mldriftconnector.Config) {
				c.Methods.Numeric, c.Methods.Categorical = []string{"wasserstein"}, []string{"l_infinity", "chi2"}
				c.Thresholds, c.Significance = map[string]float64{"wasserstein": 0.05, "missing": 0.08, "relative_change": 9}, 0.01
			},
			flags: []string{
				"--method", "numeric=wasserstein", "--method", "categorical=l_infinity", "--method", "categorical=chi2", "--threshold", "wasserstein=0.05",
				"--threshold", "missing=0.08", "--threshold", "relative_change=9", "--significance", "0.01",
			},
			drifts: []string{"feature/amount/"},
		},
		{
			name: "as a tool", config: func(c *mldriftconnector.Config) { c.Method = "evidently" }, flags: []string{"--method", "evidently"},
			drifts: []string{"feature/amount/", "feature/country/"},
		},
		{
			name: "statistics of tools",
			config: func(c *mldriftconnector.Config) {
				c.Methods.Numeric, c.Methods.Categorical = []string{"ks@evidently", "psi@scouter"}, []string{"psi@scouter", "js@nannyml"}
				c.Thresholds = map[string]float64{"psi@scouter": 0.2, "ks@evidently": 0.01}
			},
			flags: []string{
				"--method", "numeric=ks@evidently", "--method", "psi@scouter", "--method", "categorical=js@nannyml", "--threshold", "psi@scouter=0.2",
				"--threshold", "ks@evidently=0.01",
			},
			drifts: []string{"feature/amount/", "feature/country/"},
		},
		{name: "too few", config: func(c *mldriftconnector.Config) { c.MinSamples = 1450 }, flags: []string{"--min-samples", "1450"}, drifts: []string{"feature/country/", "missing/amount/"}},
		{
			name: "a card with segments",
			card: "segments: [channel]\nsegment_features: [amount, country]\ndrift: {min_samples: 100, thresholds: {missing: 0.2}}\n" +
				"features:\n  city: {ignore: true}\n  amount: {methods: [ks], thresholds: {ks: 0.05}}\n",
			drifts: []string{"feature/amount/", "feature/country/", "feature/amount/channel=web", "feature/amount/channel=app", "feature/amount/channel=branch", "missing/amount/"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "kind: model\nname: fraud\nbaseline: " + base + "\n" + c.card
			want := live(t, catalogtest.Load(t, text), spansOf(traffic, time.Now().UTC().Truncate(24*time.Hour).Add(-12*time.Hour)), c.config)
			args := append([]string{"compare", base, current, "--format", "json", "--type", "new=categorical"}, c.flags...)
			if c.card != "" {
				args = append(args, "--card", write(t, "fraud.yaml", text))
			}
			out, _, err := mlprofile(t, args...)
			assertStatus(t, err, statusDrift)
			var got struct {
				Subjects []struct {
					Subject, Column, Segment, Verdict, Reason string
					Samples                                   float64
					Effective                                 float64 `json:"effective_samples"`
					Reference                                 float64 `json:"reference_samples"`
					Scores                                    []struct {
						Method string
						Score  float64
						PValue float64 `json:"p_value"`
					}
				}
			}
			require.NoError(t, json.Unmarshal([]byte(out), &got))
			require.Len(t, got.Subjects, len(want), "subjects")
			var drifting []string
			for _, s := range got.Subjects {
				name := s.Column
				if s.Subject != "feature" && s.Subject != "missing" {
					name = ""
				}
				key := s.Subject + "/" + name + "/" + s.Segment
				w := want[key]
				require.NotNil(t, w, key)
				assert.Equal(t, w.Verdict, s.Verdict, key)
				assert.Equal(t, w.Samples, s.Samples, key)
				assert.Equal(t, w.Reference, s.Reference, key)
				assert.InDelta(t, w.Effective, s.Effective, 1e-9, key)
				if s.Verdict == "insufficient" {
					assert.Equal(t, w.Reason, s.Reason, key)
				}
				assert.Len(t, s.Scores, len(w.Scores), key)
				for _, x := range s.Scores {
					assert.InDelta(t, w.Scores[x.Method], x.Score, 1e-12, "%s %s", key, x.Method)
					assert.InDelta(t, w.PValues[x.Method], x.PValue, 1e-12, "%s %s", key, x.Method)
				}
				if s.Verdict == "drift" {
					drifting = append(drifting, key)
				}
			}
			for _, key := range c.drifts {
				assert.Contains(t, drifting, key)
			}
		})
	}
}
