// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

// what is to be done by the writer.
type what uint8

const (
	appendSegment what = iota
	deleteSegment
	appendCase
	deleteCase
	// call is a function that is to be called when all before it was done.
	call
)

// item is one thing for the writer to do. All files are written by one goroutine, in the order of the queue.
type item struct {
	what    what
	segment uint32
	kind    kind
	data    []byte
	spans   int64
	// file is the case of appendCase and deleteCase; cases are those that want spans of a record, too.
	file  *caseFile
	cases map[*caseFile]map[pcommon.TraceID]bool
	done  func()
}

// size is what an item holds of the queue's room.
func (it *item) size() int64 { return int64(headerSize + len(it.data)) }

// push queues an item. b.mu is held.
func (b *Buffer) push(it item) {
	b.queue = append(b.queue, it)
	b.waiting += it.size()
	b.signal()
}

func (b *Buffer) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// flush returns when all that was added before is in files.
func (b *Buffer) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan struct{})
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return errClosed
	}
	b.push(item{what: call, done: func() { close(done) }})
	b.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errClosed = errors.New("the buffer of spans is closed")

// maxCheck is how often, at least, it is looked for spans that are too old.
const maxCheck = time.Minute

// write is the writer's goroutine.
func (b *Buffer) write() {
	defer close(b.ended)
	ticker := time.NewTicker(max(time.Second, min(maxCheck, b.options.MaxAge/segmentShare)))
	defer ticker.Stop()
	w := &writer{Buffer: b, out: newOut(nil)}
	defer w.close()
	for {
		select {
		case <-b.wake:
		case <-ticker.C:
			b.mu.Lock()
			b.expire(b.options.Now())
			b.mu.Unlock()
		}
		b.mu.Lock()
		queue, closed := b.queue, b.closed
		b.queue = nil
		b.mu.Unlock()
		for i := range queue {
			it := &queue[i]
			w.do(it, i == len(queue)-1 || queue[i+1].what != appendSegment)
			b.mu.Lock()
			b.waiting -= it.size()
			b.mu.Unlock()
			*it = item{}
		}
		if closed && len(queue) == 0 {
			return
		}
		if closed {
			b.signal()
		}
	}
}

// newOut returns what gathers records for a file.
func newOut(to io.Writer) *bufio.Writer { return bufio.NewWriterSize(to, 256<<10) }

// writer has the file of the active segment.
type writer struct {
	*Buffer
	file    *os.File
	out     *bufio.Writer
	segment uint32
	// good is where the last whole record ends, pending the spans behind it, bad a segment that cannot be
	// written.
	good, end int64
	pending   int64
	bad       uint32
	failing   bool
}

// do carries out an item. last is true where nothing is appended to the segment after it, for now.
func (w *writer) do(it *item, last bool) {
	switch it.what {
	case appendSegment:
		w.append(it, last)
		for c, ids := range it.cases {
			data, err := filter(nil, it.data, func(span []byte) bool { return ids[traceIDOf(span)] })
			if err == nil && len(data) > 0 {
				w.appendCase(c, spansRecord, data)
			}
		}
	case deleteSegment:
		if w.file != nil && w.segment == it.segment {
			w.close()
		}
		if err := w.root.Remove(segmentName(it.segment)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.warn("The oldest spans of the buffer of evidence could not be deleted.", err)
		}
	case appendCase:
		w.appendCase(it.file, it.kind, it.data)
	case deleteCase:
		if err := w.root.Remove(it.file.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.warn("The spans of a case could not be deleted.", err)
		}
	case call:
		it.done()
	}
}

// append writes a record into its segment.
func (w *writer) append(it *item, last bool) {
	err := w.open(it.segment)
	if err == nil {
		h := header(spansRecord, it.data)
		w.pending += it.spans
		if _, err = w.out.Write(h[:]); err == nil {
			_, err = w.out.Write(it.data)
		}
		w.end += it.size()
		if err == nil && last {
			err = w.flushFile()
		}
		if err != nil {
			w.cut()
		}
	} else {
		w.pending += it.spans
	}
	if err == nil {
		if w.failing && last {
			w.failing = false
			if _, ok := w.limiter.Allow("kept again", w.options.Now()); ok {
				w.options.Logger.Info("Spans can be kept as evidence again.")
			}
		}
		return
	}
	w.mu.Lock()
	w.stats.Failed += w.pending
	w.mu.Unlock()
	w.pending = 0
	// On a disk that is nearly full small requests fit, and others do not.
	w.failing = true
	w.warn("Spans cannot be kept as evidence, so that incidents may lack their traces; it is tried again with each request.", err)
}

// flushFile hands what was written to the operating system.
func (w *writer) flushFile() error {
	if err := w.out.Flush(); err != nil {
		return err
	}
	w.good, w.pending = w.end, 0
	return nil
}

// cut takes what was written in part off the file. Where that fails, the segment is given up.
func (w *writer) cut() {
	if err := w.file.Truncate(w.good); err == nil {
		if _, err = w.file.Seek(w.good, 0); err == nil {
			w.out.Reset(w.file)
			w.end = w.good
			return
		}
	}
	w.bad = w.segment
	w.close()
}

// open opens the file of a segment, if it is not open.
func (w *writer) open(number uint32) error {
	if w.file != nil && w.segment == number {
		return nil
	}
	if w.bad == number && number != 0 {
		return errBad
	}
	var err error
	if w.file != nil {
		if err = w.flushFile(); err != nil {
			w.mu.Lock()
			w.stats.Failed += w.pending
			w.mu.Unlock()
			w.pending = 0
		}
		w.close()
	}
	// O_EXCL: neither a file of somebody else nor where a symbolic link leads to.
	f, err := w.root.OpenFile(segmentName(number), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			w.bad = number
		}
		return err
	}
	w.file, w.segment, w.good, w.end = f, number, 0, 0
	w.out.Reset(f)
	return nil
}

var errBad = errors.New("the file could not be written before")

func (w *writer) close() {
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
}

// warn says something once in a while.
func (b *Buffer) warn(message string, err error) {
	if suppressed, ok := b.limiter.Allow(message, b.options.Now()); ok {
		b.options.Logger.Warn(message, zap.String("directory", b.options.Directory), zap.Int("suppressed", suppressed), zap.Error(err))
	}
}

const (
	segmentPrefix = "segment-"
	casePrefix    = "case-"
	extension     = ".spans"
)

func segmentName(number uint32) string {
	return fmt.Sprintf("%s%010d%s", segmentPrefix, number, extension)
}

// segmentNumber reads what segmentName has written.
func segmentNumber(name string) (uint32, bool) {
	digits, ok := strings.CutPrefix(name, segmentPrefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(digits, extension), 10, 32)
	return uint32(n), err == nil && n > 0 && segmentName(uint32(n)) == name
}
