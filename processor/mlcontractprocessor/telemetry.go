// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/metadata"
)

// severities are those that are told apart: as contract.Rank orders them.
var severities = [...]string{contract.Critical, contract.Warning, "other", contract.Info}

// option is an attribute set, made once.
type option []metric.AddOption

func newOption(key, value string) option {
	return option{metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))}
}

var (
	outcomeOK       = newOption("outcome", "ok")
	outcomeViolated = newOption("outcome", "violated")
	outcomeUnwanted = newOption("outcome", "not_selected")
	reasonCondition = newOption("reason", "condition")
	reasonResult    = newOption("reason", "result")
	reasonBatch     = newOption("reason", "batch")
	ofSeverity      = func() (list [len(severities)]option) {
		for i, s := range severities {
			list[i] = newOption("severity", s)
		}
		return list
	}()
)

// counts are those of one request.
type counts struct {
	checked, violated, rows      int64
	notSelected, unreadRows      int64
	undecided, unread, protected int64
	bySeverity                   [len(severities)]int64
}

func (c *counts) violations(found []contract.Violation) {
	for i := range found {
		c.bySeverity[contract.Rank(found[i].Severity)] += int64(found[i].Rows)
	}
}

// stage counts a span of a stage.
func (c *counts) stage(checked bool, found []contract.Violation) {
	if !checked {
		return
	}
	c.checked++
	if len(found) > 0 {
		c.violated++
		c.violations(found)
	}
}

func (c *counts) record(ctx context.Context, t *metadata.TelemetryBuilder) {
	add := func(to metric.Int64Counter, n int64, o option) {
		if n > 0 {
			to.Add(ctx, n, o...)
		}
	}
	add(t.MlContractSpans, c.checked-c.violated, outcomeOK)
	add(t.MlContractSpans, c.violated, outcomeViolated)
	add(t.MlContractSpans, c.notSelected, outcomeUnwanted)
	add(t.MlContractRows, c.rows, nil)
	add(t.MlContractUndecided, c.undecided, reasonCondition)
	add(t.MlContractUndecided, c.unread, reasonResult)
	add(t.MlContractUndecided, c.unreadRows, reasonBatch)
	add(t.MlContractProtectedValues, c.protected, nil)
	for i, n := range c.bySeverity {
		add(t.MlContractViolations, n, ofSeverity[i])
	}
}
