// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/buffer"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/redact"
)

// material is what there is of a case, redacted.
type material struct {
	traces []trace // with spans; named ones first
	// ids are those of all traces, those without spans, too.
	ids   []pcommon.TraceID
	notes []string
}

// trace is one of a case.
type trace struct {
	buffer.Pinned
	td ptrace.Traces
	// about is how it is called in a note.
	about string
}

// fetchMargin is how far around a case's time a trace is looked for.
const fetchMargin = 24 * time.Hour

// gather collects what there is of a case. Traces that the buffer does not have are fetched.
func (s *Store) gather(ctx context.Context, caseID string) (*material, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	c, err := s.buffer.Case(caseID)
	if err != nil {
		return nil, err
	}
	m := &material{}
	for _, p := range c.Traces {
		m.ids = append(m.ids, p.Trace)
	}
	found, err := s.buffer.Traces(ctx, caseID, m.ids)
	if err != nil {
		return nil, err
	}
	counts := redact.Counts{Removed: map[string]int{}, Masked: map[string]int{}}
	for _, named := range []bool{true, false} {
		for _, p := range c.Traces {
			if (p.Role == buffer.Named) != named {
				continue
			}
			td, note := s.trace(ctx, caseID, &c, p, found[p.Trace])
			if note != "" {
				m.notes = append(m.notes, note)
			}
			if td.SpanCount() == 0 {
				continue
			}
			removed := s.redactor.Traces(td)
			counts.Add(&removed)
			m.traces = append(m.traces, trace{p, td, s.about(p)})
		}
	}
	if !slices.ContainsFunc(c.Traces, func(p buffer.Pinned) bool { return p.Role == buffer.Named }) {
		m.notes = append(m.notes, "The alert names no trace.")
	}
	if c.Unkept > 0 {
		m.notes = append(m.notes, humanize.IBytes(uint64(c.Unkept))+" of late spans found no room.")
	}
	if note := counts.Note(); note != "" {
		m.notes = append(m.notes, note)
	}
	return m, nil
}

// trace returns the spans of a trace, and what is to be said of them.
func (s *Store) trace(ctx context.Context, caseID string, c *buffer.Case, p buffer.Pinned, data []byte) (ptrace.Traces, string) {
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err != nil {
		return ptrace.NewTraces(), fmt.Sprintf("Trace %s cannot be read: %v.", p.Trace, err)
	}
	if td.SpanCount() > 0 {
		if info, ok := s.buffer.Info(p.Trace); ok && info.Spans > td.SpanCount() && td.SpanCount() >= s.o.MaxSpansPerTrace {
			return td, fmt.Sprintf("Of trace %s %s of %s spans were kept.", p.Trace, humanize.Comma(int64(td.SpanCount())), humanize.Comma(int64(info.Spans)))
		}
		return td, ""
	}
	if p.Role != buffer.Named {
		return td, ""
	}
	if s.o.Fetch == nil {
		return td, fmt.Sprintf("Trace %s is not among the spans of the last %s.", p.Trace, age(s.o.MaxAge))
	}
	fetched, err := s.o.Fetch.Trace(ctx, p.Trace, c.At.Add(-fetchMargin), c.At.Add(fetchMargin))
	if err != nil {
		return td, fmt.Sprintf("Trace %s is not among the spans of the last %s, and could not be fetched: %v.", p.Trace, age(s.o.MaxAge), err)
	}
	bound(fetched, s.o.MaxSpansPerTrace)
	if data, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(fetched); err == nil {
		if err := s.buffer.Keep(ctx, caseID, data); err != nil {
			return fetched, fmt.Sprintf("Trace %s was fetched, and could not be kept: %v.", p.Trace, err)
		}
	}
	return fetched, ""
}

// bound leaves as many spans.
func bound(td ptrace.Traces, limit int) {
	n := 0
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.Spans().RemoveIf(func(ptrace.Span) bool { n++; return n > limit })
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
}

func age(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return strings.Replace(text, "h0m", "h", 1)
}

// about says what a trace is.
func (s *Store) about(p buffer.Pinned) string {
	info, _ := s.buffer.Info(p.Trace)
	of := ""
	switch {
	case info.Model != "" && info.Version != "":
		of = " of version " + info.Version
	case info.Job != "":
		of = " of the job's last good run"
	}
	switch p.Role {
	case buffer.Contrast:
		return fmt.Sprintf("%s (a good one%s)", p.Trace, of)
	case buffer.Previous:
		return fmt.Sprintf("%s (a good one of the previous version%s)", p.Trace, strings.TrimPrefix(of, " of version"))
	default:
		return p.Trace.String()
	}
}
