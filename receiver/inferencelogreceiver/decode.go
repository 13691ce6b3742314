// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/event"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/pairs"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/spans"
)

// maxID is the longest id of a refused event that is answered and logged, in bytes.
const maxID = 256

// serve takes CloudEvents. It answers 200, which is the one status that KServe's logger takes for
// success, when all were read and wait or were passed on; 400 and why where some could not be read,
// which need not be sent again; 503 and Retry-After where the pipeline has no room. Events of a
// request that is sent again are known and not counted twice. A batch of KServe's agent is answered
// with what the agent shall store: the batch as it is.
func (r *inferenceLog) serve(w http.ResponseWriter, req *http.Request) {
	if !ingest.IsPost(w, req, "events") {
		return
	}
	ctx := req.Context()
	var answer ingest.Answer
	data, err := io.ReadAll(req.Body)
	if ingest.TooLarge(err) {
		r.telemetry.event(ctx, call.CloudEvents, tooLarge, 1)
		answer.SendTooLarge(w)
		return
	}
	calls := r.pairs.Begin()
	var blob []byte
	var counts [numOutcomes]int
	if err == nil {
		req.Body = io.NopCloser(bytes.NewReader(data))
		blob, counts, err = r.decode(req, calls, &answer)
	}
	if err != nil {
		why := refusal.Of(err)
		r.telemetry.event(ctx, call.CloudEvents, outcomeOf(why.Reason), 1)
		r.logger.Warn("A request is refused", zap.String("reason", why.Reason), zap.String("message", why.Message))
		answer.SendUnread(w, why)
		return
	}
	n, err := calls.Send(ctx)
	counts[refused] += n
	counts[accepted] -= n
	for o, n := range counts {
		r.telemetry.event(ctx, call.CloudEvents, outcome(o), n)
	}
	answer.Accepted = counts[accepted] + counts[duplicate] + counts[ignored]
	if blob != nil && (err == nil || consumererror.IsPermanent(err)) {
		// A record that cannot be read is stored as well: refused, the agent would send the batch
		// again and again.
		event.WriteBlob(w, blob)
		return
	}
	answer.Send(w, err)
}

// decode adds the events of a request to its calls, and those that cannot be read to its answer. It
// returns what KServe's agent stores, nil for all but a batch of the agent's.
func (r *inferenceLog) decode(req *http.Request, calls *pairs.RequestBatch, answer *ingest.Answer) (blob []byte, counts [numOutcomes]int, err error) {
	select {
	case r.decoding <- struct{}{}:
		defer func() { <-r.decoding }()
	case <-req.Context().Done(): // the sender has gone
		return nil, counts, req.Context().Err()
	}
	in, err := event.Read(req, r.cfg.Limits.Events)
	if err != nil {
		return nil, counts, err
	}
	return in.Blob, r.addEvents(in.Events, calls, answer), nil
}

// addEvents adds the events of a request to its calls, and those that cannot be read to its answer.
func (r *inferenceLog) addEvents(events []event.Received, calls *pairs.RequestBatch, answer *ingest.Answer) (counts [numOutcomes]int) {
	now := time.Now()
	for i := range events {
		e, err := &events[i].Event, events[i].Err
		var side *call.Side
		if err == nil {
			side, err = r.events.Read(e, now)
		}
		switch {
		case err != nil:
			why := refusal.Of(err)
			counts[outcomeOf(why.Reason)]++
			id := ""
			if e.Context != nil {
				id = ingest.Clip(e.ID(), maxID)
			}
			answer.Refuse(i, id, why)
			r.logger.Warn("An event is refused", zap.String("id", id), zap.String("reason", why.Reason), zap.String("message", why.Message))
		case side == nil:
			counts[ignored]++
		case calls.Add(side):
			counts[accepted]++
		default:
			counts[duplicate]++
		}
	}
	return counts
}

// capturedLines are lines of one file, as spans.
type capturedLines struct {
	r      *inferenceLog
	batch  *spans.Batch
	counts [numOutcomes]int
}

// readLines reads lines of one file.
func (r *inferenceLog) readLines(_ context.Context, lines ingest.Lines) ingest.Batch {
	b := &capturedLines{r: r, batch: r.spans.NewBatch()}
	endpoint, variant := call.EndpointOf(lines.Path)
	for _, line := range lines.Lines {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		pair, err := r.captures.Read(line, endpoint, variant, b.batch.IsHeader)
		if err != nil {
			why := refusal.Of(err)
			b.counts[outcomeOf(why.Reason)]++
			r.logger.Warn("A captured record is left out", zap.String("file", lines.Path), zap.String("reason", why.Reason), zap.String("message", why.Message))
			continue
		}
		b.batch.Add(pair)
		b.counts[accepted]++
	}
	return b
}

// Send passes a copy on: what has been passed on is not ours to pass on again.
func (b *capturedLines) Send(ctx context.Context) error {
	kept := b.batch.Traces
	defer func() { b.batch.Traces = kept }()
	b.batch.Traces = ptrace.NewTraces()
	kept.CopyTo(b.batch.Traces)
	return b.r.send(ctx, b.batch, call.SageMaker)
}

// Done counts the records.
func (b *capturedLines) Done(ctx context.Context, err error) {
	if err != nil {
		b.counts[refused], b.counts[accepted] = b.counts[accepted], 0
	}
	for o, n := range b.counts {
		b.r.telemetry.event(ctx, call.SageMaker, outcome(o), n)
	}
}
