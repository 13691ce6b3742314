// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
)

// undo takes back what was done, the last step first, where a procedure has failed for good. What is
// said of it is added to the reason.
func (x *run) undo(ctx context.Context, st *stop) *stop {
	if st == nil || st.outcome != Broken || x.request.DryRun {
		return st
	}
	var undone []*action.Step
	for i := len(x.request.Steps) - 1; i >= 0; i-- {
		s := &x.request.Steps[i]
		if rec := x.records[s.Name]; len(s.Undo) > 0 && rec.State == Done && !rec.Already {
			undone = append(undone, s)
		}
	}
	if len(undone) == 0 {
		return st
	}
	switch {
	case st.final:
		st.reason += "; what was done before was not taken back, as nothing may be sent any more"
		return st
	case errors.Is(ctx.Err(), context.Canceled):
		st.reason += "; what was done before was not taken back, as it was interrupted"
		return st
	case ctx.Err() != nil:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
	}
	for _, s := range undone {
		if failed := x.takeBack(ctx, s); failed != nil {
			st.reason += fmt.Sprintf("; %s could not be taken back: %s: %s", s.Name, failed.step, failed.reason)
			continue
		}
		st.reason += fmt.Sprintf("; %s was taken back", s.Name)
	}
	return st
}

// takeBack carries out the undo steps of a step, with the data that there were before it.
func (x *run) takeBack(ctx context.Context, s *action.Step) *stop {
	rec := x.records[s.Name]
	steps, prefix := x.steps, x.prefix
	defer func() {
		x.steps, x.prefix = steps, prefix
		x.data["steps"] = steps
	}()
	x.steps, x.prefix = maps.Clone(steps), s.Name+".undo."
	x.data["steps"] = x.steps
	maps.Copy(x.steps, x.was[s.Name])
	for name, was := range rec.Was {
		if x.was[s.Name] != nil {
			break // it is of this run, with its secrets
		}
		fields, _ := was.(map[string]any)
		now, _ := x.steps[name].(map[string]any)
		all := maps.Clone(now) // with what is hidden, which the record has not
		if all == nil {
			all = map[string]any{}
		}
		maps.Copy(all, fields)
		x.steps[name] = all
	}
	if _, ok := x.steps[s.Name]; !ok {
		own := maps.Clone(rec.Output)
		if own == nil {
			own = map[string]any{}
		}
		own["ran"] = true
		x.steps[s.Name] = own
	}
	if st := x.sequence(ctx, s.Undo); st != nil {
		return st
	}
	rec.State, rec.At = Undone, time.Now()
	x.journal(ctx, s.Name, rec)
	return nil
}

// undoing reports whether the undoing of a step has begun.
func (x *run) undoing(s *action.Step) bool {
	for name, rec := range x.records {
		if strings.HasPrefix(name, s.Name+".undo.") && rec.State != Undone {
			return true
		}
	}
	return false
}

// forgetUndo has the undo steps of a step that is carried out again count no longer.
func (x *run) forgetUndo(ctx context.Context, s *action.Step) {
	for i := range s.Undo {
		name := s.Name + ".undo." + s.Undo[i].Name
		if rec, ok := x.records[name]; ok && rec.State != Undone {
			rec.State, rec.At = Undone, time.Now()
			x.journal(ctx, name, rec)
		}
	}
}
