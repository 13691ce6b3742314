// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/prometheus/tsdb/fileutil"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

// Options are those of a Buffer. All must be set.
type Options struct {
	// Directory is made where it is not there. One process has it at a time.
	Directory string
	// MaxBytes is what the latest spans may take, MaxAge how old they become, MaxTraces of how many
	// traces they are.
	MaxBytes  int64
	MaxAge    time.Duration
	MaxTraces int
	// MaxPinned is how many bytes the spans of pinned traces may take; those of one case, a half.
	MaxPinned int64
	// MaxSpansPerTrace is how many spans of one trace are kept.
	MaxSpansPerTrace int
	Now              func() time.Time
	Logger           *zap.Logger
}

// Stats are what a Buffer has and has had.
type Stats struct {
	// Bytes, Segments and Traces are of the latest spans, Cases and Pinned (bytes) of what is pinned.
	Bytes, Pinned           int64
	Segments, Traces, Cases int
	// Full, Late, Failed and Flooded count spans that were not kept: as the disk was too slow, as the buffer
	// was closed or the span too large, as writing failed, and as the trace had too many.
	Full, Late, Failed, Flooded int64
	// Corrupt counts places in files that could not be read, Evicted the cases that went for want of room.
	Corrupt, Evicted int64
}

const lockFile = "lock"

// Buffer keeps spans. It is safe for concurrent use.
type Buffer struct {
	options Options
	// segmentBytes is how large a segment becomes.
	segmentBytes int64
	root         *os.Root
	lock         fileutil.Releaser
	limiter      *loglimit.Limiter
	scratch      sync.Pool

	// wake tells the writer that there is something in the queue; ended is closed when it has gone.
	wake, ended chan struct{}

	mu    sync.Mutex // guards what follows
	index index
	// segments are the files, the oldest first; the last one is written where active is true.
	segments []segment
	active   bool
	number   uint32 // of the last segment
	bytes    int64  // of all segments
	cases    map[string]*caseFile
	pinned   map[pcommon.TraceID][]*caseFile
	kept     int64 // bytes of all cases
	queue    []item
	waiting  int64 // bytes in the queue
	closed   bool
	stats    Stats
	// most is how many spans the largest trace has had; flooded is true once one came near the limit.
	most    int
	flooded bool
}

// segment is a file of the latest spans.
type segment struct {
	number uint32
	bytes  int64
	// begun and newest are when its first and its last record came.
	begun, newest time.Time
	// touched are the traces that have spans in it, by slot.
	touched []uint32
}

// Sizes of segments: a sixteenth of all, within bounds. maxWaiting is what may wait for the disk.
const (
	segmentShare = 16
	minSegment   = 64 << 10
	maxSegment   = 32 << 20
	maxWaiting   = 64 << 20
)

// Open opens a buffer and reads what is there. Its errors are those of the directory: that it cannot be made
// or read, or that another process has it.
func Open(o Options) (*Buffer, error) {
	if err := os.MkdirAll(o.Directory, 0o700); err != nil {
		return nil, err
	}
	lock, _, err := fileutil.Flock(filepath.Join(o.Directory, lockFile))
	if err != nil {
		return nil, fmt.Errorf("the directory %s is in use by another process: %w", o.Directory, err)
	}
	root, err := os.OpenRoot(o.Directory)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	b := &Buffer{
		options: o, segmentBytes: min(max(o.MaxBytes/segmentShare, minSegment), maxSegment),
		root: root, lock: lock, limiter: loglimit.New(10 * time.Minute),
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
		index: newIndex(), cases: map[string]*caseFile{}, pinned: map[pcommon.TraceID][]*caseFile{},
	}
	b.scratch.New = func() any { return new([]seen) }
	if err := b.load(); err != nil {
		return nil, errors.Join(err, root.Close(), lock.Release())
	}
	go b.write()
	return b, nil
}

// Close writes what waits, and ends.
func (b *Buffer) Close() error {
	b.mu.Lock()
	was := b.closed
	b.closed = true
	b.mu.Unlock()
	if was {
		return nil
	}
	b.signal()
	<-b.ended
	return errors.Join(b.root.Close(), b.lock.Release())
}

// Stats returns what the buffer has.
func (b *Buffer) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stats
	s.Bytes, s.Pinned, s.Segments, s.Traces, s.Cases = b.bytes, b.kept, len(b.segments), len(b.index.slots), len(b.cases)
	return s
}

// Add keeps the spans of a request. It neither waits for the disk nor holds on to td: spans for which there is
// no room are counted.
func (b *Buffer) Add(td ptrace.Traces) {
	if td.SpanCount() == 0 {
		return
	}
	scratch := b.scratch.Get().(*[]seen)
	all := gather((*scratch)[:0], td)
	defer func() {
		clear(all) // the names are the request's
		*scratch = all[:0]
		b.scratch.Put(scratch)
	}()
	data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		b.lose(&b.stats.Failed, all)
		return
	}
	if data, err = b.unflood(data, all); err == nil && len(data) > 0 {
		err = b.split(data, all)
	}
	if err != nil {
		b.lose(&b.stats.Failed, all)
	}
}

func (b *Buffer) lose(counter *int64, all []seen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range all {
		*counter += int64(all[i].spans)
	}
}

