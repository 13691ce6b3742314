// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package replica posts alerts to one replica of an Alertmanager.
//
// Put gives it states. A ledger (ledger.go) holds the latest state per fingerprint and when it is
// to be posted next; one goroutine posts what is due, in batches, one request at a time: a post
// that failed is followed by the state that is the latest then, so that an older state never comes
// after a newer one.
//
//	             Put                     post ok, firing            source silent
//	(nothing) ────────► pending ──────────────────────► renewing ──────────────────► (forgotten)
//	                     ▲ ▲  │                            │
//	   new state or      │ │  │ post ok, resolved          │ new state: pending
//	   re-emitted end    │ │  └──────► closed ─────────────┼─ source silent ────────► (forgotten)
//	                     │ └──────────────────────────────┘
//	                     └─ rejected (400: until its state changes or its source is silent)
package replica

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/config/configretry"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/alertmanagerexporter/internal/api"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/taker"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
)

// failureInterval is the time between two lines about the same failure.
const failureInterval = 5 * time.Minute

// The outcomes that Options.Count is told.
const (
	outcomeSent     = "sent"
	outcomeFailed   = "failed"
	outcomeRejected = "rejected"
	outcomeExpired  = "expired"
	outcomeStale    = "stale"
	outcomeDropped  = "dropped"
)

// Options are the exporter's.
type Options struct {
	Lease, ResendInterval, SourceTimeout time.Duration
	MaxAlerts, BatchSize                 int
	Retry                                configretry.BackOffConfig

	Client *api.Client
	Logger *zap.Logger
	// Full limits the lines that say that there is no room, for all replicas.
	Full *loglimit.Limiter
	// Count is told what became of alerts.
	Count func(ctx context.Context, outcome string, n int)
}

// Replica posts what is due to one replica. Only its own goroutine posts, one request at a time.
type Replica struct {
	options Options
	ledger  *ledger

	wake   chan struct{} // of capacity 1: there may be something to do
	stop   chan struct{} // closed at shutdown
	cancel context.CancelFunc
	done   sync.WaitGroup

	// Only the goroutine uses these.
	failures    int       // posts that failed since the last one that did not
	pausedUntil time.Time // nothing is posted before
	limiter     *loglimit.Limiter
}

// New returns a replica that knows no alert.
func New(o Options) *Replica {
	return &Replica{
		options: o, ledger: newLedger(&o), wake: make(chan struct{}, 1), stop: make(chan struct{}), limiter: loglimit.New(failureInterval),
	}
}

// Start starts posting.
func (r *Replica) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.done.Add(1)
	go r.run(ctx)
}

// Stop has it post once more what has not been taken, until the context is done. The function that
// it returns waits for that.
func (r *Replica) Stop(ctx context.Context) (wait func()) {
	release := context.AfterFunc(ctx, r.cancel)
	close(r.stop)
	return func() {
		r.done.Wait()
		r.cancel()
		release()
	}
}

// Put takes over states of alerts, with their fingerprints.
func (r *Replica) Put(ctx context.Context, now time.Time, fingerprints []string, alerts []*alert.Alert) {
	stale, dropped := 0, 0
	var first *alert.Alert // a new one that was dropped
	for i, a := range alerts {
		outcome, lost := r.ledger.put(now, fingerprints[i], a)
		switch {
		case outcome == taker.Stale:
			stale++
		case outcome == taker.Full:
			dropped++
			if first == nil {
				first = a
			}
		case lost:
			dropped++
		}
	}
	r.notify()
	r.options.Count(ctx, outcomeStale, stale)
	r.options.Count(ctx, outcomeDropped, dropped)
	if dropped > 0 {
		r.logFull(now, dropped, first)
	}
}

// logFull says how many were dropped, and the first new alert among them; nil where they are
// resolutions.
func (r *Replica) logFull(now time.Time, dropped int, first *alert.Alert) {
	if _, ok := r.options.Full.Allow("", now); !ok {
		return
	}
	fields := []zap.Field{zap.Int("alerts", dropped), zap.Int("max_alerts", r.options.MaxAlerts)}
	if first != nil {
		fields = append(fields, zap.Any("first", first.LabelSet()))
	}
	r.options.Logger.Error("'max_alerts' is reached: new alerts, or resolutions that were not taken yet, are dropped", fields...)
}

// Counts counts the alerts.
func (r *Replica) Counts() Counts { return r.ledger.counts() }

// notify says that there may be something to do.
func (r *Replica) notify() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run posts until it is stopped, then posts once more what the replica has not taken.
func (r *Replica) run(ctx context.Context) {
	defer r.done.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if at, ok := r.ledger.next(); ok {
			if at.Before(r.pausedUntil) {
				at = r.pausedUntil
			}
			timer.Reset(time.Until(at))
		} else {
			timer.Stop()
		}
		select {
		case <-r.stop:
		case <-r.wake:
		case <-timer.C:
		}
		if r.stopped() {
			r.last(ctx)
			return
		}
		r.flush(ctx, time.Now())
	}
}

func (r *Replica) stopped() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}
