// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
	"go.uber.org/zap"
)

// sender posts what is due to one replica. Only its own goroutine posts, one request at a time.
type sender struct {
	ledger    *ledger
	poster    *poster
	cfg       *Config
	logger    *zap.Logger
	telemetry *replicaTelemetry

	wake chan struct{} // of capacity 1: there may be something to do
	stop chan struct{} // closed at shutdown
	done sync.WaitGroup

	// Only the goroutine uses these.
	failures    int       // posts that failed since the last one that did not
	pausedUntil time.Time // nothing is posted before
	complained  complaint
}

func (s *sender) start() (cancel context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	s.done.Add(1)
	go s.run(ctx)
	return cancel
}

// notify says that there may be something to do.
func (s *sender) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run posts until it is stopped, then posts once more what the replica has not taken.
func (s *sender) run(ctx context.Context) {
	defer s.done.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if at, ok := s.ledger.next(); ok {
			if at.Before(s.pausedUntil) {
				at = s.pausedUntil
			}
			timer.Reset(time.Until(at))
		} else {
			timer.Stop()
		}
		select {
		case <-s.stop:
		case <-s.wake:
		case <-timer.C:
		}
		if s.stopped() {
			s.last(ctx)
			return
		}
		s.flush(ctx, time.Now())
	}
}

func (s *sender) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// flush posts what is due, unless the replica is to be left alone. The first failure ends it.
func (s *sender) flush(ctx context.Context, now time.Time) {
	if now.Before(s.pausedUntil) {
		return
	}
	fingerprints, expired := s.ledger.due(now)
	if expired > 0 {
		s.telemetry.alerts(ctx, "expired", expired)
		s.logger.Warn("The source of firing alerts fell silent: their leases are not renewed, and Alertmanager will take them for resolved",
			zap.Int("alerts", expired), zap.Duration("source_timeout", s.cfg.SourceTimeout))
	}
	if len(fingerprints) == 0 {
		return
	}
	if err := s.send(ctx, fingerprints); err != nil {
		s.failed(err)
		return
	}
	s.succeeded()
}

// last posts once what the replica has not taken, however long it was to be left alone.
func (s *sender) last(ctx context.Context) {
	if fingerprints := s.ledger.undelivered(); len(fingerprints) > 0 {
		if err := s.send(ctx, fingerprints); err != nil {
			left := len(s.ledger.undelivered())
			s.telemetry.alerts(ctx, "dropped", left)
			s.logger.Error("Alerts could not be delivered before shutdown; their source sends them again when it runs",
				zap.Int("alerts", left), zap.Error(err))
		}
	}
}

// send posts the latest states of the alerts in batches.
func (s *sender) send(ctx context.Context, fingerprints []string) error {
	for chunk := range slices.Chunk(fingerprints, s.cfg.BatchSize) {
		if err := s.post(ctx, s.ledger.take(time.Now(), chunk)); err != nil {
			return err
		}
	}
	return nil
}

// post posts one batch. Alertmanager stores the valid alerts of a batch, but does not say which ones it refused: a
// batch that is not accepted is posted again in halves, down to the single alerts that are refused for good.
func (s *sender) post(ctx context.Context, batch []posting) error {
	if len(batch) == 0 {
		return nil
	}
	now := time.Now()
	alerts := make([]postable, len(batch))
	for i, p := range batch {
		alerts[i] = newPostable(p.alert, now, s.cfg.Lease)
	}
	err := s.poster.post(ctx, alerts)
	if err == nil {
		s.ledger.delivered(now, batch)
		s.telemetry.alerts(ctx, "sent", len(batch))
		return nil
	}
	var f *failure
	if !errors.As(err, &f) || f.kind != contents {
		s.telemetry.alerts(ctx, "failed", len(batch))
		return err
	}
	if len(batch) > 1 {
		half := len(batch) / 2
		if err := s.post(ctx, batch[:half]); err != nil {
			return err
		}
		return s.post(ctx, batch[half:])
	}
	s.ledger.refused(batch[0])
	s.telemetry.alerts(ctx, "rejected", 1)
	s.logger.Error("Alertmanager has refused an alert: this state of it is not sent again",
		zap.Any("labels", alerts[0].Labels), zap.Error(err))
	return nil
}

// failed decides when to try again, and says what is wrong.
func (s *sender) failed(err error) {
	now := time.Now()
	s.failures++
	var f *failure
	if errors.As(err, &f) && f.kind == configuration {
		s.pausedUntil = now.Add(s.cfg.ResendInterval)
		if s.complained.about(f.err.Error(), now) {
			s.logger.Error("Alertmanager does not accept posts: check 'endpoints', 'auth' and 'tls'. No alert reaches it; the next attempt is at the next resend",
				zap.Error(err), zap.Duration("resend_interval", s.cfg.ResendInterval))
		}
		return
	}
	wait := s.cfg.ResendInterval
	if s.cfg.Retry.Enabled {
		wait = min(wait, backoff(&s.cfg.Retry, s.failures))
	}
	if f != nil && f.retryAfter > wait {
		wait = min(f.retryAfter, s.cfg.ResendInterval) // leases are to be renewed
	}
	s.pausedUntil = now.Add(wait)
	if s.complained.about("transient", now) {
		level := zap.WarnLevel // a restart, perhaps
		if s.failures > 1 {
			level = zap.ErrorLevel
		}
		s.logger.Log(level, "Alerts could not be posted; their latest state is tried again",
			zap.Error(err), zap.Int("failures", s.failures), zap.Duration("in", wait))
	}
}

func (s *sender) succeeded() {
	if s.failures > 0 {
		s.logger.Info("Alertmanager takes alerts again", zap.Int("failures", s.failures))
	}
	s.failures, s.pausedUntil, s.complained = 0, time.Time{}, complaint{}
}

// backoff returns how long to wait after so many failures in a row, from 1.
func backoff(cfg *configretry.BackOffConfig, failures int) time.Duration {
	wait, most := float64(cfg.InitialInterval), float64(max(cfg.MaxInterval, cfg.InitialInterval))
	for range min(failures-1, 64) {
		wait = min(wait*max(cfg.Multiplier, 1), most)
	}
	return time.Duration(wait * (1 + cfg.RandomizationFactor*(2*rand.Float64()-1)))
}

// sayAgain is how long a complaint that goes on is not repeated in the log, sayOther how long it is before another one, and sayCutsAgain how long
// nothing more is said of texts that were cut of alerts of a name.
const (
	sayAgain     = 5 * time.Minute
	sayOther     = 10 * time.Second
	sayCutsAgain = 10 * time.Minute
)

// complaint is what was last complained of, and when.
type complaint struct {
	what string
	when time.Time
}

// about tells whether to complain: it is something else, or was last said a while ago.
func (c *complaint) about(what string, now time.Time) bool {
	since := now.Sub(c.when)
	if !c.when.IsZero() && (since < sayOther || c.what == what && since < sayAgain) {
		return false
	}
	*c = complaint{what, now}
	return true
}
