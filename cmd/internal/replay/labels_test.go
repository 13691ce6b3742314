// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/labels"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
)

// posted is a queue that keeps what it posts.
func posted(byClock bool) (*labelQueue, *[][]string) {
	requests := &[][]string{}
	return &labelQueue{byClock: byClock, post: func(_ context.Context, all []labels.Label) error {
		var ids []string
		for _, l := range all {
			ids = append(ids, l.PredictionID)
		}
		*requests = append(*requests, ids)
		return nil
	}}, requests
}

func TestLabelsWaitUntilTheyAreKnown(t *testing.T) {
	q, requests := posted(false)
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	add := func(id string, after time.Duration) { q.add(labels.Label{PredictionID: id, Time: start.Add(after)}) }
	add("c", 3*time.Hour)
	add("a", time.Hour)
	add("b", 90*time.Minute)
	require.NoError(t, q.advance(t.Context(), start.Add(59*time.Minute)))
	require.NoError(t, q.advance(t.Context(), start.Add(time.Hour)))
	assert.Empty(t, *requests, "others may come to fill a request")
	require.NoError(t, q.advance(t.Context(), start.Add(2*time.Hour)))
	assert.Equal(t, [][]string{{"a", "b"}}, *requests)
	require.NoError(t, q.finish(t.Context()))
	assert.Equal(t, [][]string{{"a", "b"}, {"c"}}, *requests)
	assert.Equal(t, 3, q.added)
}

func TestLabelsFillRequests(t *testing.T) {
	q, requests := posted(false)
	for range 2*labels.MaxBatch + 1 {
		q.add(labels.Label{})
	}
	require.NoError(t, q.advance(t.Context(), time.Time{}))
	require.Len(t, *requests, 2)
	assert.Len(t, (*requests)[0], labels.MaxBatch)
	require.NoError(t, q.finish(t.Context()))
	assert.Len(t, *requests, 3)

	q.post = func(context.Context, []labels.Label) error { return errors.New("full") }
	for range labels.MaxBatch {
		q.add(labels.Label{})
	}
	require.EqualError(t, q.advance(t.Context(), time.Time{}), "full")
}

// What will be known later than now is not posted in the time of the rows.
func TestLabelsOfTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, requests := posted(false)
		q.add(labels.Label{PredictionID: "b", Time: time.Now().Add(time.Second)})
		q.add(labels.Label{PredictionID: "a", Time: time.Now()})
		require.NoError(t, q.finish(t.Context()))
		assert.Equal(t, [][]string{{"a"}}, *requests)
	})
}

// By the clock each is posted when it is due, or at most a second later with others.
func TestLabelsByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, requests := posted(true)
		start := time.Now()
		var at []time.Duration
		post := q.post
		q.post = func(ctx context.Context, all []labels.Label) error {
			at = append(at, time.Since(start))
			return post(ctx, all)
		}
		for _, after := range []time.Duration{10 * time.Second, 10*time.Second + 400*time.Millisecond, 20 * time.Second, 11 * time.Second} {
			q.add(labels.Label{PredictionID: after.String(), Time: start.Add(after)})
		}
		require.NoError(t, q.finish(t.Context()))
		assert.Equal(t, [][]string{{"10s", "10.4s", "11s"}, {"20s"}}, *requests)
		assert.Equal(t, []time.Duration{11 * time.Second, 20 * time.Second}, at)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		q.add(labels.Label{Time: time.Now().Add(time.Hour)})
		require.ErrorIs(t, q.finish(ctx), context.DeadlineExceeded)
	})
}

func TestScoresOfClasses(t *testing.T) {
	spans, _ := replay(t, "a,b,x\n0.25,0.75,1\n,0.5,2\n,,3\n", Options{Model: "m", Probabilities: []baseline.Probability{{Class: "yes", Column: "b"}, {Class: "no", Column: "a"}}})
	var got []string
	for _, s := range spans {
		at := slices.IndexFunc(s.Attributes, func(kv attribute.KeyValue) bool { return kv.Key == "ml.prediction.scores" })
		if at < 0 {
			got = append(got, "")
			continue
		}
		got = append(got, s.Attributes[at].Value.AsString())
	}
	assert.Equal(t, []string{`{"no":0.25,"yes":0.75}`, `{"yes":0.5}`, ""}, got)
	assert.Len(t, spans[0].Attributes, 3, "model, scores and x: scores are no features")
}
