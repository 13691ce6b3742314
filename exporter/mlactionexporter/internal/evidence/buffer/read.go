// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

// load reads what is in the directory: the index, and what is pinned. Only regular files with names that are
// ours are looked at.
func (b *Buffer) load() error {
	entries, err := fs.ReadDir(b.root.FS(), ".")
	if err != nil {
		return err
	}
	var numbers []uint32
	for _, e := range entries {
		if n, ok := segmentNumber(e.Name()); ok {
			b.number = max(b.number, n)
			if e.Type().IsRegular() {
				numbers = append(numbers, n)
			}
			continue
		}
		if strings.HasPrefix(e.Name(), casePrefix) && strings.HasSuffix(e.Name(), extension) && e.Type().IsRegular() {
			b.loadCase(e.Name())
		}
	}
	slices.SortFunc(numbers, cmp.Compare[uint32])
	for _, n := range numbers {
		b.loadSegment(n)
	}
	for len(b.segments) > 0 && b.bytes > b.options.MaxBytes {
		b.evict()
	}
	b.expire(b.options.Now())
	for b.kept > b.options.MaxPinned && b.evictCase(nil) {
	}
	if b.stats.Corrupt > 0 {
		b.options.Logger.Warn("Parts of files with spans could not be read and were passed over.",
			zap.String("directory", b.options.Directory), zap.Int64("parts", b.stats.Corrupt))
	}
	return nil
}

// loadSegment reads one file into the index, and cuts what is torn off its end.
func (b *Buffer) loadSegment(number uint32) {
	name := segmentName(number)
	data, info, err := b.content(name)
	if err != nil {
		b.warn("A file with spans could not be read.", err)
		return
	}
	b.segments = append(b.segments, segment{number: number, begun: info.ModTime(), newest: info.ModTime()})
	s := &b.segments[len(b.segments)-1]
	var all []seen
	end, corrupt := scan(data, func(k kind, payload []byte) bool {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(payload)
		if k != spansRecord || err != nil {
			b.stats.Corrupt++
			return true
		}
		all = gather(all[:0], td)
		b.note(s, all, info.ModTime())
		if len(b.index.slots) > b.options.MaxTraces && len(b.segments) > 1 {
			b.evict()
			s = &b.segments[len(b.segments)-1]
		}
		return true
	})
	b.stats.Corrupt += int64(corrupt)
	s.bytes = int64(end)
	b.bytes += s.bytes
	b.cutFile(name, int64(end), info.Size())
}

// cutFile takes a torn end off a file.
func (b *Buffer) cutFile(name string, end, size int64) {
	if end == size {
		return
	}
	f, err := b.root.OpenFile(name, os.O_WRONLY, 0)
	if err == nil {
		err = errors.Join(f.Truncate(end), f.Close())
	}
	if err != nil {
		b.warn("The torn end of a file with spans could not be cut off.", err)
	}
}

// loadCase reads what is pinned in one file.
func (b *Buffer) loadCase(name string) {
	data, info, err := b.content(name)
	if err != nil {
		b.warn("A file with the spans of a case could not be read.", err)
		return
	}
	c := &caseFile{name: name}
	end, corrupt := scan(data, func(k kind, payload []byte) bool {
		if k == caseRecord && !c.restore(payload) {
			b.stats.Corrupt++
		}
		return true
	})
	b.stats.Corrupt += int64(corrupt)
	if c.ID == "" {
		return // none of ours, or killed before a word was written
	}
	b.cutFile(name, int64(end), info.Size())
	c.bytes = int64(end)
	b.kept += c.bytes
	b.cases[c.ID] = c
	for _, p := range c.Traces {
		b.pinned[p.Trace] = append(b.pinned[p.Trace], c)
	}
}

// content returns that of a regular file. It is no larger than what we write.
func (b *Buffer) content(name string) ([]byte, fs.FileInfo, error) {
	before, err := b.root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	f, err := b.root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	limit := max(b.options.MaxPinned, maxSegment)
	switch {
	case !before.Mode().IsRegular() || !os.SameFile(before, info):
		return nil, nil, fmt.Errorf("%s is no regular file", name)
	case info.Size() > limit:
		return nil, nil, fmt.Errorf("%s has %d bytes, more than %d", name, info.Size(), limit)
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	return data[:n], info, nil
}

// Traces returns the spans of traces, each once, as a serialized TracesData by trace: from the latest ones and
// from a case, which may be "". Of a trace that is not there, there is none.
func (b *Buffer) Traces(ctx context.Context, id string, traces []pcommon.TraceID) (map[pcommon.TraceID][]byte, error) {
	b.mu.Lock()
	c := b.cases[id]
	b.mu.Unlock()
	return b.read(ctx, traces, c)
}

// reading is what is read of traces.
type reading struct {
	limit int
	found map[pcommon.TraceID][]byte
	// had are the spans that were read, by trace and hash.
	had  map[pcommon.TraceID]map[uint64]bool
	seed maphash.Seed
}

func (b *Buffer) read(ctx context.Context, ids []pcommon.TraceID, c *caseFile) (map[pcommon.TraceID][]byte, error) {
	if err := b.flush(ctx); err != nil {
		return nil, err
	}
	r := reading{limit: b.options.MaxSpansPerTrace, found: map[pcommon.TraceID][]byte{}, had: map[pcommon.TraceID]map[uint64]bool{}, seed: maphash.MakeSeed()}
	for _, id := range ids {
		r.had[id] = map[uint64]bool{}
	}
	if c != nil {
		if err := r.file(b, c.name, ids); err != nil {
			return nil, err
		}
	}
	for _, n := range b.segmentsOf(ids) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := r.file(b, segmentName(n.number), n.ids); err != nil {
			return nil, err
		}
	}
	return r.found, nil
}

// wanted is a segment, and the traces that it has spans of.
type wanted struct {
	number uint32
	ids    []pcommon.TraceID
}

func (b *Buffer) segmentsOf(ids []pcommon.TraceID) []wanted {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []wanted
	for i := range b.segments {
		n := b.segments[i].number
		var of []pcommon.TraceID
		for _, id := range ids {
			if t := b.index.of(id); t != nil && t.from <= n && n <= t.to {
				of = append(of, id)
			}
		}
		if len(of) > 0 {
			out = append(out, wanted{n, of})
		}
	}
	return out
}

// file reads the spans of traces in one file. One that has gone in the meantime was too old.
func (r *reading) file(b *Buffer, name string, ids []pcommon.TraceID) error {
	data, _, err := b.content(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read spans: %w", err)
	}
	_, corrupt := scan(data, func(k kind, payload []byte) bool {
		if k != spansRecord {
			return true
		}
		here := map[pcommon.TraceID]bool{}
		if eachSpan(payload, func(span []byte) bool {
			if id := traceIDOf(span); slices.Contains(ids, id) {
				here[id] = true
			}
			return len(here) < len(ids)
		}) != nil {
			return true
		}
		for id := range here {
			r.take(id, payload)
		}
		return true
	})
	if corrupt > 0 {
		b.mu.Lock()
		b.stats.Corrupt += int64(corrupt)
		b.mu.Unlock()
	}
	return nil
}

// take adds the spans of a trace in a record.
func (r *reading) take(id pcommon.TraceID, payload []byte) {
	had := r.had[id]
	data, err := filter(r.found[id], payload, func(span []byte) bool {
		if traceIDOf(span) != id || len(had) >= r.limit {
			return false
		}
		h := maphash.Bytes(r.seed, span)
		if had[h] {
			return false
		}
		had[h] = true
		return true
	})
	if err == nil {
		r.found[id] = data
	}
}
