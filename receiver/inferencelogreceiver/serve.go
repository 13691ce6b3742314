// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/join"
)

// serve takes CloudEvents. It answers 200, which is the one status that KServe's logger takes for success, when all were read and
// wait or were passed on; 400 and why where some could not be read, which need not be sent again; 503 and Retry-After where the
// pipeline has no room. Events of a request that is sent again are known and not counted twice. A batch of KServe's agent is answered with what the
// agent shall store: the batch as it is.
func (r *inferenceLog) serve(w http.ResponseWriter, req *http.Request) {
	if !ingest.IsPost(w, req, "events") {
		return
	}
	ctx := req.Context()
	in, err := readEvents(req)
	var answer ingest.Answer
	if ingest.TooLarge(err) {
		r.telemetry.event(ctx, cloudEvents, tooLarge, 1)
		answer.SendTooLarge(w)
		return
	}
	if err != nil {
		why := asRefusal(err)
		r.telemetry.event(ctx, cloudEvents, why.outcome, 1)
		r.logger.Warn("A request is refused", zap.String("reason", why.outcome.String()), zap.String("message", why.message))
		answer.SendUnread(w, ingest.Refusal{Reason: why.outcome.String(), Message: why.message})
		return
	}
	var counts [numOutcomes]int
	calls := requestBatch{r: r, spans: r.newBatch()}
	now := time.Now()
	for i := range in.events {
		e, err := &in.events[i].event, in.events[i].err
		var s *side
		if err == nil {
			s, err = r.read(e, now)
		}
		switch {
		case err != nil:
			why := asRefusal(err)
			counts[why.outcome]++
			id := ""
			if e.Context != nil {
				id = ingest.Clip(e.ID(), maxID)
			}
			answer.Refuse(i, id, ingest.Refusal{Reason: why.outcome.String(), Message: why.message})
			r.logger.Warn("An event is refused", zap.String("id", id), zap.String("reason", why.outcome.String()), zap.String("message", why.message))
		case s == nil:
			counts[ignored]++
		case calls.add(s):
			counts[accepted]++
		default:
			counts[duplicate]++
		}
	}
	err = calls.send(ctx)
	r.telemetry.pending(ctx, r.calls)
	if err != nil { // those that were taken from the buffer are to come again
		counts[refusedOutcome] += len(calls.fresh)
		counts[accepted] -= len(calls.fresh)
	}
	for o, n := range counts {
		r.telemetry.event(ctx, cloudEvents, outcome(o), n)
	}
	answer.Accepted = counts[accepted] + counts[duplicate] + counts[ignored]
	if in.blob != nil && (err == nil || consumererror.IsPermanent(err)) {
		// A record that cannot be read is stored as well: refused, the agent would send the batch again and again.
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set(extensionHeader, "json")
		_, _ = w.Write(in.blob) // the agent has gone
		return
	}
	answer.Send(w, err)
}

// requestBatch is what the events of one HTTP request brought about.
type requestBatch struct {
	r     *inferenceLog
	spans *batch
	// fresh are the sides that completed a call or are spans of their own, met those that they met, evicted those that gave way.
	fresh, met, evicted []pair
}

// add takes one side of a call and returns false for one that has been seen.
func (b *requestBatch) add(s *side) bool {
	fresh := pair{Left: s}
	if s.Value.response {
		fresh = pair{Right: s}
	}
	if b.r.cfg.PairingTimeout == 0 {
		b.spans.add(fresh)
		b.fresh = append(b.fresh, fresh)
		return true
	}
	var result join.Result[callKey, *call, *call]
	var met pair
	if s.Value.response {
		result = b.r.calls.AddRight(s)
		met.Left = result.Pair.Left
	} else {
		result = b.r.calls.AddLeft(s)
		met.Right = result.Pair.Right
	}
	b.evicted = append(b.evicted, result.Evicted...)
	switch result.Outcome {
	case join.Duplicate:
		return false
	case join.Met:
		b.fresh, b.met = append(b.fresh, fresh), append(b.met, met)
		b.spans.add(result.Pair)
	}
	return true
}

// send passes the spans on. On an error that may pass, what they were made of waits again, but for the sides that came last:
// they are sent again.
func (b *requestBatch) send(ctx context.Context) error {
	b.r.emitUnpaired(ctx, b.evicted, evictedCause, false)
	err := b.r.send(ctx, b.spans, cloudEvents)
	if err == nil || consumererror.IsPermanent(err) {
		return err
	}
	for _, p := range b.fresh {
		b.r.calls.Forget(p)
	}
	lost := b.r.calls.Restore(b.met...)
	b.r.telemetry.unpaired(ctx, lostCause, len(lost))
	return err
}
