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
	p, full := s.Find(fraud, pod(n), now)
	require.False(t, full)
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

// In a full set the placement that was not seen for longest gives way, but none that was seen since the
// last flush.
func TestFullSet(t *testing.T) {
	s := NewSet(2)
	old := find(t, s, 1, start)
	_, full := s.Find(fraud, pod(2), start.Add(time.Second))
	assert.False(t, full)
	p, full := s.Find(fraud, pod(3), start.Add(time.Second))
	assert.True(t, full)
	assert.Nil(t, p)
	assert.Equal(t, []string{"fraud-1", "fraud-2"}, pods(t, s, start.Add(2*time.Second)))

	find(t, s, 2, start.Add(3*time.Second))
	p, full = s.Find(fraud, pod(3), start.Add(3*time.Second))
	assert.True(t, full)
	assert.NotNil(t, p)
	assert.False(t, old.Mark())
	p, full = s.Find(fraud, pod(4), start.Add(3*time.Second))
	assert.True(t, full)
	assert.Nil(t, p)
	assert.Equal(t, []string{"fraud-2", "fraud-3"}, pods(t, s, start.Add(4*time.Second)))
}

// A set may be used by many shards while it is flushed.
func TestConcurrent(t *testing.T) {
	s := NewSet(5)
	var work sync.WaitGroup
	for shard := range 4 {
		work.Go(func() {
			for i := range 1000 {
				if p, _ := s.Find(fraud, pod(i%(5+shard)), start); p != nil {
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
