// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package alert is what every component means by an alert, and the one encoder and decoder of
// alerts as OpenTelemetry log records.
//
// An alert has one normal form (normal.go): bounded sizes, valid names, valid UTF-8, control
// characters written as they are seen (package visible), no empty values. Encoder, fingerprint and label set (record.go, identity.go) all start from it and Decode
// returns it, so that an alert is the same alert to its source, to whoever takes the record and to
// Alertmanager.
package alert

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// State says whether an alert still holds.
type State string

// The states of an alert.
const (
	Firing   State = "firing"
	Resolved State = "resolved"
)

// Severity says how much an alert matters. Our own alerts have one of the three below; those of rules that people
// write may have another word.
type Severity string

// The severities of our alerts.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Alert is one alert at one moment. Its identity is its name, its severity and its labels; it is
// the same alert for as long as these and StartsAt are the same. Numbers, ids and messages are
// annotations.
type Alert struct {
	// Name is the kind of fault, in CamelCase as Prometheus' alert names are. Example: "JobFailed".
	Name     string
	Severity Severity
	State    State
	// Labels are the rest of the identity. Example: {"job": "recsys_daily", "stage": "train"}.
	// "alertname" and "severity" are not among them; an empty value is the same as none.
	Labels map[string]string
	// Annotations are facts that may change while the alert holds. Example: {"run_id":
	// "scheduled__2026-11-22"}. "summary" is not among them.
	Annotations map[string]string
	// Summary is one sentence, with the numbers in it, that a person can act on: the record's body.
	Summary string
	// StartsAt is when the alert began; EndsAt when it was resolved, zero while it fires.
	StartsAt, EndsAt time.Time
	// TraceID and SpanID are of the best piece of evidence; zero if there is none.
	TraceID pcommon.TraceID
	SpanID  pcommon.SpanID
}
