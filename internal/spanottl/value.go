// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spanottl

import (
	"context"
	"fmt"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Span is a span with what it is in, as values see it. It must be closed, and not be used after.
type Span = spanContext

// NewSpan returns a span for values.
func NewSpan(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) Span {
	return ottlspan.NewTransformContextPtr(rs, ss, s)
}

// Value is an OTTL value expression. It is safe for concurrent use.
type Value struct {
	compiled *ottl.ValueExpression[spanContext]
}

// NewValue compiles an expression. The error names the key of the config, the text, and what the
// parser says of it, which begins with line and column where the syntax is wrong.
func NewValue(key, text string) (Value, error) {
	p, err := parser()
	if err != nil {
		return Value{}, err
	}
	compiled, err := p.ParseValueExpression(text)
	if err != nil {
		return Value{}, fmt.Errorf("'%s': %q: %w", key, text, err)
	}
	return Value{compiled}, nil
}

// Of returns the value on a span: nil where there is none, a string, bool, int64 or float64, or
// another type of OTTL. The error says why it cannot be evaluated, as where a number that is
// reckoned with is not there, or is 0 and divides.
func (v Value) Of(ctx context.Context, s Span) (any, error) { return v.compiled.Eval(ctx, s) }

// String returns the expression.
func (v Value) String() string { return v.compiled.String() }
