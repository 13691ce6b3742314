// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func answered(n int, class string, score float64) func(ptrace.Span) {
	return span(n, map[string]any{mlconv.AttrPredictionClass: class, mlconv.AttrPredictionScore: score, "ml.segment.country": "DE"})
}

// counts are the cells of the confusion matrix of a total.
func counts(points map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for name, v := range points {
		if cell, ok := strings.CutPrefix(name, "ml.evaluation.count{model.version=7 predicted="); ok {
			out[strings.TrimSuffix(cell, "}")] = v
		}
	}
	return out
}

func TestPredictionsMeetLabels(t *testing.T) {
	c := newCollector(t, nil)
	c.label(truthOf(1, "1"), truthOf(2, "0"))
	c.predict(answered(1, "1", 0.9), answered(2, "1", 0.6), answered(3, "0", 0.2), answered(4, "0", 0.4), answered(5, "0", 0.4))
	c.label(truthOf(3, "0"), truthOf(4, "1"))
	c.stop()
	got := c.emitted()
	assert.Equal(t, map[string]float64{"1 actual=1": 1, "1 actual=0": 1, "0 actual=0": 1, "0 actual=1": 1}, counts(got))
	for name, want := range map[string]float64{
		"ml.evaluation.score{model.version=7 kind=measured measure=accuracy bound=point}":                    0.5,
		"ml.evaluation.score{model.version=7 kind=measured measure=roc_auc bound=point}":                     0.75,
		"ml.evaluation.score{model.version=7 kind=measured measure=fpr bound=point}":                         0.5,
		"ml.evaluation.score{model.version=7 segment=country=DE kind=measured measure=recall bound=point}":   0.5,
		"ml.evaluation.samples{model.version=7 kind=measured measure=recall}":                                2,
		"ml.evaluation.coverage{model.version=7}":                                                            0.8,
		"ml.evaluation.score{model.version=7 segment=country=DE kind=measured measure=log_loss bound=point}": 0.5402713826800865,
	} {
		assert.InDelta(t, want, got[name], 1e-12, name)
	}
}

// The counts of the confusion matrix name answers: up to three of each cell.
func TestCountsNameAnswers(t *testing.T) {
	c := newCollector(t, nil)
	for n := range 5 {
		c.predict(answered(n, "1", float64(n)/10))
		c.label(truthOf(n, "0"))
	}
	c.stop()
	series := 0
	for m := range testkit.Metrics(c.metrics.AllMetrics()[len(c.metrics.AllMetrics())-1]) {
		if m.Name() != mlconv.MetricEvaluationCount {
			continue
		}
		for _, p := range m.Sum().DataPoints().All() {
			series++
			require.Equal(t, 3, p.Exemplars().Len(), p.Attributes().AsRaw())
			for i, x := range p.Exemplars().All() {
				assert.Equal(t, pcommon.TraceID{0: 1, 15: byte(2 + i)}, x.TraceID())
				assert.Equal(t, pcommon.SpanID{0: 1, 7: byte(2 + i)}, x.SpanID())
				assert.InDelta(t, float64(2+i)/10, x.DoubleValue(), 0)
				assert.NotZero(t, x.Timestamp())
			}
		}
	}
	assert.Equal(t, 2, series, "the total, and country=DE")
}

func TestCorrectionsMoveCounts(t *testing.T) {
	c := newCollector(t, nil)
	now := time.Now().Truncate(time.Second)
	at := func(class string, minutes int) label.Label {
		l := truthOf(1, class)
		l.Time = now.Add(time.Duration(minutes-100) * time.Minute)
		return l
	}
	c.predict(answered(1, "1", 0.9))
	c.label(at("0", 1))
	c.label(at("1", 3))
	c.label(at("0", 2)) // is older than what is known
	c.stop()
	assert.Equal(t, map[string]float64{"1 actual=1": 1}, counts(c.emitted()))

	c.start()
	retracted := at("", 4)
	retracted.Retracted = true
	c.label(retracted)
	c.stop()
	assert.Empty(t, counts(c.emitted()))
}

