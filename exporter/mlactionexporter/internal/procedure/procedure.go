// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package procedure carries out the steps of an action: HTTP requests that are written from
// templates, checked, repeated where that is safe, and undone where a later one fails.
//
//	step ─► when? ─► require? ─► Journal.Before ─► request ─► Journal.After ─► expect? ─► extract ─► next
//	                    │ no: refused     │ no: held     │ no answer: repeat as the step says, or unknown
//
// Whoever carries out a procedure again after a crash gives the steps that the journal has, and it
// goes on from there: run.go has the way of a procedure, send.go that of one request, answer.go what
// answers mean, prepare.go how requests are written, undo.go how steps are taken back, and scrub.go
// how secrets are kept out of what is said.
package procedure

import (
	"context"
	"encoding/json"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
)

// Request is a procedure that is to be carried out.
type Request struct {
	Steps []action.Step
	// Name is what is carried out, such as do, update-2 or resolve. It is a part of the id of signed
	// messages, so that two updates are two messages.
	Name string
	// Data is what templates and expressions read: alert, model, target, with, secrets, key,
	// traceparent, news, opened and evidence, as docs/actions.md lists them. The steps' own results
	// are under "steps", and "dry_run" is DryRun.
	Data map[string]any
	// With are the values of the parameters. Their texts are templates over Data, without its secrets,
	// and are written once, so that what they give is read as a value and not as a template. They are
	// "with" in the data, which has none of its own then.
	With map[string]any
	// Files are the evidence that a body may carry, by name.
	Files map[string]File
	// Steps that were carried out before a crash, or in an attempt before, by name.
	Before map[string]Record
	// DryRun sends nothing that changes anything: only what reads, and what asks the system to try.
	DryRun bool
	// Journal is asked before, and told after, each request that may change something.
	Journal Journal
}

// File makes a file of at most limit bytes; it says in its note what had to be left out.
type File func(ctx context.Context, limit int) (Attachment, error)

// Attachment is a file.
type Attachment struct {
	Name, ContentType string
	Data              []byte
	Note              string
}

// Journal is what is written before and after requests that may change something, by the step's
// name; that of a step that undoes another is STEP.undo.NAME. Before is called at every attempt,
// with a record in the state Sent that is to be there after a crash. An error of it ends the
// procedure as held, and nothing is sent. An error of After is a note.
type Journal interface {
	Before(ctx context.Context, step string, r Record) error
	After(ctx context.Context, step string, r Record) error
}

// State is how far a step has come.
type State string

// The states of a step.
const (
	// Sent: the request may have been sent, and no answer is known.
	Sent State = "sent"
	// Done: it had its effect, now or before.
	Done State = "done"
	// Failed: it had none.
	Failed State = "failed"
	// Undone: it had its effect, which was taken back.
	Undone State = "undone"
)

// Record is what is known of a step that may change something. It has no secrets.
type Record struct {
	State State `json:"state"`
	// Status is that of the last answer, 0 for none.
	Status int       `json:"status,omitempty"`
	At     time.Time `json:"at"`
	// Output is what was extracted, without what is hidden.
	Output map[string]any `json:"output,omitempty"`
	Error  string         `json:"error,omitempty"`
	// Already says that somebody else had done it before.
	Already bool `json:"already,omitempty"`
	// Was is what the steps before had extracted when a step with an undo was sent first: what was
	// there before the change, by step and field.
	Was map[string]any `json:"was,omitempty"`
}

// UnmarshalJSON keeps whole numbers as they are: an id is never read as 1e+06.
func (r *Record) UnmarshalJSON(data []byte) error {
	type plain Record
	if err := json.Unmarshal(data, (*plain)(r)); err != nil {
		return err
	}
	var raw struct {
		Output, Was json.RawMessage
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	for _, one := range []struct {
		raw json.RawMessage
		to  *map[string]any
	}{{raw.Output, &r.Output}, {raw.Was, &r.Was}} {
		if len(one.raw) == 0 {
			continue
		}
		v, err := language.DecodeJSON(one.raw)
		if err != nil {
			return err
		}
		*one.to, _ = v.(map[string]any)
	}
	return nil
}

// Outcome is what became of a procedure.
type Outcome string

// The outcomes of a procedure.
const (
	// Completed: all was done.
	Completed Outcome = "completed"
	// Already: nothing had to be changed.
	Already Outcome = "already_done"
	// Refused: a check before the first change did not hold, so that nothing was changed.
	Refused Outcome = "refused"
	// Held: the journal said no before the first request that would have changed something.
	Held Outcome = "held"
	// Broken: a step failed; what was changed is in the records.
	Broken Outcome = "failed"
	// Unknown: a request may have had its effect, and cannot be repeated.
	Unknown Outcome = "unknown"
	// Tried: it was a dry run.
	Tried Outcome = "dry_run"
)

// Result is what became of a procedure.
type Result struct {
	Outcome Outcome
	// Reason is a sentence that a person can act on; it has no secrets.
	Reason string
	// Step is the one that the reason is about.
	Step string
	// Output is what each step has extracted, by step and field, without what is hidden.
	Output map[string]map[string]any
	// Would are the requests that would have changed something, of a dry run: one line each.
	Would []string
	// Notes are what optional steps and files had to leave out.
	Notes []string
}
