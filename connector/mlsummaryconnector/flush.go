// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/cells"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
)

// flush delivers what is outstanding and then what was counted since: predictions, and features too where they
// are due or all is true. While a part cannot be delivered nothing new is cut.
//
//	counting ──cut──► outstanding ──delivered or refused for good──► gone
//	                    ▲      │
//	                    └──────┘ failed: the same part, with its number, at the next flush
func (c *summaryConnector) flush(ctx context.Context, all bool) {
	if c.flushing.acquire(ctx) {
		defer c.flushing.release()
		c.flushLocked(ctx, all)
	}
}

// flushEarly flushes everything because there is no room for more cells.
func (c *summaryConnector) flushEarly() {
	if c.flushing.acquire(c.ctx) {
		defer c.flushing.release()
		if c.budget.Spent() { // else another batch's early flush made room meanwhile
			c.flushLocked(c.ctx, true)
		}
	}
}

// flushLocked is flush for who has acquired flushing.
func (c *summaryConnector) flushLocked(ctx context.Context, all bool) {
	if c.closed {
		return
	}
	if !c.deliver(ctx) {
		return
	}
	now := time.Now()
	features := all || !now.Before(c.featuresDue)
	if features {
		c.featuresDue = now.Add(c.cfg.FeatureFlushInterval)
	}
	taken := c.take(features, now)
	if c.cumulative != nil {
		c.flushCumulative(ctx, taken, now)
	} else {
		sums := cells.NewSums()
		for _, t := range taken {
			sums.Add(t, false)
		}
		c.outstanding = c.delta.Cut(sums)
		c.deliver(ctx)
	}
	c.telemetry.cells(ctx, c.budget.Live())
}

// take takes the cells of all shards, at one moment. With features, nothing is counted at that moment, so that tables can give
// places away; the tables of cumulative series only those of models.
func (c *summaryConnector) take(features bool, now time.Time) []cells.Taken {
	for _, s := range c.shards {
		s.mu.Lock()
	}
	taken := make([]cells.Taken, 0, len(c.shards))
	for _, s := range c.shards {
		t := s.counter.TakeCells(features)
		t.Touch(now.Unix())
		taken = append(taken, t)
	}
	changed := c.registry.Switched()
	if features {
		changed = c.registry.MakeRoom(now, c.cumulative != nil) || changed
	}
	for _, s := range c.shards {
		if changed {
			s.counter.Forget()
		}
		c.refresh(s)
		s.mu.Unlock()
	}
	return taken
}

// deliver sends the outstanding parts in order, until one fails.
func (c *summaryConnector) deliver(ctx context.Context) bool {
	for len(c.outstanding) > 0 {
		part := c.outstanding[0]
		md, points := part.Metrics()
		if !c.send(ctx, func() error { return c.next.ConsumeMetrics(ctx, md) }, points, part.Sequence) {
			c.blocked.Store(true)
			return false
		}
		c.outstanding[0] = nil
		c.outstanding = c.outstanding[1:]
	}
	c.outstanding = nil
	c.blocked.Store(false)
	return true
}

// send returns false where the points should be sent again.
func (c *summaryConnector) send(ctx context.Context, consume func() error, points int, sequence int64) bool {
	err := consume()
	switch {
	case err == nil:
		c.telemetry.flushes(ctx, outcomeSent, 1)
		c.telemetry.points(ctx, int64(points))
	case consumererror.IsPermanent(err):
		c.logger.Error("A flush was refused for good and is dropped",
			zap.Int64("sequence", sequence), zap.Int("points", points), zap.Error(err))
		c.telemetry.flushes(ctx, outcomeDropped, 1)
	default:
		c.logger.Warn("A flush failed and is kept for the next one",
			zap.Int64("sequence", sequence), zap.Int("points", points), zap.Error(err))
		c.telemetry.flushes(ctx, outcomeFailed, 1)
		return false
	}
	return true
}

// flushCumulative adds what was taken and sends the state. A state that fails is not kept: the next one contains it.
func (c *summaryConnector) flushCumulative(ctx context.Context, taken []cells.Taken, now time.Time) {
	for _, t := range taken {
		c.cumulative.Add(t)
	}
	current := func(m *series.Model) bool { return c.registry.Current(m) }
	md, points := c.cumulative.Metrics(pcommon.NewTimestampFromTime(now), current)
	if points > 0 {
		c.send(ctx, func() error { return c.next.ConsumeMetrics(ctx, md) }, points, 0)
	}
}

// semaphore is a mutex that is waited for no longer than a context lasts. Its capacity is 1.
type semaphore chan struct{}

// acquire returns false where the semaphore is taken until ctx ends.
func (s semaphore) acquire(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	default:
	}
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s semaphore) release() { <-s }
