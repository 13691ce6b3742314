// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
)

// Set are all derivations of a config, in the order in which they are worked out. It is safe for
// concurrent use.
type Set struct {
	logger *zap.Logger
	now    func() time.Time
	list   []*derivation
	counts sync.Pool
}

// Counts are the predictions by derivation, in the order of Names, and by what became of it.
type Counts [][NumOutcomes]int64

// New compiles derivations by the names of their attributes; nil where there are none. The error has
// a line for each thing that is wrong, with its key.
func New(specs map[string]Spec, logger *zap.Logger) (*Set, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	var wrong configcheck.Violations
	if n := len(specs); n > maxDerivations {
		wrong.Add("derive", "%d are more than the limit of %d", n, maxDerivations)
	}
	s := &Set{logger: logger, now: time.Now}
	for _, name := range order(specs, &wrong) {
		spec := specs[name]
		s.list = append(s.list, compile(name, &spec, &wrong))
	}
	s.counts.New = func() any {
		c := make(Counts, len(s.list))
		return &c
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Names are the attributes, in the order in which they are worked out.
func (s *Set) Names() (names []string) {
	for _, d := range s.list {
		names = append(names, d.name)
	}
	return names
}

// Traces adds to the predictions of a request what can be worked out, and calls record with what
// became of it; the counts are its own until it returns.
func (s *Set) Traces(ctx context.Context, td ptrace.Traces, record func(Counts)) {
	counts := s.counts.Get().(*Counts)
	defer func() {
		clear(*counts)
		s.counts.Put(counts)
	}()
	now := s.now()
	for _, rs := range td.ResourceSpans().All() {
		var resource prediction.Facts
		addAll(&resource, rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				kind := kindOf(span, &resource)
				if kind == prediction.None || kind == prediction.Unread {
					continue
				}
				s.span(ctx, spanottl.NewSpan(rs, ss, span), kind, now, *counts)
			}
		}
	}
	record(*counts)
}

func addAll(f *prediction.Facts, attributes pcommon.Map) {
	for k, v := range attributes.All() {
		if f.Wants(k) {
			f.Add(k, v)
		}
	}
}

// kindOf returns what a span is to predictions.
func kindOf(span ptrace.Span, resource *prediction.Facts) prediction.Kind {
	var own prediction.Facts
	addAll(&own, span.Attributes())
	if !own.Named(resource) {
		return prediction.None
	}
	_, kind := own.Identify(span, resource)
	return kind
}

// span adds to a prediction.
func (s *Set) span(ctx context.Context, span spanottl.Span, kind prediction.Kind, now time.Time, counts Counts) {
	defer span.Close()
	for i, d := range s.list {
		if kind == prediction.Bare && !d.segment {
			continue
		}
		outcome, err := d.derive(ctx, span, now)
		counts[i][outcome]++
		if outcome >= Failed {
			s.report(d, outcome, span, err)
		}
	}
}

// report says the first of each thing that may be wrong with a derivation.
func (s *Set) report(d *derivation, o Outcome, span spanottl.Span, err error) {
	if !d.reported[o].CompareAndSwap(false, true) {
		return
	}
	fields := []zap.Field{zap.String("key", d.key), zap.Stringer("expression", d.value), zap.String("span", spanottl.Clip(span.GetSpan().Name()))}
	if err != nil {
		fields = append(fields, zap.String("reason", spanottl.Clip(err.Error())))
	}
	s.logger.Warn(messages[o]+". It is said once, and counted", fields...)
}

var messages = [NumOutcomes]string{
	Failed:   "An expression cannot be evaluated on some predictions, which do not get the attribute",
	Unusable: "What an expression gives on some predictions cannot be used, and they do not get the attribute",
	Overflow: "There are more cells than 'max_cells', and some predictions get the cell " + otherCell,
}

// derivation is one of them.
type derivation struct {
	name, key string
	// value is what is worked out, or the latitude.
	value spanottl.Value
	// intervals are nil without bounds, cells without a grid; longitude goes with those.
	intervals *intervals
	cells     *cells
	longitude spanottl.Value
	overwrite bool
	segment   bool

	reported [NumOutcomes]atomic.Bool
}
