// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package placements

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var (
	start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	fraud = prediction.Identity{Name: "fraud", Version: "7", Environment: "production"}
)

func pod(n int) *prediction.Place {
	return &prediction.Place{Namespace: "shop", Pod: fmt.Sprintf("fraud-%d", n)}
}

// pods are the pods of a flush.
func pods(t *testing.T, s *Set, now time.Time) (names []string) {
	t.Helper()
	b := metricbuilder.New("test", "1", pmetric.AggregationTemporalityCumulative)
	points := s.Encode(b, now)
	for p := range testkit.Points(mlconv.MetricModelPlacement, b.Metrics()) {
		assert.Equal(t, 1.0, testkit.Number(p))
		v, _ := p.Attributes().Get(mlconv.AttrPodName)
		names = append(names, v.Str())
	}
	assert.Len(t, names, points)
	slices.Sort(names)
	return names
}

func find(t *testing.T, s *Set, n int, now time.Time) *Placement {
	t.Helper()
	p := s.Find(fraud, pod(n), now)
	require.NotNil(t, p)
	return p
}

// A placement ends five minutes after the flush that has seen it last, and begins anew when it is
// found again.
func TestPlacementsEnd(t *testing.T) {
	s := NewSet(10)
	first := find(t, s, 1, start)
	assert.Same(t, first, find(t, s, 1, start))
	find(t, s, 2, start)
	assert.Equal(t, []string{"fraud-1", "fraud-2"}, pods(t, s, start))
	assert.True(t, first.Mark())
	assert.Equal(t, []string{"fraud-1", "fraud-2"}, pods(t, s, start.Add(idle-time.Second)))
	assert.Equal(t, []string{"fraud-1"}, pods(t, s, start.Add(idle)))
	assert.Empty(t, pods(t, s, start.Add(2*idle)))
	assert.False(t, first.Mark())
	assert.Empty(t, pods(t, s, start.Add(2*idle)))
	find(t, s, 1, start.Add(2*idle))
	assert.Equal(t, []string{"fraud-1"}, pods(t, s, start.Add(2*idle)))
}

// In a full set a placement that was seen once gives way to one that comes again; none that was seen
// in two flushes does.
func TestFullSet(t *testing.T) {
	s := NewSet(2)
	now := start
	flush := func() []string {
		now = now.Add(15 * time.Second)
		return pods(t, s, now)
	}
	refused := func(n int) { assert.Nil(t, s.Find(fraud, pod(n), now), n) }
	find(t, s, 1, now)
	find(t, s, 2, now)
	refused(3)
	assert.Equal(t, []string{"fraud-1", "fraud-2"}, flush())
	find(t, s, 2, now)
	refused(4) // for the first time
	find(t, s, 3, now)
	assert.Equal(t, 1, s.TakeEvicted())
	assert.Equal(t, []string{"fraud-2", "fraud-3"}, flush())
	find(t, s, 3, now)
	refused(4) // all were seen twice, or just now
	assert.Equal(t, []string{"fraud-2", "fraud-3"}, flush())
	for range 18 {
		refused(4)
		flush()
	}
	refused(4)
	assert.Equal(t, []string{"fraud-3"}, flush(), "fraud-2 was not seen for five minutes")
	refused(5)
	find(t, s, 4, now)
	assert.Zero(t, s.TakeEvicted())
}

// 440 made-up pods a second take no place of a pod with a prediction a minute, and keep no new one out.
func TestMadeUpPods(t *testing.T) {
	s := NewSet(100)
	madeUp := 1000
	for tick := range 40 {
		now := start.Add(time.Duration(tick) * 15 * time.Second)
		for i := range 440 * 15 {
			madeUp++
			s.Find(fraud, pod(madeUp), now)
			switch {
			case i%100 == 99 && tick >= 20:
				s.Find(fraud, pod(2), now) // comes while they are made up
			case i == 0 && tick%4 == 0:
				if p := s.Find(fraud, pod(1), now); p == nil && tick > 8 {
					t.Errorf("tick %d: pod 1 is not there", tick)
				}
			}
		}
		seen := pods(t, s, now)
		assert.LessOrEqual(t, len(seen), 100)
		if tick > 8 {
			assert.Contains(t, seen, "fraud-1", tick)
		}
		if tick > 24 {
			assert.Contains(t, seen, "fraud-2", tick)
		}
	}
}

// A set may be used by many shards while it is flushed.
func TestConcurrent(t *testing.T) {
	s := NewSet(5)
	var work sync.WaitGroup
	for shard := range 4 {
		work.Go(func() {
			for i := range 1000 {
				if p := s.Find(fraud, pod(i%(5+shard)), start); p != nil {
					p.Mark()
				}
			}
		})
	}
	for range 100 {
		assert.LessOrEqual(t, len(pods(t, s, start)), 5)
	}
	work.Wait()
	assert.Len(t, pods(t, s, start), 5)
}
