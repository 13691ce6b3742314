// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package alertlog writes alerts into the log of the collector.
package alertlog

import (
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// Log logs each alert twice: a line when it begins and one when it is resolved. Emissions in
// between say the same again and are not logged. It is for one goroutine.
type Log struct {
	logger *zap.Logger
	// forget is how long an alert that is no longer emitted is remembered.
	forget time.Duration
	logged map[key]logged
}

// key is one alert, from its beginning to its end.
type key struct {
	fingerprint string
	startsAt    int64
}

// logged is what was logged of an alert last, and when it was emitted last.
type logged struct {
	state alert.State
	seen  time.Time
}

// New returns a log of alerts that are emitted every resend.
func New(logger *zap.Logger, resend time.Duration) *Log {
	return &Log{logger: logger, forget: 3 * resend, logged: map[key]logged{}}
}

// Record logs what is new among the alerts that are due. Its memory is as large as the ledger of
// alerts, which is bounded.
func (l *Log) Record(now time.Time, due []alert.Alert) {
	for i := range due {
		a := &due[i]
		k := key{fingerprint: a.Fingerprint(), startsAt: a.StartsAt.UnixNano()}
		before, known := l.logged[k]
		l.logged[k] = logged{state: a.State, seen: now}
		if known && before.state == a.State {
			continue
		}
		if a.State == alert.Resolved {
			l.logger.Info(line("RESOLVED", a))
			continue
		}
		l.logger.Warn(line("ALERT", a))
	}
	for k, entry := range l.logged {
		if now.Sub(entry.seen) > l.forget {
			delete(l.logged, k)
		}
	}
}

// line is an alert in one line: what, in which job and stage, why, and where to look.
func line(what string, a *alert.Alert) string {
	words := []string{what, a.Name + ":", strings.Join(strings.Fields(a.Summary), " ")}
	if link := a.Annotations["trace_url"]; link != "" {
		words = append(words, link)
	} else if !a.TraceID.IsEmpty() {
		words = append(words, "trace "+a.TraceID.String())
	}
	return strings.Join(words, " ")
}
