// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// sayer logs each alert twice: a line when it begins and one when it is resolved. Emissions in between say the same again and are
// not logged. It is used by decideLoop alone.
type sayer struct {
	logger *zap.Logger
	// forget is how long an alert that is no longer emitted is remembered.
	forget time.Duration
	said   map[saidKey]said
}

// saidKey is one alert, from its beginning to its end.
type saidKey struct {
	fingerprint string
	startsAt    int64
}

type said struct {
	state alert.State
	seen  time.Time
}

// newSayer returns a sayer for alerts that are emitted every resend.
func newSayer(logger *zap.Logger, resend time.Duration) *sayer {
	return &sayer{logger: logger, forget: 3 * resend, said: map[saidKey]said{}}
}

// say logs what is new among the alerts that are due. Its memory is as large as the ledger of alerts, which is bounded.
func (s *sayer) say(now time.Time, due []alert.Alert) {
	for i := range due {
		a := &due[i]
		key := saidKey{fingerprint: a.Fingerprint(), startsAt: a.StartsAt.UnixNano()}
		before, known := s.said[key]
		s.said[key] = said{state: a.State, seen: now}
		if known && before.state == a.State {
			continue
		}
		if a.State == alert.Resolved {
			s.logger.Info(line("RESOLVED", a))
			continue
		}
		s.logger.Warn(line("ALERT", a))
	}
	for key, entry := range s.said {
		if now.Sub(entry.seen) > s.forget {
			delete(s.said, key)
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
