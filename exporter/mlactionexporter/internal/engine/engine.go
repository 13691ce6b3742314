// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package engine turns alerts into actions: it keeps a case for each alert that an action is for,
// asks the guards, has procedures carried out one after another, and writes down what it is about to
// do before it does it.
//
//	alerts ─► Take ─► case ─► a run for each action that matches
//
//	 run:  waiting ──► (approval) ──► acting ──► over
//	          ▲ guards                  │ incidents: open ─► told of news ─► closed ─► over
//	          └── not now ◄─────────────┘
//
// A run that was acting when the process ended goes on when it starts again, from what the journal
// has.
package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/alertmanager/pkg/labels"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/guard"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/journal"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/taker"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

// Mode is how far an action goes.
type Mode string

// The modes.
const (
	// Observe decides, and asks nobody for anything.
	Observe Mode = "observe"
	// DryRun carries out what only reads, and says what else it would send.
	DryRun Mode = "dry_run"
	// Approve waits for a person before it acts.
	Approve Mode = "approve"
	// Enforce acts.
	Enforce Mode = "enforce"
)

// Action is one that was configured.
type Action struct {
	Name       string
	Definition *action.Definition
	Mode       Mode
	Matchers   labels.Matchers
	Policy     guard.Policy
	// ApprovalExpires is how long it waits for a person, ResolveAfter how long an alert must have
	// been over before its incident is closed, Timeout how long a procedure may take.
	ApprovalExpires, ResolveAfter, Timeout time.Duration
	// With are the parameters, whose texts are templates over the data.
	With    map[string]any
	Secrets map[string]string
	// Run carries out a procedure.
	Run func(context.Context, *procedure.Request) procedure.Result
}

// Evidence keeps the traces of cases, and makes files of them.
type Evidence interface {
	// Pin keeps traces, and some to compare them with, for a case.
	Pin(caseID string, about evidence.About)
	Release(caseID string)
	// Describe returns what templates read as evidence, and Files what bodies carry.
	Describe(ctx context.Context, caseID string) map[string]any
	Files(caseID string) map[string]procedure.File
}

// Leader says whether this replica is the one that acts.
type Leader interface {
	Leading() (leading bool, note string)
}

// Decision is what was decided about a run, or became of it.
type Decision struct {
	At time.Time
	// Started is when what has ended now began; zero where nothing was carried out.
	Started time.Time
	Run     journal.Run
	Alert   *alert.Alert
	Model   version.ID
	// Procedure is do, update or resolve, empty for a guard's decision.
	Procedure string
	// Verdict is act, wait, refuse, observe, approve, reject, expire, or a procedure's outcome.
	Verdict string
	Guard   string
	Reason  string
	// Steps are those of the procedure.
	Steps map[string]procedure.Record
	// Would is what a dry run would have sent.
	Would  []string
	Traces []pcommon.TraceID
}

// Options are those of an Engine.
type Options struct {
	Actions []*Action
	Logger  *zap.Logger
	// Say is given each decision; it must not block.
	Say      func(Decision)
	Evidence Evidence
	Versions *version.Tracker
	Catalog  func() *catalog.Set
	Leader   Leader
	// KillFile stops everything while it exists.
	KillFile string
	// TraceURL is the template of links to traces.
	TraceURL      string
	SourceTimeout time.Duration
	MaxAlerts     int
	MaxConcurrent int
}

// The rhythm of the engine: how often it looks, how often at a run that waits for nothing in
// particular, and how long it waits after an attempt that was of no use. A version is gone when it was
// silent for shortestQuiet, at the least: it is heard of by the second.
const (
	tick           = time.Second
	lookAgain      = 5 * time.Second
	firstRetry     = 30 * time.Second
	longestRetry   = 10 * time.Minute
	maxTries       = 20
	saveModels     = time.Minute
	forgetEvery    = time.Minute
	abandonedAfter = 24 * time.Hour
	stuckAfter     = 7 * 24 * time.Hour
	maxNews        = 20
	writeTimeout   = 10 * time.Second
	shortestQuiet  = 3 * time.Second
)

// heard is an alert as it was heard of last.
type heard struct{ taker.Entry }

// Engine turns alerts into actions.
type Engine struct {
	o Options

	mu      sync.Mutex
	alerts  *taker.Taker[*heard]
	journal *journal.Journal
	live    map[*journal.Run]*live
	started time.Time
	// active says that the journal was loaded, and that cases are decided.
	active bool
	saved  time.Time
	forgot time.Time

	stopping context.Context
	stop     context.CancelFunc
	work     sync.WaitGroup
	slots    chan struct{}
}

// live is what is known of a run in memory only.
type live struct {
	// working says that a goroutine carries out one of its procedures.
	working bool
	// next is when it is worth looking at it again.
	next time.Time
	// said is the decision that was said last.
	said string
}

