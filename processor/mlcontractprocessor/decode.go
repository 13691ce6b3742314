// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/results"
)

// keySet is the keys that are looked for. Most keys are of another length than any of them.
type keySet struct {
	results []string
	// lengths has a bit for each length below 64 that one of the keys has, and bit 63 for the rest.
	lengths uint64
}

func newKeySet(results []string) keySet {
	s := keySet{results: results}
	for _, keys := range [][]string{results, {mlconv.AttrPipelineName, mlconv.AttrTaskName, mlconv.AttrEnvironment, mlconv.AttrOlderEnvironment}} {
		for _, key := range keys {
			s.lengths |= 1 << min(len(key), 63)
		}
	}
	return s
}

// may is false for a key that is none of them.
func (s *keySet) may(key string) bool { return s.lengths>>min(len(key), 63)&1 != 0 }

// stage is what a span, or a resource, says of the stage that it belongs to, and the results of
// other tools on it.
type stage struct {
	job, task   string
	environment prediction.EnvironmentNames
	results     []pcommon.Value
}

// read walks the attributes once. Results are those of a span, or of an event; a resource has none.
func (s *stage) read(attrs pcommon.Map, keys *keySet, results bool) {
	for k, v := range attrs.All() {
		if !keys.may(k) {
			continue
		}
		switch k {
		case mlconv.AttrPipelineName:
			s.job = prediction.Text(v)
		case mlconv.AttrTaskName:
			s.task = prediction.Text(v)
		case mlconv.AttrEnvironment, mlconv.AttrOlderEnvironment:
			*s.environment.Slot(k) = prediction.Text(v)
		default:
			if results && slices.Contains(keys.results, k) {
				s.results = append(s.results, v)
			}
		}
	}
}

// checkStages checks what spans say of stages, and takes in the results of other tools.
func (p *contractProcessor) checkStages(ctx context.Context, now *contracts, td ptrace.Traces, counts *counts) {
	keys := &p.keys
	for _, rs := range td.ResourceSpans().All() {
		var resource stage
		resource.read(rs.Resource().Attributes(), keys, false)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				var own stage
				own.read(span.Attributes(), keys, true)
				for _, event := range span.Events().All() {
					own.results = keys.in(event.Attributes(), own.results)
				}
				job := cmp.Or(own.job, resource.job)
				if job == "" && len(own.results) == 0 {
					continue
				}
				if p.conditions != nil && !p.conditions.Match(ctx, rs, ss, span) {
					counts.notSelected++
					continue
				}
				checked, found := p.stage(now, rs, ss, span, stage{
					job: job, task: cmp.Or(own.task, resource.task), environment: own.environment, results: own.results,
				}, resource.environment.Environment(), counts)
				counts.stage(checked, found)
				p.marker.mark(span, found, 1)
			}
		}
	}
}

// in appends the results among the attributes of an event.
func (s *keySet) in(attrs pcommon.Map, found []pcommon.Value) []pcommon.Value {
	for k, v := range attrs.All() {
		if s.may(k) && slices.Contains(s.results, k) {
			found = append(found, v)
		}
	}
	return found
}

// stage returns what a span breaks; checked is true where something was there to check it by.
func (p *contractProcessor) stage(
	now *contracts, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span, s stage, environment string, counts *counts,
) (checked bool, found []contract.Violation) {
	if job := now.set.Job(cmp.Or(s.environment.Environment(), environment), s.job); job != nil && now.stages[job] != nil {
		var undecided []*contract.Undecided
		found, undecided = now.stages[job].Check(s.task, rs, ss, span)
		for _, u := range undecided {
			counts.undecided++
			p.sayUndecided(u)
		}
		checked = true
	}
	for _, v := range s.results {
		broken, err := results.Read(v)
		if err != nil {
			counts.unread++
			p.sayUnread(err)
			continue
		}
		found = append(found, broken...)
		checked = true
	}
	return checked, found
}

// sayUnread says that a result of another tool could not be read.
func (p *contractProcessor) sayUnread(err error) {
	if suppressed, ok := p.limiter.Allow(err.Error(), time.Now()); ok {
		p.logger.Warn("A result of another tool's checks cannot be read and does not count", zap.Error(err), zap.Int("spans_since_the_last_line", suppressed))
	}
}
