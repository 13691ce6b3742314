// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// ErrNoAlert is returned for a record whose EventName is not ml.alert.
var ErrNoAlert = errors.New("the EventName is not " + mlconv.EventAlert)

// Is tells whether a record is an alert, readable or not.
func Is(lr plog.LogRecord) bool { return lr.EventName() == mlconv.EventAlert }

// Encode writes the alert, in its normal form, into an empty record: EventName ml.alert; Timestamp
// when it began; severity number and text; the summary as body; name, state, severity, fingerprint,
// end, labels and annotations as flat attributes; trace and span id. The name and StartsAt, from
// 1970 to 2261, must be set. ObservedTimestamp is left to the source: when it emits the record.
func (a *Alert) Encode(lr plog.LogRecord) {
	n := a.normal()
	lr.SetEventName(mlconv.EventAlert)
	lr.SetTimestamp(timestamp(n.StartsAt))
	lr.SetSeverityNumber(n.Severity.Number())
	lr.SetSeverityText(string(n.Severity))
	lr.Body().SetStr(n.Summary)
	lr.SetTraceID(n.TraceID)
	lr.SetSpanID(n.SpanID)

	attributes := lr.Attributes()
	attributes.EnsureCapacity(5 + len(n.Labels) + len(n.Annotations))
	attributes.PutStr(mlconv.AttrAlertName, n.Name)
	attributes.PutStr(mlconv.AttrAlertState, string(n.State))
	attributes.PutStr(mlconv.AttrAlertSeverity, string(n.Severity))
	attributes.PutStr(mlconv.AttrAlertFingerprint, fingerprint(n.labelSet()))
	if n.State == Resolved {
		attributes.PutStr(mlconv.AttrAlertEnd, n.EndsAt.Format(time.RFC3339Nano))
	}
	for _, name := range slices.Sorted(maps.Keys(n.Labels)) {
		attributes.PutStr(mlconv.PrefixAlertLabel+name, n.Labels[name])
	}
	for _, name := range slices.Sorted(maps.Keys(n.Annotations)) {
		attributes.PutStr(mlconv.PrefixAlertAnnotation+name, n.Annotations[name])
	}
}

// Decode reads an alert in its normal form. A record that is no alert gives ErrNoAlert; one that
// lacks what an alert needs (name, state, severity, Timestamp and, when resolved, the end) gives an
// error that names each of them. The fingerprint is not read: it follows from the labels, which a
// processor may have changed.
func Decode(lr plog.LogRecord) (Alert, error) {
	a, _, err := Read(lr)
	return a, err
}

// Read is Decode, and says what was longer than its bound, or too many.
func Read(lr plog.LogRecord) (Alert, Cuts, error) {
	if !Is(lr) {
		return Alert{}, Cuts{}, ErrNoAlert
	}
	a := Alert{
		Summary: lr.Body().AsString(), TraceID: lr.TraceID(), SpanID: lr.SpanID(),
		Labels: map[string]string{}, Annotations: map[string]string{},
	}
	var end string
	for key, value := range lr.Attributes().All() {
		switch key {
		case mlconv.AttrAlertName:
			a.Name = value.AsString()
		case mlconv.AttrAlertState:
			a.State = State(value.AsString())
		case mlconv.AttrAlertSeverity:
			a.Severity = Severity(value.AsString())
		case mlconv.AttrAlertEnd:
			end = value.AsString()
		default:
			if name, ok := strings.CutPrefix(key, mlconv.PrefixAlertLabel); ok {
				a.Labels[name] = value.AsString()
			} else if name, ok := strings.CutPrefix(key, mlconv.PrefixAlertAnnotation); ok {
				a.Annotations[name] = value.AsString()
			}
		}
	}

	var errs []error
	if a.Name == "" {
		errs = append(errs, fmt.Errorf("'%s' is missing", mlconv.AttrAlertName))
	}
	if !a.Severity.valid() {
		errs = append(errs, fmt.Errorf("'%s': %s is no word, such as %s, %s or %s", mlconv.AttrAlertSeverity, quote(string(a.Severity)), Critical, Warning, Info))
	}
	a.StartsAt = lr.Timestamp().AsTime()
	if lr.Timestamp() == 0 || !inRange(a.StartsAt) {
		errs = append(errs, fmt.Errorf("the Timestamp, when the alert began, is missing or not from 1970 to %d", lastYear))
	}
	switch a.State {
	case Firing:
	case Resolved:
		var err error
		if a.EndsAt, err = parseEnd(end); err != nil {
			errs = append(errs, err)
		}
	default:
		errs = append(errs, fmt.Errorf("'%s': %s is neither %s nor %s", mlconv.AttrAlertState, quote(string(a.State)), Firing, Resolved))
	}
	if err := errors.Join(errs...); err != nil {
		return Alert{}, Cuts{}, err
	}
	n, cuts := a.bounded()
	return n, cuts, nil
}

func parseEnd(end string) (time.Time, error) {
	if end == "" {
		return time.Time{}, fmt.Errorf("'%s' is missing, and the alert is resolved", mlconv.AttrAlertEnd)
	}
	t, err := time.Parse(time.RFC3339Nano, end)
	if err != nil || !inRange(t) {
		return time.Time{}, fmt.Errorf("'%s': %s is no RFC 3339 time from 1970 to %d", mlconv.AttrAlertEnd, quote(end), lastYear)
	}
	return t, nil
}

// lastYear is the last one that nanoseconds since 1970 can say in full.
const lastYear = 2261

func inRange(t time.Time) bool { return !t.Before(time.Unix(0, 0)) && t.UTC().Year() <= lastYear }

func timestamp(t time.Time) pcommon.Timestamp {
	if t.IsZero() {
		return 0
	}
	return pcommon.NewTimestampFromTime(t)
}

// quote returns a value from a record as an error may show it.
func quote(s string) string { return fmt.Sprintf("%q", text(s, 64, visible.Line)) }
