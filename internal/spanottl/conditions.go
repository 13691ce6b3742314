// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spanottl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlspan"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"
)

// Conditions are OTTL conditions of which one has to be true for a span to be looked at. They are
// safe for concurrent use.
type Conditions struct {
	logger *zap.Logger
	list   []condition
	failed atomic.Int64
}

// condition is one of them.
type condition struct {
	key      string
	compiled *ottl.Condition[spanContext]
	// reported is set by the first span on which it cannot be evaluated.
	reported atomic.Bool
}

// CheckConditions returns an error with a line for each text that is no condition: with key and index,
// the text, and what the parser says of it, which begins with line and column where the syntax is
// wrong.
func CheckConditions(key string, texts []string) error {
	var errs []error
	for i, text := range texts {
		_, err := compileCondition(at(key, i), text)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// NewConditions compiles conditions, whose key is that of the config. Without any it returns nil:
// then all spans are looked at, and nothing has to be asked. The error is that of CheckConditions.
func NewConditions(key string, texts []string, logger *zap.Logger) (*Conditions, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	if err := CheckConditions(key, texts); err != nil {
		return nil, err
	}
	c := &Conditions{logger: logger, list: make([]condition, len(texts))}
	for i, text := range texts {
		compiled, err := compileCondition(at(key, i), text)
		if err != nil {
			return nil, err
		}
		c.list[i].key, c.list[i].compiled = at(key, i), compiled
	}
	return c, nil
}

func at(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }

func compileCondition(key, text string) (*ottl.Condition[spanContext], error) {
	p, err := parser()
	if err != nil {
		return nil, err
	}
	compiled, err := p.ParseCondition(text)
	if err != nil {
		return nil, fmt.Errorf("'%s': %q: %w", key, text, err)
	}
	return compiled, nil
}

// Match is true for a span on which one of the conditions is. One that cannot be evaluated on the
// span, as when it takes a text for a number, is not true: it is counted, and named in the log the
// first time. The request's context is for what conditions ask of the client.
func (c *Conditions) Match(ctx context.Context, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) bool {
	span := ottlspan.NewTransformContextPtr(rs, ss, s)
	defer span.Close()
	for i := range c.list {
		ok, err := c.list[i].compiled.Eval(ctx, span)
		switch {
		case err != nil:
			c.fail(&c.list[i], s, err)
		case ok:
			return true
		}
	}
	return false
}

// fail counts a condition that cannot be evaluated.
func (c *Conditions) fail(failed *condition, s ptrace.Span, err error) {
	c.failed.Add(1)
	if !failed.reported.CompareAndSwap(false, true) {
		return
	}
	c.logger.Warn("A condition cannot be evaluated on some spans, which it does not select. It is said once for each condition, and counted",
		zap.String("key", failed.key), zap.Stringer("condition", failed.compiled), zap.String("span", Clip(s.Name())), zap.String("error", Clip(err.Error())))
}

// TakeFailures returns how often a condition could not be evaluated since it was last called.
func (c *Conditions) TakeFailures() int64 {
	if c == nil || c.failed.Load() == 0 {
		return 0
	}
	return c.failed.Swap(0)
}

// maxShown is how much of a name or an error is shown in the log, in bytes. Errors may quote values.
const maxShown = 120

// Clip shortens a text, such as an error, which may quote a value, for the log.
func Clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}
