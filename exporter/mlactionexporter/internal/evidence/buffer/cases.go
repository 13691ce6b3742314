// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

// Role is why a trace is part of a case.
type Role string

// The roles of traces.
const (
	// Named: the alert names it.
	Named Role = "named"
	// Contrast: it went well, of the same version or job.
	Contrast Role = "contrast"
	// Previous: it went well, of the previous version.
	Previous Role = "previous"
)

// Pinned is a trace of a case.
type Pinned struct {
	Trace pcommon.TraceID
	// Span is the one that the alert names, zero for none.
	Span pcommon.SpanID
	Role Role
}

// Case is what was pinned together.
type Case struct {
	ID     string
	At     time.Time
	Traces []Pinned
	// Unkept is how many bytes of late spans found no room.
	Unkept int64
}

// Bounds of cases. An id is a key of ours, or what people write.
const (
	maxCases         = 1000
	maxCaseTraces    = 64
	maxCaseID        = 1024
	maxPerCaseShared = 2 // a case may have this part of Options.MaxPinned
)

// ErrNoCase is returned for a case that was not pinned, was released, or went for want of room.
var ErrNoCase = errors.New("nothing is kept of the case")

// caseFile is a case and its file.
type caseFile struct {
	Case
	name  string
	bytes int64
	gone  bool
}

// storedCase is a Case as it is written.
type storedCase struct {
	Case   string         `json:"case"`
	At     time.Time      `json:"at"`
	Traces []storedPinned `json:"traces"`
}

type storedPinned struct {
	Trace string `json:"trace"`
	Span  string `json:"span,omitempty"`
	Role  Role   `json:"role"`
}

// caseName is the name of a case's file.
func caseName(id string) string {
	sum := sha256.Sum256([]byte(id))
	return casePrefix + hex.EncodeToString(sum[:16]) + extension
}

