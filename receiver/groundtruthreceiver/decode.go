// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/body"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/files"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/intake"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/parquet"
)

// answer is what the sender of labels learns of them.
type answer struct {
	// Accepted are the labels that the pipeline has taken.
	Accepted int `json:"accepted"`
	// Duplicate, Late and Rejected are those that were not passed on.
	Duplicate int `json:"duplicate"`
	Late      int `json:"late"`
	Rejected  int `json:"rejected"`
	// Errors are the first hundred of those that were rejected.
	Errors []body.Rejection `json:"errors,omitempty"`
	// Error is what is wrong with the request as a whole.
	Error string `json:"error,omitempty"`
}

// maxUnread is how many names of members and columns that are not read are logged.
const maxUnread = 100

// serve takes labels. It answers 202 when all that are new were handed on; 400 where some were
// rejected, which need not be sent again; 429 and Retry-After where the pipeline has no room, and
// nothing was taken.
func (r *groundTruth) serve(w http.ResponseWriter, req *http.Request) {
	if !ingest.IsPost(w, req, "labels") {
		return
	}
	ctx := req.Context()
	text, err := io.ReadAll(req.Body)
	if err != nil {
		status, o, message := http.StatusBadRequest, badJSON, "the body cannot be read: "+err.Error()
		if ingest.TooLarge(err) {
			status, o, message = http.StatusRequestEntityTooLarge, tooLarge, "the body is larger than max_request_body_size"
		}
		r.refuseRequest(ctx, w, status, o, &answer{Error: message})
		return
	}
	in := body.Read(string(text), isLines(req.Header.Get("Content-Type")), r.cfg.Limits.Labels, r.parser)
	a := &answer{Rejected: in.Rejected, Errors: in.Listed}
	switch {
	case in.TooMany:
		r.refuseRequest(ctx, w, http.StatusRequestEntityTooLarge, tooLarge, &answer{Error: "there are more labels than 'limits::labels'; send less at a time"})
		return
	case in.Failed != nil:
		a.Rejected++
		a.Errors = append([]body.Rejection{*in.Failed}, a.Errors...)
		a.Error = in.Failed.String()
		r.refuseRequest(ctx, w, http.StatusBadRequest, badJSON, a)
		return
	}
	for i := range in.Listed {
		r.logger.Warn("A label is rejected", zap.String("reason", string(in.Listed[i].Reason)), zap.Stringer("error", &in.Listed[i]))
	}
	r.countRejected(ctx, in)
	sorted := r.intake.Sort(in.Labels, time.Now())
	a.Duplicate, a.Late = sorted.Duplicate, sorted.Late
	r.answer(w, a, len(sorted.Labels), r.handOn(ctx, sorted))
}

// refuseRequest answers a request of which nothing is taken.
func (r *groundTruth) refuseRequest(ctx context.Context, w http.ResponseWriter, status int, o outcome, a *answer) {
	r.telemetry.count(ctx, fromHTTP, o, 1)
	r.logger.Warn("A request is refused", zap.String("reason", string(o)), zap.String("message", a.Error))
	ingest.Reply(w, status, a)
}

func (r *groundTruth) countRejected(ctx context.Context, in body.Batch) {
	for reason, n := range in.Reasons {
		r.telemetry.count(ctx, fromHTTP, outcome(reason), n)
	}
}

// answer says what became of n labels, given what the pipeline said of them.
func (r *groundTruth) answer(w http.ResponseWriter, a *answer, n int, err error) {
	switch {
	case err != nil && !consumererror.IsPermanent(err):
		w.Header().Set("Retry-After", "1")
		a.Error = "the pipeline has no room: " + err.Error()
		ingest.Reply(w, http.StatusTooManyRequests, a)
	case err != nil:
		a.Error = "the pipeline does not take it: " + err.Error()
		ingest.Reply(w, http.StatusBadRequest, a)
	case a.Rejected > 0:
		a.Accepted = n
		ingest.Reply(w, http.StatusBadRequest, a)
	default:
		a.Accepted = n
		ingest.Reply(w, http.StatusAccepted, a)
	}
}

var (
	errBusy    = errors.New("too many requests wait for it")
	errTimeout = errors.New("it has not taken them in time")
)

// handOn passes labels of a request on, and returns what the pipeline says, or errTimeout where it
// says nothing in time. What it takes later is known then when it comes again.
func (r *groundTruth) handOn(ctx context.Context, sorted *intake.Sorted) error {
	n := len(sorted.Labels)
	if n == 0 {
		r.countTaken(ctx, fromHTTP, sorted, nil)
		return nil
	}
	select {
	case r.waiting <- struct{}{}:
	default:
		r.telemetry.count(ctx, fromHTTP, refused, n)
		return errBusy
	}
	done := make(chan error, 1)
	r.running.Go(func() {
		// The request may end before: of its context only what it carries is kept.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.HandOnTimeout)
		defer cancel()
		defer context.AfterFunc(r.stopping, cancel)()
		err := r.send(ctx, sorted)
		r.countTaken(ctx, fromHTTP, sorted, err)
		<-r.waiting
		done <- err
	})
	timer := time.NewTimer(r.cfg.HandOnTimeout)
	defer timer.Stop()
	select {
	case err := <-done:
		if errors.Is(err, context.DeadlineExceeded) {
			return errTimeout
		}
		return err
	case <-timer.C:
		return errTimeout
	}
}

