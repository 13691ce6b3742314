// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// row is a prediction and its labels.
type row struct {
	n         int
	country   string
	class     string
	score     float64
	at        time.Time
	labels    []label.Label // known one after the other
	predicted bool          // false: the labels are orphans
}

func rowsOf(r *rand.Rand, n int, end time.Time) []row {
	rows := make([]row, n)
	for i := range rows {
		score := float64(r.IntN(1001)) / 1000
		x := &rows[i]
		*x = row{n: i, country: []string{"DE", "BR", "US"}[r.IntN(3)], class: "0", score: score, predicted: r.IntN(50) > 0}
		if score > 0.5 {
			x.class = "1"
		}
		x.at = end.Add(-time.Duration(r.Int64N(int64(120 * time.Hour))))
		actual := "0"
		if r.Float64() < score {
			actual = "1"
		}
		known := x.at.Add(time.Duration(r.Int64N(int64(72 * time.Hour))))
		switch r.IntN(20) {
		case 0: // has no label
		case 1: // is corrected
			x.add(i, other(actual), known)
			x.add(i, actual, known.Add(time.Hour))
		case 2: // is taken back
			x.add(i, actual, known)
			x.add(i, "", known.Add(time.Hour))
		default:
			x.add(i, actual, known)
		}
	}
	return rows
}

func other(class string) string {
	if class == "1" {
		return "0"
	}
	return "1"
}

func (x *row) add(n int, class string, at time.Time) {
	l := label.Label{PredictionID: fmt.Sprint("id-", n), Class: class, Retracted: class == "", Time: at, Weight: 1}
	x.labels = append(x.labels, l)
}

func (x *row) fill(s ptrace.Span) {
	answered(x.n, x.class, x.score)(s)
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(x.at))
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(x.at.Add(-time.Millisecond)))
	s.Attributes().PutStr("ml.segment.country", x.country)
}

// event is a prediction or a label that comes.
type event struct {
	row   int32
	label int32 // -1 is the prediction
}

// A random order of predictions, labels, corrections, retractions, repeats and orphans, with kills and
// saves between them, gives what is computed offline from the latest label of each prediction, to the
// digit. EVALUATION_ROWS=1000000 makes it a million.
func TestAnyOrderGivesWhatIsComputedOffline(t *testing.T) {
	n := 40_000
	if s := os.Getenv("EVALUATION_ROWS"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	r := rand.New(rand.NewPCG(12, 1))
	rows := rowsOf(r, n, time.Now().Add(-time.Minute))
	var events []event
	for i := range rows {
		for range 1 + r.IntN(10)/9 { // one of ten comes twice
			if rows[i].predicted {
				events = append(events, event{int32(i), -1})
			}
		}
		for k := range rows[i].labels {
			for range 1 + r.IntN(10)/9 {
				events = append(events, event{int32(i), int32(k)})
			}
		}
	}
	r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })

	c := newCollector(t, func(cfg *Config) {
		cfg.Limits.Predictions, cfg.Limits.Labels = 2*n+1000, 3*n+1000
		cfg.Misjudged.PerMinute = 0
	})
	began := time.Now()
	kills := 0
	for len(events) > 0 {
		size := min(1+r.IntN(2000), len(events))
		c.send(rows, events[:size])
		events = events[size:]
		switch r.IntN(8) {
		case 0:
			c.save()
		case 1:
			if kills < 12 {
				c.kill()
				kills++
			}
		}
	}
	took := time.Since(began)
	c.stop()
	got := c.emitted()
	compareOffline(t, got, "", rows, func(row) bool { return true })
	for _, country := range []string{"DE", "BR", "US"} {
		compareOffline(t, got, "country="+country, rows, func(x row) bool { return x.country == country })
	}
	require.Positive(t, kills)
	t.Logf("%d rows, %d kills: %s", n, kills, took)
}

// send sends the events in one request of spans and one of labels.
func (c *collector) send(rows []row, events []event) {
	td, ld := ptrace.NewTraces(), plog.NewLogs()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	logs := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, e := range events {
		x := &rows[e.row]
		if e.label < 0 {
			x.fill(spans.AppendEmpty())
		} else {
			x.labels[e.label].Encode(logs.AppendEmpty())
		}
	}
	if spans.Len() > 0 {
		c.spans(td)
	}
	if logs.Len() > 0 {
		c.sendLogs(ld)
	}
}

// compareOffline computes the measures of the rows from their latest labels, with accumulators that
// have seen nothing else, and compares all of them with the points.
func compareOffline(t *testing.T, got map[string]float64, segment string, rows []row, of func(row) bool) {
	confusion := evaluation.NewConfusion(50)
	bins := evaluation.DefaultBins
	prefix := "{model.version=7 "
	if segment != "" {
		bins = 50
		prefix += "segment=" + segment + " "
	}
	scores := evaluation.NewScores(bins)
	predicted, labelled := 0, 0
	for _, x := range rows {
		if !x.predicted || !of(x) {
			continue
		}
		predicted++
		if len(x.labels) == 0 || x.labels[len(x.labels)-1].Retracted {
			continue
		}
		labelled++
		actual := x.labels[len(x.labels)-1].Class
		confusion.Add(actual, x.class, 1)
		scores.Add(x.score, actual == "1", 1)
	}
	for _, actual := range []string{"0", "1"} {
		for _, answer := range []string{"0", "1"} {
			name := fmt.Sprintf("ml.evaluation.count%spredicted=%s actual=%s}", prefix, answer, actual)
			require.InDelta(t, confusion.Weight(actual, answer), got[name], 0, name)
		}
	}
	coverage := mlconv.MetricEvaluationCoverage + prefix[:len(prefix)-1] + "}"
	require.InDelta(t, float64(labelled)/float64(predicted), got[coverage], 0, coverage)
	all := append(confusion.Scores("1", 0.95), scores.Scores(0.95)...)
	require.NotEmpty(t, all)
	for _, s := range all {
		for bound, want := range map[string]float64{"point": s.Point, "lower": s.Lower, "upper": s.Upper} {
			name := fmt.Sprintf("ml.evaluation.score%skind=measured measure=%s bound=%s}", prefix, s.Measure, bound)
			v, there := got[name]
			require.True(t, there, name)
			require.InDelta(t, want, v, 1e-12, name)
		}
	}
}
