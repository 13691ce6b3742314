// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence keeps the full data of traces that alerts name, and makes of them what is attached to an incident:
// a file of OTLP JSON, and a drawing in the ticket's text.
//
//	spans ─► buffer (the latest ones, on disk)
//	alert ─► Pin: its traces, and good ones to compare them with, stay
//	             │
//	Files, Describe ─► buffer, else Jaeger ─► redact ─► fit into the sink's limit ─► file, waterfall, note
package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/buffer"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/redact"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/waterfall"
)

// Defaults of Options.
const (
	DefaultMaxBytes         = 256 << 20
	DefaultMaxAge           = time.Hour
	DefaultMaxTraces        = 500_000
	DefaultMaxPinned        = 64 << 20
	DefaultMaxSpansPerTrace = 10_000
	DefaultContrast         = 3
)

// Fetcher asks a backend for a trace that the buffer does not have. The times are when it may have been, zero where
// that is not known.
type Fetcher interface {
	Trace(ctx context.Context, id pcommon.TraceID, start, end time.Time) (ptrace.Traces, error)
}

// Link is a link to a trace.
type Link struct{ Text, Href string }

// Options are those of a Store. What is 0 is the default.
type Options struct {
	// Directory holds the spans. It is made where it is not there, and belongs to one process.
	Directory string
	// MaxBytes and MaxAge bound the latest spans on disk, MaxTraces of how many traces they are: each takes about 120
	// bytes of memory.
	MaxBytes  int64
	MaxAge    time.Duration
	MaxTraces int
	// MaxPinned bounds the bytes on disk of the traces of all cases.
	MaxPinned int64
	// MaxSpansPerTrace is how many spans of one trace are kept.
	MaxSpansPerTrace int
	// Contrast is how many good traces a case gets to compare with; -1 for none.
	Contrast int
	Redact   redact.Options
	// Waterfall says how large the drawing is.
	Waterfall waterfall.Options
	// Fetch is asked for traces that the buffer does not have; nil for nobody.
	Fetch Fetcher
	// Links returns the links to a trace that a ticket gets; nil for none.
	Links  func(pcommon.TraceID) []Link
	Now    func() time.Time
	Logger *zap.Logger
}

// Store keeps evidence. It is safe for concurrent use.
type Store struct {
	o        Options
	buffer   *buffer.Buffer
	redactor *redact.Redactor

	// wake tells the worker that there is something in the queue, ended that it has gone.
	wake, ended chan struct{}
	cancel      context.CancelFunc

	mu     sync.Mutex // guards what follows
	queue  []func(context.Context)
	closed bool
}

