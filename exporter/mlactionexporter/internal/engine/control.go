// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/journal"
)

// Status is a run as people are shown it.
type Status struct {
	Key          string        `json:"key,omitempty"`
	Action       string        `json:"action"`
	Kind         string        `json:"kind"`
	Mode         string        `json:"mode"`
	Phase        journal.Phase `json:"phase"`
	Target       string        `json:"target"`
	From         string        `json:"from,omitempty"`
	To           string        `json:"to,omitempty"`
	Why          string        `json:"why,omitempty"`
	Verdict      string        `json:"verdict,omitempty"`
	Guard        string        `json:"guard,omitempty"`
	Reason       string        `json:"reason,omitempty"`
	At           time.Time     `json:"at,omitzero"`
	ApprovalEnds time.Time     `json:"approval_ends,omitzero"`
	Alert        string        `json:"alert"`
	Summary      string        `json:"summary"`
	State        string        `json:"state"`
	StartsAt     time.Time     `json:"starts_at"`
	Fingerprint  string        `json:"fingerprint"`
}

// Overview is all that the engine works at, and what it has done.
type Overview struct {
	Leading    bool               `json:"leading"`
	Leader     string             `json:"leader,omitempty"`
	Killed     string             `json:"killed,omitempty"`
	Runs       []Status           `json:"runs"`
	Done       []journal.Done     `json:"done"`
	KillSwitch journal.KillSwitch `json:"kill_switch"`
}

// maxShown bounds the actions of the past that are shown.
const maxShown = 100

// Overview returns what the engine works at.
func (e *Engine) Overview() Overview {
	leading, note := e.o.Leader.Leading()
	e.mu.Lock()
	defer e.mu.Unlock()
	o := Overview{Leading: leading, Leader: note, Killed: e.killed(), KillSwitch: e.journal.Kill(), Runs: []Status{}, Done: []journal.Done{}}
	for fingerprint, c := range e.journal.Cases() {
		for _, r := range c.Runs {
			o.Runs = append(o.Runs, Status{
				Key: r.Key, Action: r.Action, Kind: string(r.Kind), Mode: r.Mode, Phase: r.Phase, Target: r.Target, From: r.From, To: r.To, Why: r.Why,
				Verdict: r.Verdict, Guard: r.Guard, Reason: r.Reason, At: r.At, ApprovalEnds: r.ApprovalEnds,
				Alert: c.Alert.Name, Summary: c.Alert.Summary, State: string(c.Alert.State), StartsAt: c.StartsAt, Fingerprint: fingerprint,
			})
		}
	}
	slices.SortFunc(o.Runs, func(a, b Status) int {
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.Action, b.Action))
	})
	done := e.journal.Done()
	for i := len(done) - 1; i >= 0 && len(o.Done) < maxShown; i-- {
		o.Done = append(o.Done, done[i])
	}
	return o
}

// Approve has a run go on that waits for a person, or ends it.
func (e *Engine) Approve(key, by string, approved bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if leading, _ := e.o.Leader.Leading(); !leading || !e.active {
		return errNotActive
	}
	now := time.Now()
	for _, c := range e.journal.Cases() {
		for _, r := range c.Runs {
			if r.Key != key {
				continue
			}
			if r.Phase != journal.Approval || !now.Before(r.ApprovalEnds) {
				return ErrNotAwaited
			}
			r.By = by
			if approved {
				r.Phase = journal.Waiting
				e.say(c, r, verdictApproved, "", "approved by "+by)
			} else {
				e.finishRun(c, r, verdictRejected, "rejected by "+by)
			}
			e.liveOf(r).next = time.Time{}
			return e.write()
		}
	}
	return ErrNoRun
}

// Kill turns the kill switch. When it returns, it is written.
func (e *Engine) Kill(on bool, by, reason string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if leading, _ := e.o.Leader.Leading(); !leading || !e.active {
		return errNotActive
	}
	if err := e.journal.SetKill(journal.KillSwitch{On: on, Reason: reason, By: by, At: time.Now()}); err != nil {
		return err
	}
	return e.write()
}

// Cases is how many alerts there are that an action is for, and that are not over.
func (e *Engine) Cases() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.journal.Cases())
}
