// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

const (
	// sendTimeout is how long an emission may take; what was not delivered by then is due again.
	sendTimeout = 30 * time.Second
	// soonest is the shortest time between two rounds of decideLoop that no batch has asked for.
	soonest = 10 * time.Millisecond
)

// decideLoop sleeps until the tracker has something to do, has it done and emits the alerts that are due.
//
//	Next ──► sleep ──► Tick ──► Due ──► logs ──► Sent
//	  ▲        ▲                                  │
//	  │        └─ a batch: ask Next again         │
//	  └───────────────────────────────────────────┘
func (s *state) decideLoop(ctx context.Context) {
	defer s.loops.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.woken:
			if next := s.tracker.Next(); next.IsZero() || next.After(time.Now()) {
				sleep(timer, next)
				continue
			}
		case <-timer.C:
		}
		now := time.Now()
		s.deciding.Lock()
		err := s.tracker.Tick(ctx, now)
		s.deciding.Unlock()
		if err != nil && ctx.Err() == nil {
			s.complain.about(s.logger, now, err)
		}
		s.emitAlerts(ctx, now)
		sleep(timer, s.tracker.Next())
	}
}

// sleep sets a timer; zero is never.
func sleep(timer *time.Timer, until time.Time) {
	if until.IsZero() {
		timer.Stop()
		return
	}
	timer.Reset(max(time.Until(until), soonest))
}

// emitAlerts emits the alerts that are due. Without an edge to logs they count as delivered: they are still counted and kept.
func (s *state) emitAlerts(ctx context.Context, now time.Time) {
	due := s.tracker.Due(now)
	if len(due) == 0 {
		return
	}
	s.sayer.say(now, due)
	if s.logs == nil {
		s.tracker.Sent(now)
		return
	}
	ld := alert.Logs(due, s.resource, metadata.ScopeName, s.version, now)
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err := s.logs.ConsumeLogs(limited, ld)
	outcome := outcomeSent
	switch {
	case err == nil:
		s.tracker.Sent(now)
	case consumererror.IsPermanent(err):
		// Nothing else would become of them a second later.
		outcome = outcomeRefused
		s.tracker.Sent(now)
		s.logger.Error("Alerts were refused; they are emitted again at the next resend", zap.Int("alerts", len(due)), zap.Error(err))
	default:
		outcome = outcomeFailed
		s.logger.Warn("Alerts were not delivered; they are emitted again", zap.Int("alerts", len(due)), zap.Error(err))
	}
	s.telemetry.alerts(ctx, len(due), outcome)
}

// reportLoop emits metrics, and says how the tracker itself does. It is apart from decideLoop so that metrics that find no way do not
// hold up alerts.
func (s *state) reportLoop(ctx context.Context) {
	defer s.loops.Done()
	ticker := time.NewTicker(s.cfg.MetricsInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			s.report(ctx, now)
		}
	}
}

func (s *state) report(ctx context.Context, now time.Time) {
	s.deciding.Lock()
	jobs, own := s.tracker.Stats(now), s.tracker.SelfStats()
	s.deciding.Unlock()
	s.telemetry.self(ctx, own)
	if s.metrics == nil {
		return
	}
	md := encode(jobs, own, frame{version: s.version, severity: alert.Severity(s.cfg.Severity), start: s.began, now: now})
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := s.metrics.ConsumeMetrics(limited, md); err != nil {
		s.telemetry.metrics(ctx, outcomeFailed)
		s.logger.Warn("Metrics were not delivered; the next emission has all of them", zap.Error(err))
		return
	}
	s.telemetry.metrics(ctx, outcomeSent)
}
