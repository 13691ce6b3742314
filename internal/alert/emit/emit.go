// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package emit hands the alerts that a component raises, and other records of it, to a pipeline of
// logs.
package emit

import (
	"context"
	"maps"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// Outcome is what became of an emission.
type Outcome string

// The outcomes of an emission.
const (
	Sent    Outcome = "sent"
	Refused Outcome = "refused" // for good: the same records would be refused again
	Failed  Outcome = "failed"  // the next attempt may succeed
)

// Settled reports whether the emission is not to be made again before its turn comes.
func (o Outcome) Settled() bool { return o != Failed }

// Emitter emits the alerts of one component.
type Emitter struct {
	// Resource, Scope and Version are the component's.
	Resource       pcommon.Resource
	Scope, Version string
	// Timeout is how long an emission may take.
	Timeout time.Duration
	Logger  *zap.Logger
	// LineBreaks leaves the line feeds and tabs of annotations: people have written them. Without, all
	// of an annotation may be telemetry's, and is on one line.
	LineBreaks bool
}

// Emit sends alerts that are due now, a record each, and logs what goes wrong.
func (e *Emitter) Emit(ctx context.Context, next consumer.Logs, now time.Time, due []alert.Alert) Outcome {
	return e.send(ctx, next, "Alerts", "they are emitted again at the next resend", func(to plog.LogRecordSlice) {
		to.EnsureCapacity(len(due))
		for i := range due {
			lr := to.AppendEmpty()
			a := due[i]
			if !e.LineBreaks {
				a.Annotations = lines(a.Annotations)
			}
			a.Encode(lr)
			lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
		}
	})
}

// lines returns annotations on a line each. They are copied where one has more.
func lines(annotations map[string]string) map[string]string {
	var out map[string]string
	for name, text := range annotations {
		if line := visible.Line(text); line != text {
			if out == nil {
				out = maps.Clone(annotations)
			}
			out[name] = line
		}
	}
	if out == nil {
		return annotations
	}
	return out
}

// EmitRecords sends other records of the component, which put makes, and logs what goes wrong; what
// says what they are.
func (e *Emitter) EmitRecords(ctx context.Context, next consumer.Logs, what string, put func(plog.LogRecordSlice)) Outcome {
	return e.send(ctx, next, what, "they are lost", put)
}

// send sends the records that put makes; refused says what becomes of those that are refused.
func (e *Emitter) send(ctx context.Context, next consumer.Logs, what, refused string, put func(plog.LogRecordSlice)) Outcome {
	limited, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	e.Resource.CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(e.Scope)
	sl.Scope().SetVersion(e.Version)
	put(sl.LogRecords())
	repair.Logs(ld) // what a store has of an older version
	n := zap.Int("records", sl.LogRecords().Len())
	switch err := next.ConsumeLogs(limited, ld); {
	case err == nil:
		return Sent
	case consumererror.IsPermanent(err):
		e.Logger.Error(what+" were refused; "+refused, n, zap.Error(err))
		return Refused
	default:
		e.Logger.Warn(what+" were not delivered; they are emitted again", n, zap.Error(err))
		return Failed
	}
}
