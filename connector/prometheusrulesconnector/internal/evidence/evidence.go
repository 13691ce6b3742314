// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence finds the traces that show what an alert of a rule is about: the exemplars of the series that
// its expression reads, and that have the alert's labels.
package evidence

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Trace is one exemplar.
type Trace struct {
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
	Value   float64
	Time    time.Time
}

// Record is a recording rule: what it reads, and the labels that it puts on its series.
type Record struct {
	Expr   parser.Expr
	Labels labels.Labels
}

// Records are recording rules by name. Several have one name where their labels tell their series apart.
type Records map[string][]Record

// Selectors are those of an expression, where a recorded series stands for what its rule reads. Those with more
// matchers come first: of a share, what is counted above the line is the evidence, and more special than all below.
func Selectors(expr parser.Expr, recorded Records) [][]*labels.Matcher {
	var found [][]*labels.Matcher
	seen := map[string]bool{}
	collect(expr, recorded, seen, func(ms []*labels.Matcher) { found = append(found, ms) })
	slices.SortStableFunc(found, func(a, b []*labels.Matcher) int { return cmp.Compare(len(b), len(a)) })
	return found
}

// maxSelectors bounds the selectors of one rule, through all records that it reads.
const maxSelectors = 256

func collect(expr parser.Expr, recorded Records, seen map[string]bool, found func([]*labels.Matcher)) {
	for _, ms := range parser.ExtractSelectors(expr) {
		key := spell(ms)
		if seen[key] || len(seen) >= maxSelectors {
			continue
		}
		seen[key] = true
		records, ok := recorded[metricName(ms)]
		if !ok {
			found(ms)
		}
		for _, r := range records {
			if selects(ms, r.Labels) {
				collect(r.Expr, recorded, seen, found)
			}
		}
	}
}

// selects reports whether matchers leave series with these labels, and others, in.
func selects(ms []*labels.Matcher, of labels.Labels) bool {
	for _, m := range ms {
		if of.Has(m.Name) && !m.Matches(of.Get(m.Name)) {
			return false
		}
	}
	return true
}

func spell(ms []*labels.Matcher) string {
	var b strings.Builder
	for _, m := range ms {
		b.WriteString(m.String())
		b.WriteByte(',')
	}
	return b.String()
}

func metricName(ms []*labels.Matcher) string {
	for _, m := range ms {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}

// Find returns up to most traces from exemplars between two times, of series that have no label that differs from
// the alert's: those of the first selector, then of the next ones until there are enough, each trace once.
func Find(ctx context.Context, from storage.ExemplarQueryable, selectors [][]*labels.Matcher, of labels.Labels, start, end time.Time, most int) ([]Trace, error) {
	q, err := from.ExemplarQuerier(ctx)
	if err != nil {
		return nil, err
	}
	var traces []Trace
	for _, ms := range selectors {
		results, err := q.Select(start.UnixMilli(), end.UnixMilli(), ms)
		if err != nil {
			return traces, err
		}
		traces = merge(traces, read(results, of), most)
		if len(traces) >= most {
			break
		}
	}
	return traces, nil
}

// read returns the traces of series that agree with an alert: first of those that share the most labels with it, as a
// total has predictions of all segments, and of these the latest.
func read(results []exemplar.QueryResult, of labels.Labels) []Trace {
	type ranked struct {
		Trace
		shared int
	}
	var all []ranked
	for _, r := range results {
		shared, ok := agree(r.SeriesLabels, of)
		if !ok {
			continue
		}
		for _, e := range r.Exemplars {
			if t, ok := trace(e); ok {
				all = append(all, ranked{t, shared})
			}
		}
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.shared, a.shared), b.Time.Compare(a.Time)) })
	traces := make([]Trace, len(all))
	for i := range all {
		traces[i] = all[i].Trace
	}
	return traces
}

// agree counts the labels that a series and an alert share, and reports whether none that both have differs. The
// alert's own labels, such as its severity, are not on series, or are by chance.
func agree(series, alert labels.Labels) (shared int, ok bool) {
	ok = true
	alert.Range(func(l labels.Label) {
		switch {
		case l.Name == model.MetricNameLabel || !series.Has(l.Name):
		case series.Get(l.Name) == l.Value:
			shared++
		default:
			ok = false
		}
	})
	return shared, ok
}

func trace(e exemplar.Exemplar) (Trace, bool) {
	t := Trace{Value: e.Value, Time: time.UnixMilli(e.Ts)}
	if !decode(t.TraceID[:], e.Labels.Get("trace_id")) {
		return t, false
	}
	_ = decode(t.SpanID[:], e.Labels.Get("span_id"))
	return t, true
}

func decode(id []byte, text string) bool {
	if len(text) != hex.EncodedLen(len(id)) {
		return false
	}
	_, err := hex.Decode(id, []byte(text))
	return err == nil && !allZero(id)
}

func allZero(id []byte) bool {
	for _, b := range id {
		if b != 0 {
			return false
		}
	}
	return true
}

// merge appends traces that are not there yet.
func merge(to, add []Trace, most int) []Trace {
	for _, t := range add {
		if len(to) >= most {
			break
		}
		if !slices.ContainsFunc(to, func(x Trace) bool { return x.TraceID == t.TraceID }) {
			to = append(to, t)
		}
	}
	return to
}