// New returns an engine that is not started. What it hears before it is started is kept.
func New(o Options) *Engine {
	e := &Engine{
		o: o, journal: journal.New(), live: map[*journal.Run]*live{}, started: time.Now(), slots: make(chan struct{}, o.MaxConcurrent),
		alerts: taker.New(taker.Options[*heard]{
			Limit: o.MaxAlerts, SourceTimeout: o.SourceTimeout,
			Make: func() *heard { return &heard{} }, Unfinished: func(*heard) bool { return false },
		}),
	}
	e.stopping, e.stop = context.WithCancel(context.Background())
	return e
}

// Activate reads the journal and begins to act. Without a store nothing is kept.
func (e *Engine) Activate(ctx context.Context, store state.Store) ([]state.Damaged, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.journal = journal.New()
	clear(e.live)
	var damaged []state.Damaged
	if store != nil {
		var err error
		if damaged, err = e.journal.Load(ctx, store, e.o.Versions.Load); err != nil {
			return damaged, err
		}
	}
	for fingerprint, c := range e.journal.Cases() {
		if _, known := e.alerts.Get(fingerprint); !known {
			e.alerts.Take(c.HeardAt, fingerprint, c.Alert)
		}
		e.pin(fingerprint, c)
	}
	e.active, e.started = true, time.Now()
	for fingerprint, h := range e.alerts.All() {
		e.hear(fingerprint, h)
	}
	return damaged, nil
}

// Deactivate ends what is being done, as far as it can be ended, and lets go of the journal: another
// replica acts now. What was heard is kept.
func (e *Engine) Deactivate() {
	e.mu.Lock()
	e.active = false
	e.stop()
	e.mu.Unlock()
	e.work.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopping, e.stop = context.WithCancel(context.Background())
	for fingerprint := range e.journal.Cases() {
		e.o.Evidence.Release(fingerprint)
	}
	e.journal = journal.New()
	clear(e.live)
}

// Run looks at what is due until the context is done.
func (e *Engine) Run(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			e.mu.Lock()
			e.look(now)
			_ = e.write()
			e.mu.Unlock()
		}
	}
}

// Stop ends what is being done; it goes on at the next start.
func (e *Engine) Stop() {
	e.mu.Lock()
	e.stop()
	e.mu.Unlock()
	e.work.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.active {
		e.saveModels(time.Now(), true)
		_ = e.write()
	}
	e.active = false
}

// write writes the journal, and says when that begins to fail and when it is well again. It does not
// end with the request that it is for. A replica that does not lead any more writes nothing: its
// successor has read what there is, and finds out the rest.
func (e *Engine) write() error {
	if leading, _ := e.o.Leader.Leading(); !leading || !e.active {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	behind := e.journal.Behind()
	err := e.journal.Write(ctx)
	switch {
	case err != nil && !behind:
		e.o.Logger.Error("The journal cannot be written; nothing is sent until it can", zap.Error(err))
	case err == nil && behind:
		e.o.Logger.Info("The journal is written again")
	}
	return err
}

// Outcomes counts what became of alerts that were taken.
type Outcomes struct {
	// Matched are alerts that an action is for, Others those of which none is, Stale those that came
	// late, Full those for which there was no room, among the alerts or the cases.
	Matched, Others, Stale, Full int
}

// Take takes alerts over. When it returns, the cases that they open are written.
func (e *Engine) Take(alerts []*alert.Alert) (out Outcomes, err error) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range alerts {
		fingerprint := a.Fingerprint()
		h, outcome, _ := e.alerts.Take(now, fingerprint, a)
		switch outcome {
		case taker.Stale:
			out.Stale++
			continue
		case taker.Full:
			out.Full++
			continue
		}
		switch e.hear(fingerprint, h) {
		case matched:
			out.Matched++
		case noRoom:
			out.Full++
		case unmatched:
			out.Others++
		}
	}
	if !e.active {
		return out, nil
	}
	e.look(now)
	return out, e.write()
}

// saveModels writes which versions serve: by the minute, and one that is new at the next tick, since
// what begins to go wrong after a version has come is blamed on it.
func (e *Engine) saveModels(now time.Time, force bool) {
	if !e.active || !force && !e.o.Versions.Fresh() && now.Sub(e.saved) < saveModels {
		return
	}
	e.saved = now
	if err := e.journal.Models(e.o.Versions.Changed()); err != nil {
		e.o.Logger.Error("What is known of versions cannot be written", zap.Error(err))
	}
}

// ErrNoRun is returned for a key of which there is no run.
var ErrNoRun = errors.New("there is no action with this key")

// ErrNotAwaited is returned for a run that waits for nobody's approval.
var ErrNotAwaited = errors.New("the action does not wait for approval")

var errNotActive = errors.New("this replica does not act")
