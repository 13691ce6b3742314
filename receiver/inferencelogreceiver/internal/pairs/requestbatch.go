// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package pairs

import (
	"context"

	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/otelcol-ml/otelcol-ml/internal/join"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
)

// RequestBatch is what the events of one HTTP request bring about.
type RequestBatch struct {
	pairs *Pairs
	// complete are the calls to pass on.
	complete []call.Pair
	// fresh are the sides of this request that are in complete, met those that they met, evicted
	// those that gave way.
	fresh, met, evicted []call.Pair
}

// Begin returns an empty batch.
func (p *Pairs) Begin() *RequestBatch { return &RequestBatch{pairs: p} }

// Add takes one side of a call and returns false for one that has been seen.
func (b *RequestBatch) Add(side *call.Side) bool {
	fresh := call.Pair{Left: side}
	if side.Value.Response {
		fresh = call.Pair{Right: side}
	}
	if b.pairs.options.Timeout == 0 {
		b.complete = append(b.complete, fresh)
		b.fresh = append(b.fresh, fresh)
		return true
	}

	var result join.Result[call.Key, *call.Call, *call.Call]
	var met call.Pair
	if side.Value.Response {
		result = b.pairs.join.AddRight(side)
		met.Left = result.Pair.Left
	} else {
		result = b.pairs.join.AddLeft(side)
		met.Right = result.Pair.Right
	}
	b.evicted = append(b.evicted, result.Evicted...)

	switch result.Outcome {
	case join.Duplicate:
		return false
	case join.Met:
		b.fresh, b.met = append(b.fresh, fresh), append(b.met, met)
		b.complete = append(b.complete, result.Pair)
	}
	return true
}

// Send passes the calls on. On an error that may pass, what they were made of waits again, but for
// the sides of this request: they are sent again. It returns how many of this request's sides the
// pipeline did not take.
func (b *RequestBatch) Send(ctx context.Context) (refused int, err error) {
	defer b.pairs.observe(ctx)
	b.pairs.emitUnpaired(ctx, b.evicted, Evicted, false)
	if err = b.pairs.options.Send(ctx, b.complete); err == nil {
		return 0, nil
	}
	if consumererror.IsPermanent(err) {
		return len(b.fresh), err
	}
	for _, p := range b.fresh {
		b.pairs.join.Forget(p)
	}
	lost := b.pairs.join.Restore(b.met...)
	b.pairs.options.Observer.Unpaired(ctx, Lost, len(lost))
	return len(b.fresh), err
}