// unflood takes the spans out of traces that have too many.
func (b *Buffer) unflood(data []byte, all []seen) ([]byte, error) {
	limit := b.options.MaxSpansPerTrace
	var room map[pcommon.TraceID]int
	b.mu.Lock()
	for i := range all {
		came := int(all[i].spans)
		// Until a trace has come near the limit, none has to be looked up.
		if b.flooded = b.flooded || came > limit/2 || b.most > limit/2; !b.flooded {
			continue
		}
		before := 0
		if t := b.index.of(all[i].id); t != nil {
			before = int(t.spans)
		}
		if before+came > limit {
			if room == nil {
				room = map[pcommon.TraceID]int{}
			}
			room[all[i].id] = max(0, limit-before)
		}
	}
	b.mu.Unlock()
	if len(room) == 0 {
		return data, nil
	}
	dropped := int64(0)
	data, err := filter(nil, data, func(span []byte) bool {
		id := traceIDOf(span)
		left, flooded := room[id]
		if flooded && left == 0 {
			dropped++
			return false
		}
		if flooded {
			room[id] = left - 1
		}
		return true
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Flooded += dropped
	if len(data) == 0 { // no record will count them
		for i := range all {
			if t := b.index.of(all[i].id); t != nil {
				t.spans += min(all[i].spans, ^t.spans)
			}
		}
	}
	return data, err
}

// split makes records of a request, several of one that is larger than a segment.
func (b *Buffer) split(data []byte, all []seen) error {
	limit := int(b.segmentBytes) - headerSize
	if len(data) <= limit {
		b.accept(data, all)
		return nil
	}
	// A part's resources and scopes come on top of its spans: half a segment leaves room for them.
	var parts []int // of each span, -1 for one that is too large
	part, size := 0, 0
	err := eachSpan(data, func(span []byte) bool {
		if len(span) > limit/2 {
			parts = append(parts, -1)
			return true
		}
		if size += len(span); size > limit/2 {
			part, size = part+1, len(span)
		}
		parts = append(parts, part)
		return true
	})
	if err != nil {
		return err
	}
	for p := range part + 1 {
		n := -1
		some, err := filter(nil, data, func([]byte) bool { n++; return parts[n] == p })
		if err != nil {
			return err
		}
		if len(some) > limit {
			b.mu.Lock()
			for _, of := range parts {
				if of == p {
					b.stats.Late++
				}
			}
			b.mu.Unlock()
			continue
		}
		// What is said of the traces is said of each part: too much of it does no harm.
		if len(some) > 0 {
			b.accept(some, all)
		}
		all = emptied(all)
	}
	for _, of := range parts {
		if of < 0 {
			b.mu.Lock()
			b.stats.Late++
			b.mu.Unlock()
		}
	}
	return nil
}

// emptied is the same without spans, which were counted.
func emptied(all []seen) []seen {
	out := make([]seen, len(all))
	copy(out, all)
	for i := range out {
		out[i].spans = 0
	}
	return out
}

// accept puts a record into the index and the queue.
func (b *Buffer) accept(data []byte, all []seen) {
	now := b.options.Now()
	size := int64(headerSize + len(data))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.waiting+size > maxWaiting {
		counter := &b.stats.Full
		if b.closed {
			counter = &b.stats.Late
		}
		for i := range all {
			*counter += int64(all[i].spans)
		}
		return
	}
	b.room(size, now)
	s := &b.segments[len(b.segments)-1]
	s.bytes += size
	s.newest = now
	b.bytes += size
	it := item{what: appendSegment, segment: s.number, data: data, spans: b.note(s, all, now)}
	if len(b.pinned) > 0 {
		it.cases = b.pinnedIn(all)
	}
	b.push(it)
}

// note puts traces into the index, and returns how many spans it were.
func (b *Buffer) note(s *segment, all []seen, now time.Time) (spans int64) {
	for i := range all {
		slot, fresh := b.index.add(&all[i], s.number, now)
		b.most = max(b.most, int(b.index.traces[slot].spans))
		if fresh {
			s.touched = append(s.touched, slot)
		}
		spans += int64(all[i].spans)
	}
	return spans
}

// room sees to it that there is an active segment with room for a record.
func (b *Buffer) room(size int64, now time.Time) {
	b.expire(now)
	if b.active {
		s := &b.segments[len(b.segments)-1]
		if s.bytes+size <= b.segmentBytes && now.Sub(s.begun) < b.options.MaxAge/segmentShare && len(b.index.slots) < b.options.MaxTraces {
			return
		}
	}
	for len(b.segments) > 0 && (b.bytes+b.segmentBytes > b.options.MaxBytes || len(b.index.slots) >= b.options.MaxTraces) {
		b.evict()
	}
	b.number++
	b.segments = append(b.segments, segment{number: b.number, begun: now, newest: now})
	b.active = true
}

// expire evicts the segments that are too old.
func (b *Buffer) expire(now time.Time) {
	for len(b.segments) > 0 && now.Sub(b.segments[0].newest) > b.options.MaxAge {
		b.evict()
	}
}

// evict forgets the oldest segment.
func (b *Buffer) evict() {
	s := b.segments[0]
	b.segments[0] = segment{}
	b.segments = b.segments[1:]
	if len(b.segments) == 0 {
		b.segments, b.active = nil, false
	}
	b.bytes -= s.bytes
	b.index.evict(s.number, s.touched)
	b.push(item{what: deleteSegment, segment: s.number})
}
