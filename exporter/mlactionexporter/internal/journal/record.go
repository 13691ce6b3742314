// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
)

// format is the version of what is stored: JSON, so that a person can read what was done.
const format = 1

// ErrFormat is of a record that another version wrote.
var ErrFormat = errors.New("its format is not known")

// Phase is where a run of an action is.
type Phase string

// The phases of a run.
const (
	// Waiting for guards, or a decision.
	Waiting Phase = "waiting"
	// Approval is awaited.
	Approval Phase = "awaiting_approval"
	// Acting: the procedure is carried out; after a crash it goes on.
	Acting Phase = "acting"
	// Open is an incident that was opened, and is not closed yet.
	Open Phase = "open"
	// Over: nothing more will be done.
	Over Phase = "over"
)

// Progress is how far a procedure has come.
type Progress struct {
	Steps   map[string]procedure.Record `json:"steps,omitempty"`
	Outcome procedure.Outcome           `json:"outcome,omitempty"`
	Reason  string                      `json:"reason,omitempty"`
	Output  map[string]map[string]any   `json:"output,omitempty"`
	Started time.Time                   `json:"started,omitzero"`
	Ended   time.Time                   `json:"ended,omitzero"`
	Tries   int                         `json:"tries,omitempty"`
}

// Begun reports whether a request that changes something may have been sent.
func (p *Progress) Begun() bool { return len(p.Steps) > 0 }

// Run is one action for one alert: what is written to the store.
type Run struct {
	// Key is the idempotency key.
	Key    string      `json:"key"`
	Action string      `json:"action"`
	Kind   action.Kind `json:"kind"`
	Mode   string      `json:"mode"`
	Target string      `json:"target"`
	From   string      `json:"from,omitempty"`
	To     string      `json:"to,omitempty"`
	Why    string      `json:"why,omitempty"`
	Phase  Phase       `json:"phase"`
	// Decision is what was said last, and by which guard.
	Verdict string    `json:"verdict,omitempty"`
	Guard   string    `json:"guard,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at,omitzero"`
	// ApprovalEnds is until when it can be approved; By who has approved or rejected it.
	ApprovalEnds time.Time `json:"approval_ends,omitzero"`
	By           string    `json:"by,omitempty"`

	Do      Progress `json:"do,omitzero"`
	Update  Progress `json:"update,omitzero"`
	Resolve Progress `json:"resolve,omitzero"`
	// News is what an open incident has not been told yet. Told counts its updates.
	News []string `json:"news,omitempty"`
	Told int      `json:"told,omitempty"`
	// Decisions counts what was said of the run; it makes the ids of its spans.
	Decisions int `json:"decisions,omitempty"`
}

// Case is an alert from its first firing until it has been over for long enough, and the actions on
// it.
type Case struct {
	Alert *alert.Alert `json:"alert"`
	// StartsAt is when the alert began for the first time; Alert.StartsAt when it did last.
	StartsAt time.Time `json:"starts_at"`
	// HeardAt is when its source spoke of it last, as of the last write.
	HeardAt time.Time `json:"heard_at"`
	// OverSince is when it was seen to be over, zero while it holds.
	OverSince time.Time `json:"over_since,omitzero"`
	// Version is what was found of versions when the first action began, and does not change then.
	Version *Version `json:"version,omitempty"`
	// Traces are those of the evidence.
	Traces []string `json:"traces,omitempty"`
	Runs   []*Run   `json:"runs"`

	place state.Place
}

// Version is the version that is to go, and that which is to come back.
type Version struct {
	From, To, Why, Problem string
	ChangedAt              time.Time `json:",omitzero"`
}

// Done is an action that was carried out, or may have been: the memory of guards.
type Done struct {
	At     time.Time   `json:"at"`
	Action string      `json:"action"`
	Kind   action.Kind `json:"kind"`
	Target string      `json:"target"`
	Model  version.ID  `json:"model"`
	From   string      `json:"from,omitempty"`
	To     string      `json:"to,omitempty"`
	Key    string      `json:"key"`
}

// Clone copies what changes, so that the copy can be read while the run goes on.
func (r *Run) Clone() Run {
	c := *r
	c.Do.Steps, c.Update.Steps, c.Resolve.Steps = maps.Clone(r.Do.Steps), maps.Clone(r.Update.Steps), maps.Clone(r.Resolve.Steps)
	c.News = append([]string(nil), r.News...)
	return c
}

type envelope struct {
	Format int             `json:"format"`
	Value  json.RawMessage `json:"value"`
}

func encode(v any) ([]byte, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{format, value})
}

func decode(data []byte, v any) error {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	if e.Format != format {
		return fmt.Errorf("format %d: %w", e.Format, ErrFormat)
	}
	return json.Unmarshal(e.Value, v)
}
