// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// traced is an answer whose trace and span have a number.
func traced(n byte, class string, segments ...string) *answer.Answer {
	a := scored("7", time.Duration(n)*time.Minute, class, float64(n)/100)
	a.TraceID, a.SpanID, a.Segments = pcommon.TraceID{15: n}, pcommon.SpanID{7: n}, segments
	return a
}

func numbers(list []Trace) (out []byte) {
	for _, t := range list {
		out = append(out, t.TraceID[15])
	}
	return out
}

func TestTraces(t *testing.T) {
	e := New(Options{Maturity: day})
	e.SetTasks(func(prediction.Identity) Task { return Task{Kind: catalog.BinaryClassification, Positive: "1"} })
	count := func(a *answer.Answer, class string) *label.Label {
		e.Predict(a, monday.Add(time.Hour))
		l := after(a, time.Hour, class)
		e.Label(a, l)
		return l
	}
	for n := byte(1); n <= 5; n++ {
		count(traced(n, "1", "country=BR"), "0")
	}
	count(traced(6, "0"), "0")
	last := traced(7, "1", "country=DE")
	taken := count(last, "0")
	count(scored("7", 8*time.Minute, "1", 0.5), "1") // without a trace

	e.Advance(monday.Add(3 * time.Hour))
	traces := func(segment, actual, predicted string) []Trace {
		for _, r := range results(e) {
			if r.Segment == segment && r.Kind == Measured {
				return r.Total.Traces(actual, predicted)
			}
		}
		require.Fail(t, "no series")
		return nil
	}
	assert.Equal(t, []byte{4, 5, 7}, numbers(traces("", "0", "1")), "the latest three false positives")
	assert.Equal(t, []byte{3, 4, 5}, numbers(traces("country=BR", "0", "1")))
	assert.Equal(t, []byte{7}, numbers(traces("country=DE", "0", "1")))
	assert.Equal(t, []byte{6}, numbers(traces("", "0", "0")))
	assert.Empty(t, traces("", "1", "1"))
	assert.Empty(t, traces("", "1", "0"), "no such rows")
	assert.Empty(t, traces("country=DE", "1", "1"))
	assert.Equal(t, Trace{
		TraceID: pcommon.TraceID{15: 7}, SpanID: pcommon.SpanID{7: 7}, Value: 0.07, Time: monday.Add(7*time.Minute + time.Hour).UnixNano(),
	}, traces("country=DE", "0", "1")[0])

	e.Unlabel(last, taken)
	e.Label(last, after(last, 2*time.Hour, "1"))
	assert.Equal(t, []byte{4, 5}, numbers(traces("", "0", "1")), "what is corrected is an example no longer")
	assert.Equal(t, []byte{7}, numbers(traces("", "1", "1")))
}

func TestTracesWithoutClasses(t *testing.T) {
	e := New(Options{Maturity: day})
	e.SetTasks(func(prediction.Identity) Task { return Task{Kind: catalog.Regression} })
	a := traced(1, "")
	a.HasScore, a.Value, a.HasValue = false, 17, true
	e.Predict(a, monday.Add(time.Hour))
	e.Label(a, &label.Label{Value: 18, HasValue: true, Weight: 1})
	e.Advance(monday.Add(3 * time.Hour))
	list := results(e)[0].Total.Traces("", "")
	assert.Equal(t, []Trace{{TraceID: a.TraceID, SpanID: a.SpanID, Time: a.Time, Value: 17}}, list, "the time of the answer, where the label has none")
}

func TestTracesAreBounded(t *testing.T) {
	total := &total{}
	total.measured.confusion = evaluation.NewConfusion(100)
	for i := range 100 {
		class := fmt.Sprint(i)
		total.measured.confusion.Add(class, class, 1)
		total.trace(&row{actual: class, predicted: class}, &Trace{TraceID: pcommon.TraceID{1}}, 1)
	}
	assert.Len(t, total.traces, tracedCells)
	assert.EqualValues(t, 128, unsafe.Sizeof(traces{}), "bytes of a cell, as the README says")
	var binary []traces
	for range 4 {
		binary = append(binary, make([]traces, 1)...)
	}
	assert.LessOrEqual(t, cap(binary), 4)
}
