// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxViolated is how many violations of one span are read.
const maxViolated = 5000

// sources finds where data came from.
type sources struct {
	// keys are the attributes that say it, the first that is there.
	keys []string
	// resource is the one whose values are in onResource, by key.
	resource   ptrace.ResourceSpans
	onResource []string
}

// bindContract finds the attributes that say where the data came from, and that say what is wrong with
// it.
func (b *modelBinding) bindContract(keys []string, span *prediction.Span) {
	b.sources = b.sources[:0]
	for _, key := range keys {
		b.sources = append(b.sources, span.Fields.Find(key))
	}
	b.violations = span.Fields.Find(mlconv.AttrContractViolations)
}

// release keeps nothing of a request alive.
func (s *sources) release() {
	s.resource = ptrace.ResourceSpans{}
	clear(s.onResource)
}

// of returns where the data of a span came from; empty where nothing says it.
func (s *sources) of(b *modelBinding, span *prediction.Span) string {
	if span.ResourceSpans != s.resource {
		s.read(span.ResourceSpans)
	}
	for i, at := range b.sources {
		if at >= 0 {
			if x := span.At(at); x.Kind == prediction.Scalar {
				if name := x.String(); name != "" {
					return name
				}
			}
		}
		if name := s.onResource[i]; name != "" {
			return name
		}
	}
	return ""
}

// read takes the values of a resource.
func (s *sources) read(rs ptrace.ResourceSpans) {
	s.resource = rs
	s.onResource = append(s.onResource[:0], make([]string, len(s.keys))...)
	for key, v := range rs.Resource().Attributes().All() {
		for i := range s.keys {
			if key == s.keys[i] && v.Type() != pcommon.ValueTypeMap && v.Type() != pcommon.ValueTypeSlice {
				s.onResource[i] = v.AsString()
			}
		}
	}
}

// contract counts the rows of a span whose model has a contract, and what they broke.
func (c *Counter) contract(s *prediction.Span, rows int) {
	cache, b := c.last, c.bound
	if b == nil {
		if s.Fields.Find(mlconv.AttrContractViolations) < 0 {
			return // of an agent, nothing is checked
		}
		b = c.bind(s)
	} else if !cache.plan.HasContract() && b.violations < 0 {
		return
	}
	source := c.sourceID(cache, b)
	p := c.prediction(&cache.total)
	if cache.plan.HasContract() && c.bound != nil {
		checked := c.table.Checked(p, source)
		checked.Rows += c.rows
		checked.Excess += c.excess
	}
	if b.violations >= 0 {
		c.violated(cache, p, source, rows)
	}
}

// sourceID returns the id of where the data of the span at hand came from.
func (c *Counter) sourceID(cache *modelCache, b *modelBinding) uint32 {
	if cache.model.Overflow {
		return series.OverflowID
	}
	source := c.span.Bounded(c.sources.of(b, c.span))
	id, room := cache.sources.id(source)
	if !room {
		c.stats.OverflowedSources++
		c.span.Note(NoteSources, "", mlconv.AttrDataSource, source)
	}
	return id
}

// violated counts what the span at hand says that its rows broke.
func (c *Counter) violated(cache *modelCache, p *accumulators.Prediction, source uint32, rows int) {
	list, ok := c.span.Attributes.Get(mlconv.AttrContractViolated)
	if !ok || list.Type() != pcommon.ValueTypeSlice {
		c.span.FlawOf(prediction.FlawType, mlconv.AttrContractViolated, "")
		return
	}
	var each pcommon.Slice
	counted := 0
	if v, ok := c.span.Attributes.Get(mlconv.AttrContractViolatedRows); ok && v.Type() == pcommon.ValueTypeSlice {
		each = v.Slice()
		counted = each.Len()
	}
	severity := ""
	if v, ok := c.span.Attributes.Get(mlconv.AttrContractSeverity); ok && v.Type() == pcommon.ValueTypeStr {
		severity = c.span.Bounded(v.Str())
	}
	job, stage := c.stage()
	for i := range min(list.Slice().Len(), maxViolated) {
		broken := int64(1)
		if i < counted {
			broken = each.At(i).Int()
		}
		if id := list.Slice().At(i); id.Type() == pcommon.ValueTypeStr && broken > 0 {
			if job != "" && !cache.plan.Knows(id.Str()) && c.registry.OfJob(c.span.Identity.Environment, job, stage, id.Str()) {
				continue // ml_job counts it
			}
			weight, _ := accumulators.Weigh(uint32(min(broken, int64(max(rows, 1)))), c.adjusted)
			k := accumulators.ViolationKey{Check: c.checkID(cache, id.Str(), severity), Source: source}
			c.table.Violation(p, k).Add(weight, &c.ref)
		}
	}
}

// stage returns the job and the stage that the span at hand is of, as it or its resource says; empty
// where it is of none.
func (c *Counter) stage() (job, stage string) {
	text := func(key string) string {
		for _, attributes := range []pcommon.Map{c.span.Attributes, c.span.ResourceSpans.Resource().Attributes()} {
			if v, ok := attributes.Get(key); ok && v.Type() == pcommon.ValueTypeStr {
				return v.Str()
			}
		}
		return ""
	}
	if job = text(mlconv.AttrPipelineName); job == "" {
		return "", ""
	}
	return job, text(mlconv.AttrTaskName)
}

// checkID returns the id of a check that the span at hand says it broke.
func (c *Counter) checkID(cache *modelCache, broken, severity string) uint32 {
	if cache.model.Overflow {
		return series.OverflowID
	}
	if e, ok := cache.checks.ids[broken]; ok {
		return e.id
	}
	check, known := cache.plan.Check(broken)
	var id uint32
	var room bool
	if known {
		id, room = cache.checks.lookAs(check.Name(), broken)
	} else {
		check.Severity = severity
		check.Subject = c.span.Bounded(check.Subject)
		check.Check = c.span.Bounded(check.Check)
		id, room = cache.checks.id(check.Name())
	}
	if !room {
		c.stats.OverflowedChecks++
		c.span.Note(NoteChecks, "", mlconv.AttrContractViolated, strings.Clone(broken))
	}
	return id
}
