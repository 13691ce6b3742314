// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spanottl

import (
	"context"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Condition is one OTTL condition. It is safe for concurrent use.
type Condition struct{ compiled *ottl.Condition[spanContext] }

// NewCondition compiles a condition; the error is what the parser says of it.
func NewCondition(text string) (*Condition, error) {
	p, err := parser()
	if err != nil {
		return nil, err
	}
	compiled, err := p.ParseCondition(text)
	if err != nil {
		return nil, err
	}
	return &Condition{compiled}, nil
}

// Holds evaluates the condition on a span. The error says why it cannot be.
func (c *Condition) Holds(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) (bool, error) {
	span := ottlspan.NewTransformContextPtr(rs, ss, s)
	defer span.Close()
	return c.compiled.Eval(context.Background(), span)
}
