// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The values of attributes may be of another type than the vocabulary says: numbers come as strings, ids as numbers. What can be
// read without a guess is, everything else is counted and left out.

// text sets a name and reports whether it did. An empty value is the same as none.
func (r *reader) text(v pcommon.Value, to *string) bool {
	switch v.Type() {
	case pcommon.ValueTypeStr, pcommon.ValueTypeInt:
	case pcommon.ValueTypeEmpty:
		return false
	default:
		r.misread(v)
		return false
	}
	if s := text(v); s != "" {
		*to = r.name(s)
		return true
	}
	return false
}

// misread counts an attribute, that of r.key, whose value cannot be used, and keeps the first one for the log.
func (r *reader) misread(v pcommon.Value) {
	if r.unreadable++; r.unreadable == 1 {
		r.firstUnreadable = r.misreadAt(v.AsString())
	}
}

// noteUnreadable is misread for what is no attribute.
func (r *reader) noteUnreadable(value string) {
	if r.unreadable++; r.unreadable == 1 {
		r.firstUnreadable = r.misreadAt(value)
	}
}

// misreadAt says where a value stood. Keys with a name of the user's own count as their prefix.
func (r *reader) misreadAt(value string) misread {
	key := r.key
	for _, prefix := range []string{mlconv.PrefixStageNullRatio, mlconv.PrefixStageMetric} {
		if strings.HasPrefix(key, prefix) {
			name, _ := boundedname.Cut(key)
			key, value = prefix+"*", name+" = "+value
		}
	}
	return misread{key: key, value: cut(value, maxShown), span: len(r.spans) + r.ahead}
}

// name bounds a name.
func (r *reader) name(s string) string {
	short, wasCut := boundedname.Cut(s)
	if wasCut {
		if r.cuts++; r.cuts == 1 {
			r.firstCut = r.misreadAt(short)
		}
	}
	return short
}

// logicalDate sets a date as it came, and counts one that cannot be read.
func (r *reader) logicalDate(v pcommon.Value, s *run.Span) {
	if !r.text(v, &s.LogicalDate) || s.LogicalDate == r.date {
		return
	}
	if _, ok := run.ParseDate(s.LogicalDate, nil); !ok {
		r.misread(v)
		return
	}
	r.date = s.LogicalDate
}

// text returns a string, or an integer in decimal; empty for anything else.
func text(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeInt:
		return strconv.FormatInt(v.Int(), 10)
	default:
		return ""
	}
}

// cut cuts a text to a length in bytes, between two characters, and marks that with a "…".
func cut(s string, longest int) string {
	const mark = "…"
	if len(s) <= longest {
		return s
	}
	end := longest - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end]) + mark // the rest shall not stay alive
}

// count sets a number from 1 on.
func (r *reader) count(v pcommon.Value, to *int) {
	n, ok := integer(v)
	if !ok || n < 1 || n > math.MaxInt32 {
		r.misread(v)
		return
	}
	*to = int(n)
}

// rows sets a number from 0 on.
func (r *reader) rows(v pcommon.Value, to *int64) {
	n, ok := integer(v)
	if !ok || n < 0 {
		r.misread(v)
		return
	}
	*to = n
}

// value adds a named number.
func (r *reader) value(s *run.Span, to *[]run.Value, name string, value float64, ok bool, v pcommon.Value) {
	switch {
	case !ok || name == "":
		r.misread(v)
	case len(*to) == maxValues:
		s.Dropped = true
	default:
		*to = append(*to, run.Value{Name: r.name(name), Value: value})
	}
}

// results are the values of cicd.pipeline.result and cicd.pipeline.task.run.result.
var results = [...]run.Outcome{run.Success, run.Failure, run.Error, run.Timeout, run.Cancellation, run.Skip}

// skipped is what many systems write for skip.
const skipped = "skipped"

// result sets an outcome; upper and lower case are the same.
func (r *reader) result(v pcommon.Value, to *run.Outcome) {
	if v.Type() == pcommon.ValueTypeStr {
		for _, o := range results {
			if strings.EqualFold(v.Str(), o.String()) {
				*to = o
				return
			}
		}
		if strings.EqualFold(v.Str(), skipped) {
			*to = run.Skip
			return
		}
	}
	if v.Type() != pcommon.ValueTypeEmpty {
		r.misread(v)
	}
}

// integer reads 3, 3.0, "3" and "3.0".
func integer(v pcommon.Value) (int64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int(), true
	case pcommon.ValueTypeStr:
		if n, err := strconv.ParseInt(strings.TrimSpace(v.Str()), 10, 64); err == nil {
			return n, true
		}
	default:
	}
	f, ok := float(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 { // NaN is not equal to itself
		return 0, false
	}
	return int64(f), true
}

// float reads 0.91, 1 and "0.91", also NaN and infinities.
func float(v pcommon.Value) (float64, bool) {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		return v.Double(), true
	case pcommon.ValueTypeInt:
		return float64(v.Int()), true
	case pcommon.ValueTypeStr:
		f, err := strconv.ParseFloat(strings.TrimSpace(v.Str()), 64)
		return f, err == nil
	default:
		return 0, false
	}
}

// boolean reads true and "true".
func boolean(v pcommon.Value) (value, ok bool) {
	switch v.Type() {
	case pcommon.ValueTypeBool:
		return v.Bool(), true
	case pcommon.ValueTypeStr:
		return strings.EqualFold(v.Str(), "true"), strings.EqualFold(v.Str(), "true") || strings.EqualFold(v.Str(), "false")
	default:
		return false, false
	}
}