// A kill costs nothing that was taken: not what came after the last save, nor what waits.
func TestKill(t *testing.T) {
	c := newCollector(t, nil)
	c.predict(answered(1, "1", 0.9), answered(2, "0", 0.1))
	c.label(truthOf(1, "1"))
	c.save()
	c.predict(answered(3, "0", 0.3))
	c.label(truthOf(3, "1"), truthOf(4, "0"))
	c.kill()
	c.predict(answered(4, "0", 0.2), answered(1, "1", 0.9))
	c.label(truthOf(2, "0"))
	c.kill()
	c.stop()
	assert.Equal(t, map[string]float64{"1 actual=1": 1, "0 actual=1": 1, "0 actual=0": 2}, counts(c.emitted()))
}

func TestDamagedRecordsAreSaid(t *testing.T) {
	c := newCollector(t, nil)
	c.predict(answered(1, "1", 0.9))
	c.predict(answered(2, "1", 0.9))
	c.label(truthOf(1, "1"), truthOf(2, "1"))
	c.storage.Put(recordKey(1), []byte("damaged"))
	left := c.storage.Copy()
	c.stop()
	c.storage = left
	c.start()
	assert.Equal(t, 1, c.said.FilterMessageSnippet("its predictions and labels are lost").Len())
	c.stop()
	assert.Equal(t, map[string]float64{"1 actual=1": 1}, counts(c.emitted()))
}

// Where the storage refuses, what came in is not acknowledged, and said. What is sent again, to this
// process or to one after a kill, counts once.
func TestStorageThatRefuses(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprint("killed ", killed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCollector(t, nil)
				c.storage.Fail(errors.New("the disk is full"))
				spans, labels := predictions(answered(1, "1", 0.9)), records(truthOf(1, "1"))
				refused := func() {
					t.Helper()
					for _, err := range []error{c.traces[0].ConsumeTraces(t.Context(), spans), c.logs[0].ConsumeLogs(t.Context(), labels)} {
						require.ErrorContains(t, err, "the disk is full")
						require.False(t, consumererror.IsPermanent(err), "its sender tries again")
					}
				}
				refused()
				refused()
				assert.Equal(t, 1, c.said.FilterMessageSnippet("would be lost by a kill").Len())
				testkit.Advance(againAfter)
				refused()
				if killed {
					left := c.storage.Copy()
					c.stop()
					c.storage = left
					c.start()
				} else {
					c.storage.Fail(nil)
					testkit.Advance(againAfter)
				}
				for range 2 {
					require.NoError(t, c.traces[0].ConsumeTraces(t.Context(), spans))
					require.NoError(t, c.logs[0].ConsumeLogs(t.Context(), labels))
				}
				c.kill()
				c.stop()
				assert.Equal(t, map[string]float64{"1 actual=1": 1}, counts(c.emitted()))
			})
		})
	}
}

// With accept, what the storage does not take is acknowledged, and written when it does.
func TestStorageThatRefusesAndNobodyIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, func(cfg *Config) { cfg.OnStorageFailure = storageclient.Accept })
		c.storage.Fail(errors.New("the disk is full"))
		c.predict(answered(1, "1", 0.9))
		c.storage.Fail(nil)
		testkit.Advance(againAfter)
		c.label(truthOf(1, "1"))
		c.kill()
		c.stop()
		assert.Equal(t, map[string]float64{"1 actual=1": 1}, counts(c.emitted()))
	})
}

// After a write that failed no request is written, and none has a number, until a save is through: a start
// looks for records in a row.
func TestRecordsHaveNoGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCollector(t, nil)
		c.storage.Fail(errors.New("the disk is full"))
		for n := range 2 * maxGap {
			require.Error(t, c.traces[0].ConsumeTraces(t.Context(), predictions(answered(n, "1", 0.9))))
		}
		assert.LessOrEqual(t, c.state().store.next, uint64(1))
		c.storage.Fail(nil)
		testkit.Advance(againAfter)
		c.predict(answered(2*maxGap, "1", 0.9), answered(2*maxGap+1, "1", 0.9))
		c.predict(answered(2*maxGap, "1", 0.9))
		assert.LessOrEqual(t, c.state().store.next, uint64(2))
		c.kill()
		c.label(truthOf(1, "1"), truthOf(2*maxGap, "1"))
		c.stop()
		assert.Equal(t, map[string]float64{"1 actual=1": 2}, counts(c.emitted()))
	})
}

