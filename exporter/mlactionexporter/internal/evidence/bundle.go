// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/buffer"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/waterfall"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
)

// Files returns the files of a case, which are made when they are asked for: OTLP JSON as collector's file exporter
// writes it, one request on one line, compressed and not.
func (s *Store) Files(caseID string) map[string]procedure.File {
	return map[string]procedure.File{
		action.Traces: func(ctx context.Context, limit int) (procedure.Attachment, error) {
			return s.Bundle(ctx, caseID, limit, true)
		},
		action.TracesJSON: func(ctx context.Context, limit int) (procedure.Attachment, error) {
			return s.Bundle(ctx, caseID, limit, false)
		},
	}
}

// Describe returns what templates read as evidence: waterfall, trace_ids, links and note.
func (s *Store) Describe(ctx context.Context, caseID string) map[string]any {
	ids, links := []any{}, []any{}
	out := map[string]any{"waterfall": "", "trace_ids": ids, "links": links, "note": ""}
	m, err := s.gather(ctx, caseID)
	if err != nil {
		out["note"] = fmt.Sprintf("There is no trace: %v.", err)
		return out
	}
	for _, id := range m.ids {
		ids = append(ids, id.String())
		if s.o.Links != nil {
			for _, l := range s.o.Links(id) {
				links = append(links, map[string]any{"text": l.Text, "href": l.Href})
			}
		}
	}
	out["trace_ids"], out["links"] = ids, links
	if len(m.traces) > 0 && m.traces[0].Role == buffer.Named {
		o := s.o.Waterfall
		o.Span = m.traces[0].Span
		out["waterfall"] = waterfall.Render(m.traces[0].td, o)
	}
	out["note"] = strings.Join(append(m.listed(m.traces), m.notes...), " ")
	return out
}

// listed says which traces there are.
func (m *material) listed(traces []trace) []string {
	var named, others []string
	for i := range traces {
		if traces[i].Role == buffer.Named {
			named = append(named, traces[i].about)
		} else {
			others = append(others, traces[i].about)
		}
	}
	var out []string
	if len(named) > 1 {
		out = append(out, "Traces "+strings.Join(named, ", ")+".")
	}
	if len(others) > 0 {
		out = append(out, "To compare with: "+strings.Join(others, ", ")+".")
	}
	return out
}

// errTooSmall is returned where not even one span fits.
var errTooSmall = errors.New("the limit is too small for a span")

// Bundle returns the traces of a case as a file of at most limit bytes. Where they do not fit, traces to compare with
// are left out first, then spans that are far from the one that the alert names and from errors, then the ends of long
// values; the note says so. It has the traces that there are; the error says that there is none.
func (s *Store) Bundle(ctx context.Context, caseID string, limit int, compress bool) (procedure.Attachment, error) {
	m, err := s.gather(ctx, caseID)
	if err != nil {
		return procedure.Attachment{}, err
	}
	if len(m.traces) == 0 {
		return procedure.Attachment{}, fmt.Errorf("there are no spans: %s", strings.Join(m.notes, " "))
	}
	p := &packing{ctx: ctx, limit: limit, compress: compress}
	data, kept, err := p.pack(m.traces)
	if err != nil {
		return procedure.Attachment{}, err
	}
	a := procedure.Attachment{Name: "trace-" + m.traces[0].Trace.String() + ".json", ContentType: "application/json", Data: data}
	if compress {
		a.Name, a.ContentType = a.Name+".gz", "application/gzip"
	}
	a.Note = strings.Join(append(append(m.listed(m.traces[:kept]), p.notes...), m.notes...), " ")
	return a, nil
}

// packing makes a file that fits.
type packing struct {
	ctx      context.Context
	limit    int
	compress bool
	notes    []string
}

// pack returns a file and of how many of the traces it is.
func (p *packing) pack(traces []trace) ([]byte, int, error) {
	spans := 0
	for i := range traces {
		spans += traces[i].td.SpanCount()
	}
	named := 0
	for named < len(traces) && traces[named].Role == buffer.Named {
		named++
	}
	named = max(named, 1)
	for n := len(traces); n >= named; n-- {
		data, err := p.encode(whole(traces[:n]))
		if err != nil {
			return nil, 0, err
		}
		if len(data) <= p.limit {
			p.leftOut(traces[n:])
			return data, n, nil
		}
	}
	p.leftOut(traces[named:])
	traces = traces[:named]
	ranked := rank(traces)
	data, kept, err := p.most(ranked)
	if err == nil && kept < ranked.needed {
		// What is needed to understand it does not fit as it is.
		short := ranked.shortened(maxShort)
		if d, n, e := p.most(short); e == nil && n > kept {
			data, kept = d, n
			p.notes = append(p.notes, fmt.Sprintf("Values are cut after %d bytes.", maxShort))
		}
	}
	if errors.Is(err, errTooSmall) {
		data, kept, err = p.most(ranked.shortened(maxShort))
		p.notes = append(p.notes, fmt.Sprintf("Values are cut after %d bytes.", maxShort))
	}
	if err != nil {
		return nil, 0, err
	}
	if left := len(ranked.spans) - kept; left > 0 {
		p.notes = append([]string{fmt.Sprintf("%s of %s spans were left out: limit %d bytes.", humanize.Comma(int64(left)), humanize.Comma(int64(len(ranked.spans))), p.limit)}, p.notes...)
	}
	return data, named, nil
}

func (p *packing) leftOut(traces []trace) {
	if len(traces) > 0 {
		n := "1 trace"
		if len(traces) > 1 {
			n = fmt.Sprintf("%d traces", len(traces))
		}
		p.notes = append(p.notes, fmt.Sprintf("%s to compare with left out: limit %d bytes.", n, p.limit))
	}
}

// Bounds of the search for how many spans fit: it ends when it is near enough.
const (
	maxProbes = 12
	nearShare = 50
)

// most returns a file of as many spans, the most important ones, as fit.
func (p *packing) most(r *ranking) ([]byte, int, error) {
	fits, not := 0, len(r.spans)+1
	var best []byte
	guess := len(r.spans)
	for range maxProbes {
		if not-fits <= max(1, fits/nearShare) {
			break
		}
		guess = min(max(guess, fits+1), not-1)
		data, err := p.encode(r.first(guess))
		if err != nil {
			return nil, 0, err
		}
		if len(data) <= p.limit {
			best, fits = data, guess
		} else {
			not = guess
		}
		// The size grows about as the number does; the middle is where that is of no use.
		next := int(float64(guess) * float64(p.limit) / float64(len(data)) * 0.98)
		if next <= fits || next >= not {
			next = (fits + not) / 2
		}
		guess = next
	}
	if fits == 0 {
		// The search may have ended above the first few.
		data, err := p.encode(r.first(1))
		if err != nil || len(data) > p.limit {
			return nil, 0, errors.Join(err, errTooSmall)
		}
		best, fits = data, 1
	}
	return best, fits, nil
}

// encode writes spans as a file.
func (p *packing) encode(td ptrace.Traces) ([]byte, error) {
	if err := p.ctx.Err(); err != nil {
		return nil, err
	}
	data, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	if err != nil {
		return nil, err
	}
	data = append(data, '\n')
	if !p.compress {
		return data, nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// whole is all spans of traces.
func whole(traces []trace) ptrace.Traces {
	out := ptrace.NewTraces()
	for i := range traces {
		for _, rs := range traces[i].td.ResourceSpans().All() {
			rs.CopyTo(out.ResourceSpans().AppendEmpty())
		}
	}
	return out
}
