// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// encoder makes log records and spans of decisions.
type encoder struct {
	resource       pcommon.Resource
	scope, version string
}

// bad are verdicts of actions that did not end well.
var bad = []string{string(procedure.Broken), string(procedure.Unknown)}

// ids returns the trace of a run's decisions, whose id is its key, and the span of this one. What a
// procedure has done is in the span that its requests name as their parent.
func ids(d *engine.Decision) (trace pcommon.TraceID, span pcommon.SpanID) {
	what := strconv.Itoa(d.Run.Decisions)
	if d.Procedure != "" && d.Procedure != "update" {
		what = d.Procedure
	}
	decodeHex(trace[:], d.Run.Key)
	decodeHex(span[:], engine.SpanOf(d.Run.Key, what))
	return trace, span
}

// decodeHex fills to with a text of hex digits, or leaves it empty.
func decodeHex(to []byte, text string) {
	if b, err := hex.DecodeString(text); err == nil && len(b) == len(to) {
		copy(to, b)
	}
}

func (c *encoder) attributes(d *engine.Decision, to pcommon.Map) {
	put := func(key, value string) {
		if value != "" {
			to.PutStr(key, value)
		}
	}
	put(mlconv.AttrActionName, d.Run.Action)
	put(mlconv.AttrActionKind, string(d.Run.Kind))
	put(mlconv.AttrActionMode, d.Run.Mode)
	put(mlconv.AttrActionVerdict, d.Verdict)
	put(mlconv.AttrActionGuard, d.Guard)
	put(mlconv.AttrActionProcedure, d.Procedure)
	put(mlconv.AttrActionKey, d.Run.Key)
	put(mlconv.AttrActionTarget, d.Run.Target)
	put(mlconv.AttrActionVersionFrom, d.Run.From)
	put(mlconv.AttrActionVersionTo, d.Run.To)
	put(mlconv.AttrAlertName, d.Alert.Name)
	put(mlconv.AttrAlertSeverity, string(d.Alert.Severity))
	put(mlconv.AttrAlertState, string(d.Alert.State))
	put(mlconv.AttrAlertFingerprint, d.Alert.Fingerprint())
	put(mlconv.AttrModelName, d.Model.Name)
	put(mlconv.AttrEnvironment, d.Model.Environment)
}

// summary says in a sentence what was decided.
func summary(d *engine.Decision) string {
	what := d.Verdict
	if d.Guard != "" {
		what += " (" + d.Guard + ")"
	}
	what = strings.ReplaceAll(what, "_", " ")
	text := fmt.Sprintf("%s on %s: %s: %s", d.Run.Action, d.Run.Target, what, strings.TrimPrefix(d.Reason, what+": "))
	return strings.Join(append([]string{text}, d.Would...), "\nwould send ")
}

func severity(d *engine.Decision) (plog.SeverityNumber, string) {
	switch {
	case slices.Contains(bad, d.Verdict):
		return plog.SeverityNumberError, "ERROR"
	case d.Verdict == "refuse" || d.Verdict == "refused" || d.Verdict == "expired":
		return plog.SeverityNumberWarn, "WARN"
	}
	return plog.SeverityNumberInfo, "INFO"
}

// logs makes a log record of a decision.
func (c *encoder) logs(d *engine.Decision) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	c.resource.CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(c.scope)
	sl.Scope().SetVersion(c.version)
	lr := sl.LogRecords().AppendEmpty()
	lr.SetEventName(mlconv.EventAction)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(d.At))
	lr.SetObservedTimestamp(lr.Timestamp())
	number, text := severity(d)
	lr.SetSeverityNumber(number)
	lr.SetSeverityText(text)
	lr.Body().SetStr(summary(d))
	trace, span := ids(d)
	lr.SetTraceID(trace)
	lr.SetSpanID(span)
	c.attributes(d, lr.Attributes())
	repair.Logs(ld)
	return ld
}

// traces makes a span of a decision, which links to the traces of the evidence. A procedure's lasts
// as long as it, and has an event for each step.
func (c *encoder) traces(d *engine.Decision) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	c.resource.CopyTo(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(c.scope)
	ss.Scope().SetVersion(c.version)
	s := ss.Spans().AppendEmpty()
	trace, span := ids(d)
	s.SetTraceID(trace)
	s.SetSpanID(span)
	s.SetName(d.Run.Action + " " + d.Verdict)
	s.SetKind(ptrace.SpanKindInternal)
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(d.At))
	s.SetStartTimestamp(s.EndTimestamp())
	if d.Procedure != "" && !d.Started.IsZero() {
		s.SetName(d.Run.Action + " " + d.Procedure)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(d.Started))
		s.SetKind(ptrace.SpanKindClient)
	}
	if slices.Contains(bad, d.Verdict) {
		s.Status().SetCode(ptrace.StatusCodeError)
		s.Status().SetMessage(d.Reason)
	}
	c.attributes(d, s.Attributes())
	s.Attributes().PutStr(mlconv.AttrActionReason, d.Reason)
	for _, id := range d.Traces {
		s.Links().AppendEmpty().SetTraceID(id)
	}
	for _, name := range slices.SortedFunc(maps.Keys(d.Steps), func(a, b string) int { return d.Steps[a].At.Compare(d.Steps[b].At) }) {
		step := d.Steps[name]
		ev := s.Events().AppendEmpty()
		ev.SetName(name)
		ev.SetTimestamp(timestamp(step.At, s.EndTimestamp()))
		ev.Attributes().PutStr(mlconv.AttrActionStep, name)
		ev.Attributes().PutStr(mlconv.AttrActionStepState, string(step.State))
		if step.Status != 0 {
			ev.Attributes().PutInt("http.response.status_code", int64(step.Status))
		}
		if step.Error != "" {
			ev.Attributes().PutStr("exception.message", step.Error)
		}
	}
	repair.Traces(td)
	return td
}

func timestamp(t time.Time, otherwise pcommon.Timestamp) pcommon.Timestamp {
	if t.IsZero() {
		return otherwise
	}
	return pcommon.NewTimestampFromTime(t)
}
