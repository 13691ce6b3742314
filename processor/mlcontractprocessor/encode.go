// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcontractprocessor

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/personal"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/processor/mlcontractprocessor/internal/privacy"
)

// marker marks spans.
type marker struct {
	events Events
	guard  *privacy.Guard
}

// mark puts violations on a span of a number of rows. A check that the span says already that it
// broke, as a collector before this one has found, is not said again.
func (m *marker) mark(span ptrace.Span, found []contract.Violation, rows int) {
	attrs := span.Attributes()
	if v, ok := attrs.Get(mlconv.AttrContractViolated); ok && v.Type() == pcommon.ValueTypeSlice {
		found = slices.DeleteFunc(found, func(f contract.Violation) bool { return contains(v.Slice(), f.ID()) })
	}
	if len(found) == 0 {
		return
	}
	slices.SortStableFunc(found, func(a, b contract.Violation) int {
		return cmp.Compare(contract.Rank(a.Severity), contract.Rank(b.Severity))
	})
	m.putAttributes(attrs, found, rows)
	if span.EndTimestamp() == 0 {
		m.putEvents(span, found, rows, span.StartTimestamp())
	} else {
		m.putEvents(span, found, rows, span.EndTimestamp())
	}
}

func contains(list pcommon.Slice, id string) bool {
	for _, v := range list.All() {
		if v.Str() == id {
			return true
		}
	}
	return false
}

func (m *marker) putAttributes(attrs pcommon.Map, found []contract.Violation, rows int) {
	attrs.EnsureCapacity(attrs.Len() + 4)
	total := int64(0)
	violated := slice(attrs, mlconv.AttrContractViolated)
	violated.EnsureCapacity(violated.Len() + len(found))
	for i := range found {
		total += int64(found[i].Rows)
		violated.AppendEmpty().SetStr(found[i].ID())
	}
	if _, there := attrs.Get(mlconv.AttrContractViolatedRows); rows > 1 || there {
		each := slice(attrs, mlconv.AttrContractViolatedRows)
		for i := range found {
			each.AppendEmpty().SetInt(int64(found[i].Rows))
		}
	}
	count, _ := attrs.GetOrPutEmpty(mlconv.AttrContractViolations)
	count.SetInt(count.Int() + total)
	severity, there := attrs.GetOrPutEmpty(mlconv.AttrContractSeverity)
	if !there || contract.Rank(found[0].Severity) < contract.Rank(severity.Str()) {
		severity.SetStr(found[0].Severity)
	}
}

// slice returns the list of an attribute.
func slice(attrs pcommon.Map, key string) pcommon.Slice {
	v, _ := attrs.GetOrPutEmpty(key)
	if v.Type() != pcommon.ValueTypeSlice {
		return v.SetEmptySlice()
	}
	return v.Slice()
}

// putEvents says of each check what was found and what is expected.
func (m *marker) putEvents(span ptrace.Span, found []contract.Violation, rows int, at pcommon.Timestamp) {
	for i := range found[:min(len(found), m.events.Limit)] {
		f := &found[i]
		e := span.Events().AppendEmpty()
		e.SetName(mlconv.EventContractViolation)
		e.SetTimestamp(at)
		attrs := e.Attributes()
		attrs.EnsureCapacity(6)
		attrs.PutStr(mlconv.AttrContractCheck, f.Name)
		if subject := cmp.Or(f.Feature, f.Attribute); subject != "" {
			attrs.PutStr(mlconv.AttrFeatureName, subject)
		}
		if m.shows(f) {
			attrs.PutStr(mlconv.AttrContractObserved, f.Observed)
		}
		attrs.PutStr(mlconv.AttrContractExpected, f.Expected())
		attrs.PutStr(mlconv.AttrContractSeverity, f.Severity)
		if rows > 1 {
			attrs.PutInt(mlconv.AttrContractRow, int64(f.Row))
		}
	}
}

// shows is true for a value that may be shown.
func (m *marker) shows(f *contract.Violation) bool {
	if !m.events.Observed || f.Observed == "" || f.Kind == contract.JSONSchema {
		return false
	}
	return !m.guard.Hides(cmp.Or(f.Feature, f.Attribute)) && !personal.Text(f.Observed)
}