// A start reads all records, many at once, also those after some that were being written when the process was
// killed.
func TestRecordsAreReadOverGaps(t *testing.T) {
	c := newCollector(t, nil)
	const requests = 5 * readAhead
	for n := range requests {
		c.predict(answered(n, "1", 0.9))
	}
	client := c.storage.Client(t)
	for n := 10; n < 10+2*readAhead; n++ {
		require.NoError(t, client.Delete(t.Context(), recordKey(uint64(n))))
	}
	require.NoError(t, client.Close(t.Context()))
	c.kill()
	assert.EqualValues(t, requests, c.state().store.next)
	for n := range requests {
		c.label(truthOf(n, "1"))
	}
	c.stop()
	assert.Equal(t, map[string]float64{"1 actual=1": requests - 2*readAhead}, counts(c.emitted()))
}

func TestMisjudgedGoOnAsRecords(t *testing.T) {
	c := newCollector(t, func(cfg *Config) { cfg.Misjudged.PerMinute = 2 })
	for n := range 5 {
		c.predict(answered(n, "1", 0.9))
		c.label(truthOf(n, []string{"1", "0"}[min(n, 1)]))
	}
	c.stop()
	var got []plog.LogRecord
	for lr := range testkit.LogRecords(c.records.AllLogs()...) {
		got = append(got, lr)
	}
	require.Len(t, got, 2)
	assert.Equal(t, mlconv.EventMisjudged, got[0].EventName())
	assert.Equal(t, pcommon.SpanID{0: 1, 7: 1}, got[0].SpanID())
	assert.Equal(t, map[string]any{
		mlconv.AttrModelName: "fraud", mlconv.AttrModelVersion: "7", mlconv.AttrEvaluationPredicted: "1", mlconv.AttrEvaluationActual: "0",
		mlconv.AttrPredictionScore: 0.9, "ml.segment.country": "DE",
	}, got[0].Attributes().AsRaw())
}

