// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluate

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/evidence"
)

// ExemplarQuery is the annotation with which a rule names the series whose exemplars are the evidence of its
// alerts, as a selector. Without it they are those that its expression reads.
const ExemplarQuery = "exemplar_query"

// evidenceRange is how far before the moment when an alert's condition began to hold evidence may lie. What a rule names
// itself may be older, as predictions are that a drift is made of.
const evidenceRange = 15 * time.Minute

// maxTraces is how many traces an alert names.
const maxTraces = 3

// sources knows what the rules read. It is made anew with each Load.
type sources struct {
	parser   parser.Parser
	recorded evidence.Records
	mu       sync.Mutex
	byRule   map[*rules.AlertingRule][][]*labels.Matcher
}

func newSources(groups []*rules.Group, p parser.Parser) *sources {
	s := &sources{parser: p, recorded: evidence.Records{}, byRule: map[*rules.AlertingRule][][]*labels.Matcher{}}
	for _, g := range groups {
		for _, r := range g.Rules() {
			if rec, ok := r.(*rules.RecordingRule); ok {
				s.recorded[rec.Name()] = append(s.recorded[rec.Name()], evidence.Record{Expr: rec.Query(), Labels: rec.Labels()})
			}
		}
	}
	return s
}

func (s *sources) selectors(r *rules.AlertingRule) [][]*labels.Matcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byRule[r]
	if !ok {
		found = evidence.Selectors(r.Query(), s.recorded)
		s.byRule[r] = found
	}
	return found
}

// Traces returns the traces that show an alert of a rule.
func (e *Evaluator) Traces(ctx context.Context, r *rules.AlertingRule, of *rules.Alert, now time.Time) []evidence.Trace {
	e.mu.Lock()
	s := e.evidence
	e.mu.Unlock()
	selectors, since := s.selectors(r), of.ActiveAt.Add(-evidenceRange)
	if query := of.Annotations.Get(ExemplarQuery); query != "" {
		if named, err := e.parser.ParseMetricSelector(query); err == nil {
			selectors, since = [][]*labels.Matcher{named}, time.Unix(0, 0)
		} else {
			e.o.Logger.Warn("The annotation "+ExemplarQuery+" of a rule is no selector", "alert", r.Name(), "err", err)
		}
	}
	traces, err := evidence.Find(ctx, e.db, selectors, of.Labels, since, now, maxTraces)
	if err != nil {
		e.o.Logger.Warn("Exemplars of an alert could not be read", "alert", r.Name(), "err", err)
	}
	return traces
}
