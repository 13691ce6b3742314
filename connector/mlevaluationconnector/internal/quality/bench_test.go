// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// calibrated is a task with a calibration from scores that say what they mean.
func calibrated(positive string) Task {
	s := evaluation.NewScores(100)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		p := rnd.Float64()
		s.Add(p, rnd.Float64() < p, 1)
	}
	i, _ := evaluation.FitIsotonic(s)
	return Task{Kind: catalog.BinaryClassification, Positive: positive, Calibration: map[string]evaluation.Isotonic{positive: i}}
}

// drawn are answers over a time, with labels an hour or three days later.
func drawn(n, segments int, over time.Duration) ([]*answer.Answer, []*label.Label) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var answers []*answer.Answer
	var labels []*label.Label
	for i := range n {
		p := rnd.Float64()
		a := scored("7", over/time.Duration(n)*time.Duration(i), []string{"0", "1"}[int(p+0.5)], p)
		a.TraceID, a.SpanID = pcommon.TraceID{byte(i), byte(i >> 8), 1}, pcommon.SpanID{byte(i), byte(i >> 8), 1}
		for s := range segments {
			a.Segments = append(a.Segments, fmt.Sprintf("d%d=%d", s, i%3))
		}
		lag := time.Hour
		if i%4 == 0 {
			lag = 3 * day
		}
		class := "0"
		if rnd.Float64() < p {
			class = "1"
		}
		answers, labels = append(answers, a), append(labels, after(a, lag, class))
	}
	return answers, labels
}

func BenchmarkRow(b *testing.B) {
	now := monday.Add(30 * day)
	for _, task := range []string{"plain", "calibrated"} {
		for _, segments := range []int{0, 3} {
			e := New(Options{Maturity: day})
			if task == "calibrated" {
				e.SetTasks(func(prediction.Identity) Task { return calibrated("1") })
			}
			answers, labels := drawn(1<<12, segments, 14*day)
			for i, a := range answers {
				e.Predict(a, now)
				e.Label(a, labels[i])
			}
			run := func(what string, do func(int)) {
				b.Run(fmt.Sprintf("%s/%s/segments=%d", what, task, segments), func(b *testing.B) {
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						do(i & (1<<12 - 1))
					}
				})
			}
			run("predict", func(i int) { e.Predict(answers[i], now) })
			run("label", func(i int) { e.Label(answers[i], labels[i]) })
		}
	}
}

// An emission of two versions with a hundred segments each, of which the second is compared with the
// first.
func BenchmarkResults(b *testing.B) {
	now := monday.Add(30 * day)
	for name, task := range map[string]Task{"plain": {Kind: catalog.BinaryClassification, Positive: "1"}, "calibrated": calibrated("1")} {
		b.Run(name, func(b *testing.B) {
			e := New(Options{Maturity: day, Margins: map[evaluation.Measure]float64{evaluation.MeasureFPR: 0.005}})
			e.SetTasks(func(id prediction.Identity) Task {
				t := task
				if id.Version == "2" {
					t.Against = "1"
				}
				return t
			})
			rnd := rand.New(rand.NewPCG(1, 2))
			answers, labels := drawn(100_000, 0, 15*day)
			for i, a := range answers {
				a.Version = []string{"1", "2"}[i%2]
				a.Segments = []string{fmt.Sprint("d=", rnd.IntN(100))}
				e.Predict(a, now)
				e.Label(a, labels[i])
			}
			e.Advance(now)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = 0
				e.Results(func(*Result) { n++ })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/result")
		})
	}
}

// What a series takes is said in the README.
func TestMemoryOfASeries(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	now := monday.Add(30 * day)
	for _, c := range []struct {
		name string
		task Task
		rows int
	}{
		{"binary with scores", Task{Kind: catalog.BinaryClassification, Positive: "1"}, 20_000},
		{"binary with scores and estimates", calibrated("1"), 20_000},
		{"binary with scores, 20 rows a pane", Task{Kind: catalog.BinaryClassification, Positive: "1"}, 540},
		{"two classes", Task{Kind: catalog.Multiclass}, 20_000},
	} {
		for _, segments := range []int{0, 3} {
			e := New(Options{Maturity: day})
			e.SetTasks(func(prediction.Identity) Task { return c.task })
			answers, labels := drawn(c.rows, segments, 15*day+12*time.Hour)
			before := heap()
			for i, a := range answers {
				e.Predict(a, now)
				e.Label(a, labels[i])
			}
			e.Advance(now)
			groups := 0
			bytes, records := 0, 0
			for _, m := range e.models {
				for _, x := range m.members {
					groups += len(x.groups)
				}
			}
			used := heap() - before
			e.Snapshot(func(_ string, r []byte) { bytes += len(r); records++ })
			t.Logf("%s, %d rows, %d series: %d kB of memory, %d kB and %d records stored, for each", c.name, c.rows, groups, used/uint64(groups)/1000, bytes/groups/1000, records/groups)
			require.Positive(t, used)
			runtime.KeepAlive(answers)
			runtime.KeepAlive(labels)
			runtime.KeepAlive(e)
		}
	}
}