// send passes labels on.
func (r *groundTruth) send(ctx context.Context, sorted *intake.Sorted) error {
	if len(sorted.Labels) == 0 {
		return nil
	}
	ctx = r.report.StartLogsOp(ctx)
	err := r.next.ConsumeLogs(ctx, encode(sorted.Labels, r.settings.BuildInfo.Version, time.Now()))
	r.report.EndLogsOp(ctx, r.settings.ID.Type().String(), len(sorted.Labels), err)
	if err == nil {
		r.intake.Taken(sorted)
	}
	return err
}

// countTaken counts sorted labels, given what the pipeline said of them.
func (r *groundTruth) countTaken(ctx context.Context, from source, sorted *intake.Sorted, err error) {
	taken := accepted
	if err != nil {
		taken = refused
	}
	r.telemetry.count(ctx, from, taken, len(sorted.Labels))
	r.telemetry.count(ctx, from, duplicate, sorted.Duplicate)
	r.telemetry.count(ctx, from, late, sorted.Late)
}

// isLines tells whether a content type is that of lines of JSON.
func isLines(contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch mediaType {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines":
		return true
	}
	return false
}

// fileLabels are labels of one file.
type fileLabels struct {
	r        *groundTruth
	sorted   *intake.Sorted
	rejected map[outcome]int
}

// readLines reads lines of one file.
func (r *groundTruth) readLines(_ context.Context, lines ingest.Lines) ingest.Batch {
	in := r.lines.Read(lines)
	b := r.newFileLabels(in.Labels)
	for i := range in.Rejected {
		b.reject(lines.Path+": "+in.Rejected[i].Place(), in.Rejected[i].Err)
	}
	return b
}

var _ ingest.Batch = (*fileLabels)(nil)

func (r *groundTruth) newFileLabels(labels []label.Label) *fileLabels {
	return &fileLabels{r: r, sorted: r.intake.Sort(labels, time.Now()), rejected: map[outcome]int{}}
}

func (b *fileLabels) reject(where string, wrong *label.Error) {
	b.rejected[outcome(wrong.Reason)]++
	if wrong.Reason != label.Unlabelled {
		b.r.logger.Warn("A label is rejected", zap.String("where", where), zap.String("reason", string(wrong.Reason)), zap.Error(wrong))
	}
}

// Send passes the labels on.
func (b *fileLabels) Send(ctx context.Context) error { return b.r.send(ctx, b.sorted) }

// Done counts them.
func (b *fileLabels) Done(ctx context.Context, err error) {
	b.r.countTaken(ctx, fromFile, b.sorted, err)
	for o, n := range b.rejected {
		b.r.telemetry.count(ctx, fromFile, o, n)
	}
}

// sendRows sends rows of a Parquet file until they are taken, or refused for good.
func (r *groundTruth) sendRows(ctx context.Context, in parquet.Batch) error {
	b := r.newFileLabels(in.Labels)
	for _, rejected := range in.Rejected {
		b.reject(rejected.Where, rejected.Err)
	}
	err := ingest.SendUntilTaken(ctx, r.logger, "labels", b.Send)
	if ctx.Err() != nil {
		return err // they are read again
	}
	b.Done(ctx, err)
	if err != nil {
		r.logger.Error("Labels are lost", zap.String("file", in.Path), zap.Error(err))
	}
	return nil
}

func (r *groundTruth) unreadable(ctx context.Context, path string, err error) {
	r.telemetry.count(ctx, fromFile, badFile, 1)
	r.settings.Logger.Error("A file of labels cannot be read", zap.String("file", path), zap.Error(err))
}

// unreadNames says once of each name that it is not read.
type unreadNames struct {
	mu    sync.Mutex // guards names
	names map[string]struct{}
}

// add remembers a name and returns whether it is to be said.
func (u *unreadNames) add(name string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, said := u.names[name]; said || len(u.names) >= maxUnread {
		return false
	}
	if u.names == nil {
		u.names = map[string]struct{}{}
	}
	u.names[name] = struct{}{}
	return true
}

// leftOut counts what is not a field of labels, and says so once of each name.
func (r *groundTruth) leftOut(name string) {
	r.telemetry.GroundTruthUnread.Add(context.Background(), 1)
	if r.unread.add(name) {
		r.settings.Logger.Info("Not a field of labels, left out; 'columns' can say what it is", zap.String("name", name))
	}
}

// newReaders returns what reads labels.
func (r *groundTruth) newReaders() error {
	d := r.cfg.Defaults
	var err error
	r.parser, err = label.NewParser(label.Options{
		Columns: r.cfg.Columns, Unread: r.leftOut, Now: time.Now,
		Defaults: label.Defaults{Model: d.Model, Environment: d.Environment, Source: d.Source, Set: d.Set},
	})
	r.lines = files.Reader{Parser: r.parser, MaxLine: r.cfg.Files.MaxRecordSize}
	return err
}
