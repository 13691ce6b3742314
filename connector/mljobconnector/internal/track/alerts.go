// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// Due returns the alerts to emit now: new, changed and resolved ones, and those whose turn it is.
// All of them have been written, or say that they are not. Sent says that they have been delivered;
// if they were not, they are due again at the next call.
func (tr *Tracker) Due(now time.Time) []alert.Alert {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.ledger.alerts.Due(now)
}

// Sent notes the delivery of what Due returned. Nothing of it is stored: after a restart everything
// is due.
func (tr *Tracker) Sent(now time.Time) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.ledger.alerts.Delivered(now)
}

// raise lets the alert on a fault of a run fire.
func (tr *Tracker) raise(now time.Time, t *tracked, f judge.Fault, also []judge.Fault, goesOn bool) *entry {
	a := maps.Clone(f.Annotations)
	if a == nil {
		a = map[string]string{}
	}
	setDefault(a, "run_id", t.run.ID)
	if !t.date.IsZero() {
		date := t.run.LogicalDate
		if date == "" {
			date = t.date.Format(time.RFC3339)
		}
		setDefault(a, "logical_date", date)
	}
	if t.run.Resumes != "" {
		setDefault(a, "resumes", t.run.Resumes)
	}
	if t.backfill {
		setDefault(a, "backfill", "true")
	}
	if len(also) > 0 {
		setDefault(a, "also", sentences(also))
	}
	if link := alert.TraceURL(tr.options.TraceURL, pcommon.TraceID(f.TraceID), pcommon.SpanID(f.SpanID)); link != "" {
		a["trace_url"] = link
	}
	tr.describe(t.job, a)
	return tr.ledger.raise(now, alert.Alert{
		Name: string(f.Kind), Severity: tr.severity(t.job, f.Warning), Labels: labels(t.run.Key, f.Stage),
		Summary: f.Summary, Annotations: a, TraceID: [16]byte(f.TraceID), SpanID: [8]byte(f.SpanID),
	}, detail{
		Key: t.run.Key, Kind: f.Kind, Stage: f.Stage, Run: t.stored.Key, Order: t.order(), Running: goesOn, Warning: f.Warning,
	})
}

// describe adds what the card says.
func (tr *Tracker) describe(j *job, annotations map[string]string) {
	if j.card == nil {
		return
	}
	setDefault(annotations, "runbook_url", j.card.Alerts.Runbook)
	setDefault(annotations, "owner", j.card.Owner)
}

func setDefault(m map[string]string, name, value string) {
	if _, ok := m[name]; !ok && value != "" {
		m[name] = value
	}
}

// severity is the card's, else the config's. What is worth a warning is not more than that.
func (tr *Tracker) severity(j *job, warning bool) alert.Severity {
	s := tr.options.Severity
	if j.card != nil && j.card.Alerts.Severity != "" {
		s = alert.Severity(j.card.Alerts.Severity)
	}
	if s == "" {
		s = alert.Critical
	}
	if warning && s == alert.Critical {
		return alert.Warning
	}
	return s
}

func labels(key run.Key, stage string) map[string]string {
	l := map[string]string{"job": key.Job}
	setDefault(l, "environment", key.Environment)
	setDefault(l, "stage", stage)
	return l
}

func runName(t *tracked) string { return "run " + t.run.ID }

// faultName names a fault. Example: "StageRows of transform".
func faultName(kind judge.Kind, stage string) string {
	if stage == "" {
		return string(kind)
	}
	return string(kind) + " of " + stage
}

// sentences joins the summaries of faults, as many as fit.
func sentences(faults []judge.Fault) string {
	var b strings.Builder
	for i, f := range faults {
		s := faultName(f.Kind, f.Stage) + ": " + f.Summary
		if b.Len()+len(s) > maxText {
			fmt.Fprintf(&b, " And %d more.", len(faults)-i)
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	return b.String()
}

// maxText is the length in bytes of lists in annotations.
const maxText = 2000

// round writes a duration as people do. Example: "1h30m".
func round(d time.Duration) string {
	switch {
	case d >= time.Hour:
		d = d.Round(time.Minute)
	case d >= time.Second:
		d = d.Round(time.Second)
	}
	return words.Duration(d)
}
