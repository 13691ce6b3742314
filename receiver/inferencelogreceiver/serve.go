// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/pairing"
)

// maxRefused is how many refused events of one batch an answer lists.
const maxRefused = 100

// answer is the body of any answer but 200.
type answer struct {
	// Accepted is the number of events that were taken.
	Accepted int `json:"accepted"`
	// Error is what is wrong with the request as a whole.
	Error string `json:"error,omitempty"`
	// Refused are the events that were not taken, the first hundred.
	Refused []refused `json:"refused,omitempty"`
}

// refused is an event that was not taken.
type refused struct {
	Index   int    `json:"index"`
	ID      string `json:"id,omitempty"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// serve takes CloudEvents. It answers 200, which is the one status that KServe's logger takes for success, when all were read and
// wait or were passed on; 400 and why where some could not be read, which need not be sent again; 503 and Retry-After where the
// pipeline has no room. Events of a request that is sent again are known and not counted twice. A batch of KServe's agent is answered with what the
// agent shall store: the batch as it is.
func (r *inferenceLog) serve(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		reply(w, http.StatusMethodNotAllowed, answer{Error: "events are sent with POST"})
		return
	}
	ctx := req.Context()
	in, err := readEvents(req)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		r.telemetry.event(ctx, cloudEvents, tooLarge, 1)
		reply(w, http.StatusRequestEntityTooLarge, answer{Error: "the body is larger than max_request_body_size"})
		return
	}
	if err != nil {
		why := asRefusal(err)
		r.telemetry.event(ctx, cloudEvents, why.outcome, 1)
		r.logger.Warn("A request is refused", zap.String("reason", why.outcome.String()), zap.String("message", why.message))
		reply(w, http.StatusBadRequest, answer{Error: why.message, Refused: []refused{{Reason: why.outcome.String(), Message: why.message}}})
		return
	}
	var counts [numOutcomes]int
	var out answer
	x := exchange{r: r, b: r.newBatch()}
	now := time.Now()
	for i := range in.events {
		e, err := &in.events[i].event, in.events[i].err
		var h *half
		if err == nil {
			h, err = r.read(e, now)
		}
		switch {
		case err != nil:
			why := asRefusal(err)
			counts[why.outcome]++
			id := ""
			if e.Context != nil {
				id = clip(e.ID(), maxID)
			}
			if len(out.Refused) < maxRefused {
				out.Refused = append(out.Refused, refused{Index: i, ID: id, Reason: why.outcome.String(), Message: why.message})
			}
			r.logger.Warn("An event is refused", zap.String("id", id), zap.String("reason", why.outcome.String()), zap.String("message", why.message))
		case h == nil:
			counts[ignored]++
		case x.offer(h):
			counts[accepted]++
		default:
			counts[duplicate]++
		}
	}
	err = x.send(ctx)
	r.telemetry.pending(ctx, r.buffer)
	if err != nil { // those that were taken from the buffer are to come again
		counts[refusedOutcome] += len(x.fresh)
		counts[accepted] -= len(x.fresh)
	}
	for o, n := range counts {
		r.telemetry.event(ctx, cloudEvents, outcome(o), n)
	}
	out.Accepted = counts[accepted] + counts[duplicate] + counts[ignored]
	switch {
	case err != nil && !consumererror.IsPermanent(err):
		w.Header().Set("Retry-After", "1")
		out.Error = "the pipeline has no room: " + err.Error()
		reply(w, http.StatusServiceUnavailable, out)
	case in.blob != nil: // a record that cannot be read is stored as well; refused, the agent would send the batch again and again
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set(extensionHeader, "json")
		_, _ = w.Write(in.blob) // the agent has gone
	case err != nil:
		out.Error = "the pipeline does not take it: " + err.Error()
		reply(w, http.StatusBadRequest, out)
	case len(out.Refused) > 0:
		reply(w, http.StatusBadRequest, out)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

func reply(w http.ResponseWriter, status int, body answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}

// exchange is what the events of one request brought about.
type exchange struct {
	r *inferenceLog
	b *batch
	// fresh are the halves that completed a pair or are spans of their own, met those that they met, evicted those that gave way.
	fresh, met, evicted []half
}

// offer takes a half and returns false for one that has been seen.
func (x *exchange) offer(h *half) bool {
	if x.r.cfg.PairingTimeout == 0 {
		x.b.addHalf(h)
		x.fresh = append(x.fresh, *h)
		return true
	}
	outcome, other, evicted := x.r.buffer.Offer(*h)
	x.evicted = append(x.evicted, evicted...)
	switch outcome {
	case pairing.Duplicate:
		return false
	case pairing.Paired:
		x.fresh, x.met = append(x.fresh, *h), append(x.met, other)
		if h.Response {
			x.b.add(h.Key, other.Value, h.Value)
		} else {
			x.b.add(h.Key, h.Value, other.Value)
		}
	}
	return true
}

// send passes the spans on. On an error that may pass, what they were made of waits again, but for the halves that came last: they are
// sent again.
func (x *exchange) send(ctx context.Context) error {
	x.r.alone(ctx, x.evicted, evictedCause, false)
	err := x.r.send(ctx, x.b, cloudEvents)
	if err == nil || consumererror.IsPermanent(err) {
		return err
	}
	for i := range x.fresh {
		x.r.buffer.Forget(x.fresh[i])
	}
	lost := x.r.buffer.Restore(x.met...)
	x.r.telemetry.unpaired(ctx, lostCause, len(lost))
	return err
}