// Open opens a store and reads what is in its directory. It takes about a second for 128 MiB.
func Open(o Options) (*Store, error) {
	set := func(to *int, value int) {
		if *to == 0 {
			*to = value
		}
	}
	set64 := func(to *int64, value int64) {
		if *to == 0 {
			*to = value
		}
	}
	set64(&o.MaxBytes, DefaultMaxBytes)
	set64((*int64)(&o.MaxAge), int64(DefaultMaxAge))
	set(&o.MaxTraces, DefaultMaxTraces)
	set64(&o.MaxPinned, DefaultMaxPinned)
	set(&o.MaxSpansPerTrace, DefaultMaxSpansPerTrace)
	set(&o.Contrast, DefaultContrast)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	b, err := buffer.Open(buffer.Options{
		Directory: o.Directory, MaxBytes: o.MaxBytes, MaxAge: o.MaxAge, MaxTraces: o.MaxTraces, MaxPinned: o.MaxPinned,
		MaxSpansPerTrace: o.MaxSpansPerTrace, Now: o.Now, Logger: o.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("open the buffer of evidence: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Store{o: o, buffer: b, redactor: redact.New(o.Redact), wake: make(chan struct{}, 1), ended: make(chan struct{}), cancel: cancel}
	go s.work(ctx)
	return s, nil
}

// Close ends. What was pinned stays on disk.
func (s *Store) Close() error {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if was {
		return nil
	}
	s.signal()
	<-s.ended
	s.cancel()
	return s.buffer.Close()
}

// Stats returns what the buffer has, and what it could not keep.
func (s *Store) Stats() buffer.Stats { return s.buffer.Stats() }

// Add keeps the spans of a request for a while. It neither waits for the disk nor holds on to td.
func (s *Store) Add(td ptrace.Traces) { s.buffer.Add(td) }

// About is what is known of a case.
type About struct {
	// Traces are those that the alert names, the best first. Span is the span that it names, of the first one.
	Traces []pcommon.TraceID
	Span   pcommon.SpanID
	// Like says which good traces to compare them with. What is empty is taken from the first trace.
	Like buffer.Like
}

// maxQueue bounds the cases that wait to be pinned.
const maxQueue = 1000

// Pin keeps the traces of a case and good ones to compare them with, those of their spans that come later, too. It
// does not wait. Pinning again adds traces.
func (s *Store) Pin(caseID string, about About) {
	about.Traces = slices.Clone(about.Traces)
	if !s.push(func(ctx context.Context) { s.pin(ctx, caseID, about) }) {
		s.o.Logger.Warn("The traces of a case are not kept: too many cases wait.", zap.String("case", caseID))
	}
}

// Release forgets a case.
func (s *Store) Release(caseID string) {
	// In the order of the calls: what was pinned before is there to be released.
	s.push(func(context.Context) { s.buffer.Release(caseID) })
}

// push queues work. It returns false where there is no room.
func (s *Store) push(f func(context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.queue) >= maxQueue {
		return false
	}
	s.queue = append(s.queue, f)
	s.signal()
	return true
}

func (s *Store) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// work is the goroutine of the queue.
func (s *Store) work(ctx context.Context) {
	defer close(s.ended)
	for range s.wake {
		s.mu.Lock()
		queue, closed := s.queue, s.closed
		s.queue = nil
		s.mu.Unlock()
		for _, f := range queue {
			f(ctx)
		}
		if closed {
			return
		}
	}
}

// settle waits until what was queued before is done.
func (s *Store) settle(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan struct{})
	if !s.push(func(context.Context) { close(done) }) {
		return errors.New("the store of evidence is closed, or has too much to do")
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxNamed bounds the traces of a case that an alert names.
const maxNamed = 16

// pin is Pin, on the worker's goroutine.
func (s *Store) pin(ctx context.Context, caseID string, about About) {
	var traces []buffer.Pinned
	for i, id := range about.Traces[:min(len(about.Traces), maxNamed)] {
		p := buffer.Pinned{Trace: id, Role: buffer.Named}
		if i == 0 {
			p.Span = about.Span
		}
		traces = append(traces, p)
	}
	_, err := s.buffer.Pin(ctx, caseID, traces)
	if err == nil {
		_, err = s.buffer.Pin(ctx, caseID, s.contrast(caseID, about))
	}
	if err != nil {
		s.o.Logger.Warn("The traces of a case could not be kept.", zap.String("case", caseID), zap.Error(err))
	}
}

// contrast returns good traces, as many as the case lacks.
func (s *Store) contrast(caseID string, about About) []buffer.Pinned {
	wanted := s.o.Contrast
	c, err := s.buffer.Case(caseID)
	if err != nil && len(about.Traces) > 0 {
		return nil // it went again, for want of room
	}
	named := map[pcommon.TraceID]bool{}
	for _, p := range c.Traces {
		if p.Role != buffer.Named {
			wanted--
		}
		named[p.Trace] = true
	}
	if wanted <= 0 {
		return nil
	}
	var first pcommon.TraceID
	if len(about.Traces) > 0 {
		first = about.Traces[0]
	}
	// Of those that are nearest some may be there already.
	found := slices.DeleteFunc(s.buffer.Contrast(first, about.Like, wanted+len(named)), func(p buffer.Pinned) bool { return named[p.Trace] })
	return found[:min(len(found), wanted)]
}
