// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/api"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

// flush posts what is due, unless the replica is to be left alone. The first failure ends it.
func (r *Replica) flush(ctx context.Context, now time.Time) {
	if now.Before(r.pausedUntil) {
		return
	}
	fingerprints, expired := r.ledger.due(now)
	if expired > 0 {
		r.options.Count(ctx, outcomeExpired, expired)
		r.options.Logger.Warn("The source of firing alerts fell silent: their leases are not renewed, and Alertmanager will take them for resolved",
			zap.Int("alerts", expired), zap.Duration("source_timeout", r.options.SourceTimeout))
	}
	if len(fingerprints) == 0 {
		return
	}
	if err := r.send(ctx, fingerprints); err != nil {
		r.failed(err)
		return
	}
	r.succeeded()
}

// last posts once what the replica has not taken, however long it was to be left alone.
func (r *Replica) last(ctx context.Context) {
	if fingerprints := r.ledger.undelivered(); len(fingerprints) > 0 {
		if err := r.send(ctx, fingerprints); err != nil {
			left := len(r.ledger.undelivered())
			r.options.Count(ctx, outcomeDropped, left)
			r.options.Logger.Error("Alerts could not be delivered before shutdown; their source sends them again when it runs",
				zap.Int("alerts", left), zap.Error(err))
		}
	}
}

// send posts the latest states of the alerts in batches.
func (r *Replica) send(ctx context.Context, fingerprints []string) error {
	for chunk := range slices.Chunk(fingerprints, r.options.BatchSize) {
		if err := r.post(ctx, r.ledger.latest(time.Now(), chunk)); err != nil {
			return err
		}
	}
	return nil
}

// post posts one batch. Alertmanager stores the valid alerts of a batch, but does not say which
// ones it refused: a batch that is not accepted is posted again in halves, down to the single
// alerts that are refused for good.
func (r *Replica) post(ctx context.Context, batch []posting) error {
	if len(batch) == 0 {
		return nil
	}
	now := time.Now()
	alerts := make([]api.Alert, len(batch))
	for i, p := range batch {
		alerts[i] = api.NewAlert(p.alert, now, r.options.Lease)
	}
	err := r.options.Client.Post(ctx, alerts)
	if err == nil {
		r.ledger.delivered(now, batch)
		r.options.Count(ctx, outcomeSent, len(batch))
		return nil
	}
	var f *api.FailureError
	if !errors.As(err, &f) || f.Kind != api.Contents {
		r.options.Count(ctx, outcomeFailed, len(batch))
		return err
	}
	if len(batch) > 1 {
		half := len(batch) / 2
		if err := r.post(ctx, batch[:half]); err != nil {
			return err
		}
		return r.post(ctx, batch[half:])
	}
	r.ledger.refused(batch[0])
	r.options.Count(ctx, outcomeRejected, 1)
	r.options.Logger.Error("Alertmanager has refused an alert: this state of it is not sent again",
		zap.Any("labels", alerts[0].Labels), zap.Error(err))
	return nil
}

// failed decides when to try again, and says what is wrong.
func (r *Replica) failed(err error) {
	now := time.Now()
	r.failures++
	var f *api.FailureError
	if errors.As(err, &f) && f.Kind == api.Configuration {
		r.pausedUntil = now.Add(r.options.ResendInterval)
		if _, ok := r.limiter.Allow(f.Error(), now); ok {
			r.options.Logger.Error("Alertmanager does not accept posts: check 'endpoints', 'auth' and 'tls'. No alert reaches it; the next attempt is at the next resend",
				zap.Error(err), zap.Duration("resend_interval", r.options.ResendInterval))
		}
		return
	}
	wait := r.options.ResendInterval
	if r.options.Retry.Enabled {
		wait = min(wait, backoff(&r.options.Retry, r.failures))
	}
	if f != nil && f.RetryAfter > wait {
		wait = min(f.RetryAfter, r.options.ResendInterval) // leases are to be renewed
	}
	r.pausedUntil = now.Add(wait)
	if _, ok := r.limiter.Allow("transient", now); ok {
		level := zap.WarnLevel // a restart, perhaps
		if r.failures > 1 {
			level = zap.ErrorLevel
		}
		r.options.Logger.Log(level, "Alerts could not be posted; their latest state is tried again",
			zap.Error(err), zap.Int("failures", r.failures), zap.Duration("in", wait))
	}
}

func (r *Replica) succeeded() {
	if r.failures > 0 {
		r.options.Logger.Info("Alertmanager takes alerts again", zap.Int("failures", r.failures))
		r.limiter = loglimit.New(failureInterval) // the next failure is news
	}
	r.failures, r.pausedUntil = 0, time.Time{}
}
