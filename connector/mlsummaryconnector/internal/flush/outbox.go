// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package flush

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Outcome is what became of a flush.
type Outcome uint8

// The outcomes.
const (
	// Sent flushes were taken.
	Sent Outcome = iota
	// Dropped flushes were refused for good.
	Dropped
	// Failed flushes are kept.
	Failed
)

// Report is told what became of each flush.
type Report func(ctx context.Context, o Outcome, points int, sequence int64, err error)

// Outbox delivers parts in their order, each until it is taken or refused for good. It is not safe
// for concurrent use but for Blocked.
type Outbox struct {
	next   consumer.Metrics
	report Report
	parts  []*Part
	// blocked is true while the first part could not be delivered.
	blocked atomic.Bool
}

// NewOutbox returns an empty outbox.
func NewOutbox(next consumer.Metrics, report Report) *Outbox {
	return &Outbox{next: next, report: report}
}

// Blocked is true while a part is kept that could not be delivered.
func (o *Outbox) Blocked() bool { return o.blocked.Load() }

// Add appends parts.
func (o *Outbox) Add(parts []*Part) { o.parts = append(o.parts, parts...) }

// Discard drops what is left and returns how many parts it was.
func (o *Outbox) Discard() int {
	n := len(o.parts)
	o.parts = nil
	return n
}

// Deliver sends the parts until one fails, and returns whether none is left.
func (o *Outbox) Deliver(ctx context.Context) bool {
	for len(o.parts) > 0 {
		part := o.parts[0]
		md, points := part.Metrics()
		if !o.Send(part.model.context(ctx), md, points, part.Sequence) {
			o.blocked.Store(true)
			return false
		}
		o.parts[0] = nil
		o.parts = o.parts[1:]
	}
	o.parts = nil
	o.blocked.Store(false)
	return true
}

// Send sends a flush and returns false where it should be sent again.
func (o *Outbox) Send(ctx context.Context, md pmetric.Metrics, points int, sequence int64) bool {
	err := o.next.ConsumeMetrics(ctx, md)
	outcome := Failed
	switch {
	case err == nil:
		outcome = Sent
	case consumererror.IsPermanent(err):
		outcome = Dropped
	}
	o.report(ctx, outcome, points, sequence, err)
	return outcome != Failed
}