// Pin keeps the spans of traces, those that come later, too, until the case is released. Pinning a case again
// adds traces. missing are those of which nothing is there yet.
func (b *Buffer) Pin(ctx context.Context, id string, traces []Pinned) (missing []pcommon.TraceID, err error) {
	if id == "" || len(id) > maxCaseID {
		return nil, fmt.Errorf("the id of a case has 1 to %d bytes, not %d", maxCaseID, len(id))
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, errClosed
	}
	c := b.cases[id]
	var fresh []Pinned
	var ids []pcommon.TraceID
	for _, p := range traces {
		there := c != nil && slices.ContainsFunc(c.Traces, func(q Pinned) bool { return q.Trace == p.Trace })
		if p.Trace.IsEmpty() || there || slices.Contains(ids, p.Trace) || c != nil && len(c.Traces)+len(ids) >= maxCaseTraces || len(ids) >= maxCaseTraces {
			continue
		}
		fresh, ids = append(fresh, p), append(ids, p.Trace)
	}
	if len(ids) == 0 {
		b.mu.Unlock()
		return nil, nil
	}
	if c == nil {
		for len(b.cases) >= maxCases {
			b.evictCase(nil)
		}
		c = &caseFile{Case: Case{ID: id, At: b.options.Now()}, name: caseName(id)}
		b.cases[id] = c
	}
	c.Traces = append(c.Traces, fresh...)
	for _, trace := range ids {
		b.pinned[trace] = append(b.pinned[trace], c)
	}
	data, err := json.Marshal(c.stored())
	if err != nil {
		b.mu.Unlock()
		return nil, err
	}
	b.push(item{what: appendCase, file: c, kind: caseRecord, data: data})
	b.mu.Unlock()

	// What comes from now on is appended by the writer; what was there before is read now.
	found, err := b.read(ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	for _, trace := range ids {
		if len(found[trace]) == 0 {
			missing = append(missing, trace)
			continue
		}
		if err := b.Keep(ctx, id, found[trace]); err != nil {
			return nil, err
		}
	}
	return missing, b.flush(ctx)
}

// Keep adds spans, a serialized TracesData, to a case.
func (b *Buffer) Keep(ctx context.Context, id string, data []byte) error {
	b.mu.Lock()
	c := b.cases[id]
	switch {
	case b.closed:
		b.mu.Unlock()
		return errClosed
	case c == nil:
		b.mu.Unlock()
		return fmt.Errorf("%w %q", ErrNoCase, id)
	}
	b.push(item{what: appendCase, file: c, kind: spansRecord, data: data})
	b.mu.Unlock()
	return b.flush(ctx)
}

// Release forgets a case.
func (b *Buffer) Release(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.cases[id]; c != nil && !b.closed {
		b.forget(c)
	}
}

// Case returns what was pinned.
func (b *Buffer) Case(id string) (Case, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.cases[id]
	if c == nil {
		return Case{}, fmt.Errorf("%w %q", ErrNoCase, id)
	}
	out := c.Case
	out.Traces = slices.Clone(out.Traces)
	return out, nil
}

// byAge returns the cases, the oldest first. b.mu is held.
func (b *Buffer) byAge() []*caseFile {
	all := make([]*caseFile, 0, len(b.cases))
	for _, c := range b.cases {
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y *caseFile) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return all
}

// forget takes a case away. b.mu is held.
func (b *Buffer) forget(c *caseFile) {
	c.gone = true
	delete(b.cases, c.ID)
	for _, p := range c.Traces {
		rest := slices.DeleteFunc(b.pinned[p.Trace], func(x *caseFile) bool { return x == c })
		if len(rest) == 0 {
			delete(b.pinned, p.Trace)
			continue
		}
		b.pinned[p.Trace] = rest
	}
	b.kept -= c.bytes
	b.push(item{what: deleteCase, file: c})
}

// evictCase forgets the oldest case but one. It returns false where there is no other. b.mu is held.
func (b *Buffer) evictCase(but *caseFile) bool {
	for _, c := range b.byAge() {
		if c == but {
			continue
		}
		b.stats.Evicted++
		b.options.Logger.Warn("The traces of the oldest case go: there is no room for those of another one.",
			zap.String("case", c.ID), zap.Time("pinned_at", c.At), zap.Int64("bytes", c.bytes), zap.Int64("limit", b.options.MaxPinned))
		b.forget(c)
		return true
	}
	return false
}

// pinnedIn returns the cases that want spans of a request. b.mu is held.
func (b *Buffer) pinnedIn(all []seen) map[*caseFile]map[pcommon.TraceID]bool {
	var wanted map[*caseFile]map[pcommon.TraceID]bool
	for i := range all {
		for _, c := range b.pinned[all[i].id] {
			if wanted == nil {
				wanted = map[*caseFile]map[pcommon.TraceID]bool{}
			}
			if wanted[c] == nil {
				wanted[c] = map[pcommon.TraceID]bool{}
			}
			wanted[c][all[i].id] = true
		}
	}
	return wanted
}

// appendCase writes a record into a case's file.
func (w *writer) appendCase(c *caseFile, k kind, data []byte) {
	size := int64(headerSize + len(data))
	w.mu.Lock()
	limit := w.options.MaxPinned
	if k == spansRecord {
		limit /= maxPerCaseShared
	}
	fits := !c.gone && c.bytes+size <= limit
	for fits && w.kept+size > w.options.MaxPinned {
		fits = w.evictCase(c)
	}
	switch {
	case fits:
		c.bytes += size
		w.kept += size
	case !c.gone:
		c.Unkept += size
	}
	w.mu.Unlock()
	if !fits {
		return
	}
	if err := w.writeCase(c, appendRecord(nil, k, data)); err != nil {
		w.mu.Lock()
		if !c.gone {
			c.bytes -= size
			w.kept -= size
			c.Unkept += size
		}
		w.mu.Unlock()
		w.warn("Spans of a case could not be written.", err)
	}
}

// writeCase appends to a case's file as a whole, or not at all.
func (w *writer) writeCase(c *caseFile, record []byte) error {
	// Only a file that is none of a link is appended to.
	before, err := w.root.Lstat(c.name)
	mode := os.O_APPEND | os.O_WRONLY
	switch {
	case errors.Is(err, os.ErrNotExist):
		mode |= os.O_CREATE | os.O_EXCL
	case err != nil:
		return err
	case !before.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", c.name)
	}
	f, err := w.root.OpenFile(c.name, mode, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if before != nil && !os.SameFile(before, info) {
		return fmt.Errorf("%s has become another file", c.name)
	}
	if _, err = f.Write(record); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(info.Size()))
	}
	return nil
}

func (c *caseFile) stored() storedCase {
	s := storedCase{Case: c.ID, At: c.At, Traces: make([]storedPinned, 0, len(c.Traces))}
	for _, p := range c.Traces {
		t := storedPinned{Trace: p.Trace.String(), Role: p.Role}
		if !p.Span.IsEmpty() {
			t.Span = p.Span.String()
		}
		s.Traces = append(s.Traces, t)
	}
	return s
}

// restore reads what stored has made. It returns false for what is none of it.
func (c *caseFile) restore(data []byte) bool {
	var s storedCase
	if json.Unmarshal(data, &s) != nil || s.Case == "" || caseName(s.Case) != c.name || len(s.Traces) > maxCaseTraces {
		return false
	}
	traces := make([]Pinned, 0, len(s.Traces))
	for _, t := range s.Traces {
		p := Pinned{Role: t.Role}
		if n, err := hex.Decode(p.Trace[:], []byte(t.Trace[:min(len(t.Trace), 2*len(p.Trace))])); err != nil || n != len(p.Trace) {
			return false
		}
		if n, err := hex.Decode(p.Span[:], []byte(t.Span[:min(len(t.Span), 2*len(p.Span))])); err != nil || n != 0 && n != len(p.Span) {
			return false
		}
		traces = append(traces, p)
	}
	c.Case = Case{ID: s.Case, At: s.At, Traces: traces, Unkept: c.Unkept}
	return true
}
