// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func TestStats(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Stages: []catalog.Stage{{Name: "shards", MaxFailed: 1}, {Name: "train"}}}))
	assert.Empty(t, r.w.Stats(r.now))
	r.script.runs["b"] = line{stage: "train"}
	for n, outcome := range []run.Outcome{run.Success, run.Failure} {
		o := of{id: string(rune('a' + n)), trace: n, start: r.now.Add(-20 * time.Minute)}
		train := o.stage(2, "train", outcome, o.start, o.start.Add(10*time.Minute))
		train.RowsIn, train.RowsOut = 1000, int64(900+n)
		spans := []run.Span{train, o.stage(3, "report", run.Skip, o.start, o.start)}
		for i := range 3 {
			shard := o.stage(10+i, "shards", run.Success, o.start, o.start.Add(time.Duration(i+1)*time.Minute))
			shard.Instance, shard.RowsOut = fmt.Sprint(i), 100
			if i == 1 {
				shard.Outcome = run.Failure
			}
			spans = append(spans, shard)
		}
		r.observe(append(spans, o.root(outcome, o.start.Add(11*time.Minute)))...)
		r.pass(time.Hour)
	}
	stats := r.w.Stats(r.now)
	require.Len(t, stats, 1)
	s := stats[0]
	assert.Equal(t, run.Key{Job: "daily"}, s.Key)
	assert.Equal(t, map[run.Outcome]uint64{run.Success: 1, run.Failure: 1}, s.Runs)
	assert.Equal(t, map[alert.Severity]int{alert.Critical: 1}, s.Active)
	assert.Equal(t, day0.Add(-9*time.Minute), s.LastSuccess)
	assert.Equal(t, Histogram{Counts: counts(8, 2), Sum: 1320, Min: 660, Max: 660}, s.Duration)
	assert.Equal(t, []StageStats{
		{Name: "report", Outcomes: map[run.Outcome]uint64{run.Skip: 2}, RowsIn: -1, RowsOut: -1},
		{
			Name: "shards", Outcomes: map[run.Outcome]uint64{run.Success: 2}, RowsIn: -1, RowsOut: 300,
			Duration: Histogram{Counts: counts(6, 2), Sum: 360, Min: 180, Max: 180},
		},
		{
			Name: "train", Outcomes: map[run.Outcome]uint64{run.Success: 1, run.Failure: 1}, RowsIn: 1000, RowsOut: 901,
			Duration: Histogram{Counts: counts(7, 2), Sum: 1200, Min: 600, Max: 600},
		},
	}, s.Stages)

	// What was returned is the caller's.
	s.Runs[run.Success], s.Duration.Counts[8], s.Stages[0].Outcomes[run.Skip] = 99, 99, 99
	assert.Equal(t, uint64(1), r.w.Stats(r.now)[0].Runs[run.Success])
	assert.Equal(t, counts(8, 2), r.w.Stats(r.now)[0].Duration.Counts)
	assert.Equal(t, uint64(2), r.w.Stats(r.now)[0].Stages[0].Outcomes[run.Skip])
}

// Instances that the card asks for and that never came fail their stage in the metrics as they do
// in the alert.
func TestAbsentInstancesCountAsFailed(t *testing.T) {
	r := newRig(t, options(&catalog.Job{Name: "daily", Stages: []catalog.Stage{{Name: "shards", Instances: 3}}}))
	o := of{id: "a", start: r.now.Add(-20 * time.Minute)}
	var spans []run.Span
	for i := range 2 {
		shard := o.stage(10+i, "shards", run.Success, o.start, o.start.Add(time.Minute))
		shard.Instance = fmt.Sprint(i)
		spans = append(spans, shard)
	}
	r.observe(append(spans, o.root(run.Success, o.start.Add(2*time.Minute)))...)
	r.pass(time.Hour)
	assert.Equal(t, map[run.Outcome]uint64{run.Failure: 1}, r.w.Stats(r.now)[0].Stages[0].Outcomes)
}

// counts are those of a histogram with n values in one bucket.
func counts(bucket int, n uint64) []uint64 {
	c := make([]uint64, len(Bounds)+1)
	c[bucket] = n
	return c
}

// Values at a bound are in the bucket that ends there, as in OTLP.
func TestHistogram(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{-time.Second, 0, time.Second, time.Second + 1, 7 * 24 * time.Hour, 8 * 24 * time.Hour} {
		h.observe(d)
	}
	assert.Equal(t, uint64(3), h.Counts[0])
	assert.Equal(t, uint64(1), h.Counts[1])
	assert.Equal(t, uint64(1), h.Counts[len(Bounds)-1])
	assert.Equal(t, uint64(1), h.Counts[len(Bounds)])
	assert.Zero(t, h.Min)
	assert.Equal(t, 691200.0, h.Max)
}

// Batches come from several goroutines while another one ticks and emits.
func TestConcurrency(t *testing.T) {
	r := newRig(t, options())
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 100 {
				o := of{job: fmt.Sprintf("job-%d", n%7), id: fmt.Sprintf("run-%d", n), trace: n + 1, start: day0}
				spans := []run.Span{o.stage(10+g, fmt.Sprintf("stage-%d", g), run.Success, day0, day0.Add(time.Minute)), o.root(run.Success, day0.Add(time.Minute))}
				assert.NoError(t, r.w.Observe(context.Background(), day0.Add(time.Duration(n)*time.Second), spans))
				r.w.Alive(day0.Add(time.Duration(n)*time.Second), "fraud")
			}
		})
	}
	wg.Go(func() {
		for n := range 200 {
			now := day0.Add(time.Duration(n) * time.Second)
			assert.NoError(t, r.w.Tick(context.Background(), now))
			r.w.Due(now)
			r.w.Sent(now)
			r.w.Next()
			r.w.Stats(now)
			r.w.SelfStats()
		}
	})
	wg.Wait()
	r.now = day0.Add(10 * time.Minute)
	r.tick()
	assert.Equal(t, 100, r.w.SelfStats().ClosedRuns)
	assert.Equal(t, uint64(300), r.w.SelfStats().Duplicates, "the root of each run came four times")
	total := uint64(0)
	for _, s := range r.w.Stats(r.now) {
		total += s.Runs[run.Success]
		for _, stage := range s.Stages {
			assert.LessOrEqual(t, stage.Outcomes[run.Success], s.Runs[run.Success])
		}
	}
	assert.Equal(t, uint64(100), total)
}
