// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// at is the end of the first window.
const at = 1_795_345_200

// result is a window of an hour in which a feature drifts.
func result(name string, end int64) drift.Result {
	r := drift.Result{
		Key: drift.Key{
			Environment: "production", Model: "fraud", Version: "7", Role: "shadow", Segment: "country=BR", Subject: drift.Feature, Name: name,
		},
		Reference: drift.Baseline, Start: end - 3600, End: end, Samples: 4790, ReferenceSamples: 10_000, Effective: 3100.5, Since: end - 7200,
		Verdict: drift.Drift, Growth: &drift.Growth{Kind: drift.Range, Low: 76.9, High: 100, Now: 0.22, Before: 0.1},
		Change:    change.Change{Kind: change.Shift, Text: "shift: mean 12 → 15"},
		Scores:    []drift.Score{{Method: "chi2", Score: 127, PValue: 1e-12, Effect: 0.22, Threshold: 0.1}},
		Exemplars: []drift.Exemplar{{TraceID: [16]byte{0xab}, SpanID: [8]byte{0xcd}}, {TraceID: [16]byte{0xef}, SpanID: [8]byte{1}}},
	}
	r.Exemplar = &r.Exemplars[0]
	return r
}

func unranked(*drift.Key, string) int { return 0 }

// next are the records that wait, as they are sent.
func next(e *Records) plog.LogRecordSlice {
	out := plog.NewLogRecordSlice()
	e.Next(time.Unix(at+180, 0), out)
	return out
}

// names are the features of the records that wait, with their verdicts.
func names(e *Records) (out []string) {
	for _, lr := range next(e).All() {
		name, _ := lr.Attributes().Get(mlconv.AttrFeatureName)
		verdict, _ := lr.Attributes().Get(mlconv.AttrDriftVerdict)
		out = append(out, name.Str()+" "+verdict.Str())
	}
	return out
}

func TestRecord(t *testing.T) {
	e := New(20)
	r := result("amount", at)
	e.Add([]drift.Result{r}, nil, func(k *drift.Key, reference string) int {
		assert.Equal(t, r.Key, *k)
		assert.Equal(t, drift.Baseline, reference)
		return 3
	})
	require.Equal(t, 1, e.Len())
	lr := next(e).At(0)
	assert.Equal(t, "ml.drift.evidence", lr.EventName())
	assert.Equal(t, time.Unix(at, 0).UTC(), lr.Timestamp().AsTime())
	assert.Equal(t, time.Unix(at+180, 0).UTC(), lr.ObservedTimestamp().AsTime())
	assert.Equal(t, plog.SeverityNumberWarn, lr.SeverityNumber())
	assert.Equal(t, "WARN", lr.SeverityText())
	assert.Equal(t, "model fraud 7 (shadow, production), country=BR: amount drifts (Cramér's V 0.22 over 0.1, n = 4,790): "+
		"shift: mean 12 → 15; 76.9–100 is 22 % of the values, was 10 %", lr.Body().Str())
	assert.Equal(t, pcommon.TraceID{0xab}, lr.TraceID())
	assert.Equal(t, pcommon.SpanID{0xcd}, lr.SpanID())
	uid, _ := lr.Attributes().Get(mlconv.AttrLogRecordUID)
	assert.Regexp(t, "^[0-9a-f]{32}$", uid.Str())
	assert.Equal(t, map[string]any{
		"log.record.uid": uid.Str(), "deployment.environment.name": "production", "ml.model.name": "fraud", "ml.model.version": "7",
		"ml.model.role": "shadow", "ml.segment": "country=BR", "ml.feature.name": "amount", "ml.drift.subject": "feature",
		"ml.drift.reference": "baseline", "ml.drift.verdict": "drift", "ml.drift.method": "chi2", "ml.drift.score": 127.0,
		"ml.drift.effect": 0.22, "ml.drift.threshold": 0.1, "ml.drift.p_value": 1e-12, "ml.drift.samples": int64(4790),
		"ml.drift.effective_samples": 3100.5, "ml.drift.reference_samples": int64(10_000), "ml.drift.rank": int64(3), "ml.drift.kind": "shift",
		"ml.drift.since": "2026-11-22T09:00:00Z", "ml.drift.window.start": "2026-11-22T10:00:00Z", "ml.drift.window.end": "2026-11-22T11:00:00Z",
		"ml.drift.window.duration": int64(3600),
		"ml.drift.trace_ids":       []any{"ab000000000000000000000000000000", "ef000000000000000000000000000000"},
	}, lr.Attributes().AsRaw())

	// Whoever judges the same window says it under the same id, and no other one.
	ids := map[string]bool{}
	for _, other := range []drift.Result{r, result("amount", at+3600), result("country", at)} {
		one := New(1)
		one.Add([]drift.Result{other}, nil, unranked)
		id, _ := next(one).At(0).Attributes().Get(mlconv.AttrLogRecordUID)
		ids[id.Str()] = true
	}
	assert.Len(t, ids, 3)
	assert.Contains(t, ids, uid.Str())
}