func TestWhatEvaluatorsSay(t *testing.T) {
	c := newCollector(t, nil)
	call := func(n int, more func(ptrace.Span)) func(ptrace.Span) {
		return func(s ptrace.Span) {
			span(n, map[string]any{mlconv.AttrGenAIOperation: "chat", mlconv.AttrGenAIInputTokens: 7, mlconv.AttrGenAIOutputTokens: 1})(s)
			if more != nil {
				more(s)
			}
		}
	}
	evaluation := func(m pcommon.Map, score float64, word string) {
		m.PutStr(mlconv.AttrGenAIEvaluationName, "relevance")
		m.PutDouble(mlconv.AttrGenAIEvaluationScore, score)
		m.PutStr(mlconv.AttrGenAIEvaluationLabel, word)
	}
	c.predict(call(1, func(s ptrace.Span) {
		e := s.Events().AppendEmpty()
		e.SetName(mlconv.EventGenAIEvaluation)
		evaluation(e.Attributes(), 0.5, "pass")
	}), call(2, nil))

	ld := plog.NewLogs()
	all := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	record := func(n int, fill func(pcommon.Map)) {
		lr := all.AppendEmpty()
		lr.SetEventName(mlconv.EventGenAIEvaluation)
		lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		lr.SetTraceID(pcommon.TraceID{0: 1, 15: byte(n)})
		lr.SetSpanID(pcommon.SpanID{0: 1, 7: byte(n)})
		fill(lr.Attributes())
	}
	record(2, func(m pcommon.Map) { evaluation(m, 1, "pass") })
	record(9, func(m pcommon.Map) { evaluation(m, 0.25, "fail") }) // of a span that comes later
	record(8, func(m pcommon.Map) { evaluation(m, 0.75, "fail") }) // of a span that never comes
	record(1, func(m pcommon.Map) {
		m.PutStr(mlconv.AttrGenAIEvaluationName, "toxicity")
		m.PutStr(mlconv.AttrErrorType, "timeout")
	})
	c.sendLogs(ld)
	c.predict(call(9, nil))
	// A thumb is no class that an answer can be compared with.
	thumb := truthOf(2, "up")
	thumb.Source = "helpdesk"
	c.label(thumb)
	c.stop()
	got := c.emitted()
	for name, want := range map[string]float64{
		"ml.evaluator.score{model.version=7 gen_ai.evaluation.name=relevance bound=point}":                        (0.5 + 1 + 0.25) / 3,
		"ml.evaluator.samples{model.version=7 gen_ai.evaluation.name=relevance}":                                  3,
		"ml.evaluator.count{model.version=7 gen_ai.evaluation.name=relevance gen_ai.evaluation.score.label=pass}": 2,
		"ml.evaluator.count{model.version=7 gen_ai.evaluation.name=relevance gen_ai.evaluation.score.label=fail}": 1,
		"ml.evaluator.score{gen_ai.evaluation.name=relevance bound=point}":                                        0.75,
		"ml.evaluator.count{model.version=7 gen_ai.evaluation.name=toxicity error.type=timeout}":                  1,
		"ml.evaluator.count{model.version=7 gen_ai.evaluation.name=helpdesk gen_ai.evaluation.score.label=up}":    1,
	} {
		v, there := got[name]
		assert.True(t, there, name)
		assert.InDelta(t, want, v, 1e-12, name)
	}
	if t.Failed() {
		t.Log(strings.Join(slices.Sorted(maps.Keys(got)), "\n"))
	}
}

func TestShadowModels(t *testing.T) {
	c := newCollector(t, nil)
	role := func(n, trace int, version, role, class string, score float64) func(ptrace.Span) {
		return func(s ptrace.Span) {
			answered(n, class, score)(s)
			s.SetTraceID(pcommon.TraceID{0: 2, 15: byte(trace)})
			s.Attributes().PutStr(mlconv.AttrModelVersion, version)
			s.Attributes().PutStr(mlconv.AttrModelRole, role)
		}
	}
	c.predict(role(1, 1, "7", "primary", "1", 0.9), role(2, 1, "8", "shadow", "1", 0.7))
	c.predict(role(3, 2, "8", "shadow", "0", 0.3))
	c.predict(role(4, 2, "7", "primary", "1", 0.6))
	c.stop()
	got := c.emitted()
	for name, want := range map[string]float64{
		"ml.shadow.count{model.version=7 shadow.version=8 predicted=1 shadow.class=1}":                       1,
		"ml.shadow.count{model.version=7 shadow.version=8 predicted=1 shadow.class=0}":                       1,
		"ml.shadow.score{model.version=7 shadow.version=8 measure=agreement bound=point}":                    0.5,
		"ml.shadow.score{model.version=7 shadow.version=8 measure=score_difference bound=point}":             -0.25,
		"ml.shadow.score{model.version=7 segment=country=DE shadow.version=8 measure=agreement bound=point}": 0.5,
		"ml.shadow.samples{model.version=7 shadow.version=8 measure=agreement}":                              2,
	} {
		v, there := got[name]
		assert.True(t, there, name)
		assert.InDelta(t, want, v, 1e-12, name)
	}
	if t.Failed() {
		t.Log(strings.Join(slices.Sorted(maps.Keys(got)), "\n"))
	}
}

func TestNoPointIsNotANumber(t *testing.T) {
	c := newCollector(t, nil)
	c.predict(answered(1, "0", 0.1))
	c.label(truthOf(1, "0"))
	c.stop()
	for name, v := range c.emitted() {
		assert.False(t, math.IsNaN(v) || math.IsInf(v, 0), name)
	}
	assert.NotEmpty(t, c.emitted())
}
