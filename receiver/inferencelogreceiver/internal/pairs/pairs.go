// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package pairs brings requests and responses together that come in different HTTP requests, and
// passes them on.
//
//	events of a request ──► RequestBatch.Add ──► join ──┬─► met ──► RequestBatch.Send ──► Send
//	                                                    ├─► evicted ──► emitUnpaired ───────┤
//	                                      Sweep, Drain ─┴─► expired ──► emitUnpaired ───────┘
//
// What the pipeline has no room for waits again, but for the sides that came last, which their
// sender sends again.
package pairs

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/join"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
)

// sweepSize is the largest number of calls that leave in one request to the pipeline.
const sweepSize = 500

// Cause is why one side of a call left without the other one.
type Cause uint8

// The causes.
const (
	// Timeout is that it has waited long enough.
	Timeout Cause = iota
	// Evicted is that it gave way to others.
	Evicted
	// Shutdown is that the collector stops.
	Shutdown
	// Lost is that the pipeline did not take it.
	Lost
	// NumCauses is how many there are.
	NumCauses
)

// Observer counts what happens to sides.
type Observer interface {
	// Unpaired counts sides that left without the other one; n may be 0.
	Unpaired(ctx context.Context, why Cause, n int)
	// Waiting says how many sides wait, and what they take in memory, in bytes.
	Waiting(ctx context.Context, sides, bytes int)
}

// Options bound Pairs, and say what is done with what leaves.
type Options struct {
	// Timeout is how long one side waits for the other; 0 makes each side a call of its own.
	Timeout time.Duration
	// Keys and Bytes bound what waits. As many sides as Keys are remembered, to know one that is
	// delivered again.
	Keys, Bytes int
	// DropUnpaired drops sides without the other one.
	DropUnpaired bool
	// Send passes calls on.
	Send     func(ctx context.Context, calls []call.Pair) error
	Observer Observer
	Logger   *zap.Logger
}

// Pairs holds the sides that wait. It is safe for concurrent use.
type Pairs struct {
	options Options
	join    *call.Join
}

// New returns empty pairs.
func New(options Options) *Pairs {
	return &Pairs{options: options, join: join.New(join.Options[call.Key, *call.Call, *call.Call]{
		TimeToLive: options.Timeout, Keys: options.Keys, Bytes: options.Bytes, Remembered: options.Keys, Now: time.Now,
	})}
}

// Waiting returns how many sides wait, and what they take in memory, in bytes.
func (p *Pairs) Waiting() (sides, bytes int) { return p.join.Waiting() }

// Sweep lets sides go that have waited long enough, until ctx ends.
func (p *Pairs) Sweep(ctx context.Context) {
	ticker := time.NewTicker(min(max(p.options.Timeout/10, 10*time.Millisecond), time.Second))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for {
			expired := p.join.TakeExpired(sweepSize)
			if len(expired) == 0 || !p.emitUnpaired(ctx, expired, Timeout, true) {
				break
			}
		}
		p.observe(ctx)
	}
}

// Drain lets go of all that waits.
func (p *Pairs) Drain(ctx context.Context) {
	for {
		waiting := p.join.TakeOldest(sweepSize)
		if len(waiting) == 0 {
			return
		}
		p.emitUnpaired(ctx, waiting, Shutdown, false)
	}
}

// emitUnpaired sends sides without the other one. Where the pipeline has no room, they wait again
// if again is set; otherwise they are lost. It returns false where they were not sent.
func (p *Pairs) emitUnpaired(ctx context.Context, unpaired []call.Pair, why Cause, again bool) bool {
	if len(unpaired) == 0 {
		return true
	}
	if p.options.DropUnpaired {
		p.options.Observer.Unpaired(ctx, why, len(unpaired))
		return true
	}
	err := p.options.Send(ctx, unpaired)
	if err != nil && again && !consumererror.IsPermanent(err) {
		lost := p.join.Restore(unpaired...)
		p.options.Observer.Unpaired(ctx, Lost, len(lost))
		return false
	}
	if err != nil {
		p.options.Observer.Unpaired(ctx, Lost, len(unpaired))
		p.options.Logger.Error("Unpaired events are lost, the pipeline does not take them", zap.Int("events", len(unpaired)), zap.Error(err))
		return false
	}
	p.options.Observer.Unpaired(ctx, why, len(unpaired))
	return true
}

func (p *Pairs) observe(ctx context.Context) {
	sides, bytes := p.join.Waiting()
	p.options.Observer.Waiting(ctx, sides, bytes)
}