// What has no numbers, no traces and no place has a record without them.
func TestRecordOfAnEnd(t *testing.T) {
	e := New(1)
	r := drift.Result{Key: drift.Key{Model: "fraud", Subject: drift.Confidence}, Reference: drift.Champion, End: at, Verdict: drift.Insufficient, Samples: 12}
	e.Add(nil, []drift.Change{{Result: r, From: drift.Drift}}, func(*drift.Key, string) int { return 1 })
	lr := next(e).At(0)
	assert.Equal(t, plog.SeverityNumberInfo, lr.SeverityNumber())
	assert.Equal(t, "model fraud: the confidence has too few values for a verdict (n = 12)", lr.Body().Str())
	assert.True(t, lr.TraceID().IsEmpty())
	for _, name := range []string{mlconv.AttrDriftMethod, mlconv.AttrDriftScore, mlconv.AttrDriftRank, mlconv.AttrDriftTraceIDs, mlconv.AttrDriftSince, mlconv.AttrSegment} {
		_, ok := lr.Attributes().Get(name)
		assert.False(t, ok, name)
	}
}

// There is a record for each window that shows a drift, once, and for each end of one; not for a
// window of a drift that does not show it, nor for what has another verdict.
func TestWindowsThatHaveARecord(t *testing.T) {
	begun, goes, calm, fine, ended, other := result("begun", at), result("goes", at), result("calm", at), result("fine", at), result("ended", at), result("other", at)
	calm.Growth = nil
	fine.Verdict, ended.Verdict, other.Verdict = drift.OK, drift.OK, drift.OK
	e := New(20)
	e.Add([]drift.Result{goes, begun, calm, fine, ended, other}, []drift.Change{
		{Result: ended, From: drift.Drift}, {Result: begun, From: drift.OK}, {Result: other, From: drift.Insufficient},
	}, unranked)
	assert.Equal(t, []string{"begun drift", "ended ok", "goes drift"}, names(e))
	assert.Zero(t, e.TakeOverflow())

	none := New(0)
	none.Add([]drift.Result{goes}, nil, unranked)
	assert.Zero(t, none.Len())
}

// A window has at most so many records: of what has changed, then of what matters most. Windows that
// end at another time, and other models, have their own.
func TestPerWindow(t *testing.T) {
	rank := func(k *drift.Key, _ string) int { return map[string]int{"a": 3, "b": 1, "c": 2}[k.Name] }
	e := New(3)
	list := []drift.Result{result("a", at), result("b", at), result("c", at), result("d", at), result("a", at-3600), result("a", at)}
	list[5].Key.Model = "churn"
	e.Add(list, []drift.Change{{Result: list[3], From: drift.OK}}, rank)
	assert.Equal(t, []string{"a drift", "d drift", "b drift", "c drift", "a drift"}, names(e), "the window before, then what is new, then the others of both models")
	assert.Equal(t, 1, e.TakeOverflow())
	assert.Zero(t, e.TakeOverflow())
}

// More than there is room for are the newest; a request has a bound.
func TestWaiting(t *testing.T) {
	e := New(1)
	for i := range maxWaiting + 5 {
		e.Add([]drift.Result{result(fmt.Sprint("f", i), at)}, nil, unranked)
	}
	assert.Equal(t, maxWaiting, e.Len())
	assert.Equal(t, 5, e.TakeLost())
	assert.Equal(t, "f5 drift", names(e)[0])
	require.Equal(t, perRequest, next(e).Len())
	e.Done(perRequest)
	assert.Equal(t, fmt.Sprintf("f%d drift", 5+perRequest), names(e)[0])
	assert.Zero(t, e.TakeLost())
}

func TestSaved(t *testing.T) {
	e := New(20)
	_, changed, err := e.EncodeChanged()
	require.NoError(t, err)
	assert.False(t, changed)

	e.Add([]drift.Result{result("a", at), result("b", at)}, nil, unranked)
	assert.True(t, e.Unsaved())
	data, changed, err := e.EncodeChanged()
	require.NoError(t, err)
	assert.True(t, changed)
	assert.False(t, e.Unsaved())
	_, changed, _ = e.EncodeChanged()
	assert.False(t, changed)

	again := New(20)
	saved := data
	require.NoError(t, again.Decode(saved))
	assert.Equal(t, next(e), next(again))
	_, changed, _ = again.EncodeChanged()
	assert.False(t, changed, "it is what the storage has")

	again.Done(2)
	data, changed, err = again.EncodeChanged()
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Empty(t, data)

	// Who wants no records any more forgets those that are saved.
	off := New(0)
	require.NoError(t, off.Decode(saved))
	assert.Zero(t, off.Len())
	data, changed, err = off.EncodeChanged()
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Empty(t, data)
	assert.Error(t, off.Decode([]byte("no records")))
}
