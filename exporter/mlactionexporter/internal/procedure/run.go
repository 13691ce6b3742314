// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
	"github.com/otelcol-ml/otelcol-ml/internal/scrub"
)

// maxOutput is how much one step may extract, in bytes of JSON.
const maxOutput = 512 << 10

// run is one procedure on its way.
type run struct {
	*Runner
	request *Request
	scrub   *scrub.Scrubber
	// data are the root of templates and expressions; data["steps"] is steps.
	data map[string]any
	// steps are what each step has extracted, by name; hidden those that were carried out in this run
	// and whose hidden fields are there.
	steps  map[string]any
	hidden map[string]bool
	// records are of the steps that may change something, by the name that the journal has.
	records map[string]Record
	output  map[string]map[string]any
	notes   []string
	would   []string
	// was are the steps as they were when one with an undo was sent first.
	was map[string]map[string]any
	// sent counts how often each step was sent without an answer, relogged the steps for which a login
	// was repeated.
	sent     map[string]int
	relogged map[string]bool
	// unsent is set in a dry run once a change was left out: what follows does not see it.
	unsent bool
	// prefix stands before the names of steps in the journal: STEP.undo. while a step is taken back.
	prefix string
}

// stop is why a procedure ends before its end, or starts again.
type stop struct {
	outcome Outcome
	step    string
	reason  string
	// again: the steps are to be gone through again, to find out whether a request had its effect.
	again bool
	// final: nothing is to be sent any more, not even to take something back.
	final bool
}

// Run carries out a procedure. It takes as long as ctx lets it, and a moment more for what has to
// be written down, or taken back, at its end.
func (r *Runner) Run(ctx context.Context, request *Request) Result {
	x, err := r.start(request)
	if err != nil {
		return x.result(&stop{outcome: Broken, reason: err.Error()})
	}
	for i := range request.Steps {
		s := &request.Steps[i]
		if x.records[s.Name].State == Done && x.undoing(s) {
			return x.result(x.undo(ctx, &stop{outcome: Broken, step: s.Name, reason: "a step after it has failed, before the collector was stopped"}))
		}
		if !s.Optional && x.spent(s) {
			return x.result(x.sentBefore(s))
		}
	}
	if st := x.settle(ctx); st != nil {
		return x.result(st)
	}
	return x.result(x.undo(ctx, x.sequence(ctx, request.Steps)))
}

// settle gives requests that were sent a moment ago, before a restart, the time to have their effect
// before it is looked for.
func (x *run) settle(ctx context.Context) *stop {
	for i := range x.request.Steps {
		s := &x.request.Steps[i]
		rec := x.records[s.Name]
		if x.request.DryRun || s.Repeat != action.Lookup || rec.State != Sent {
			continue
		}
		if left := time.Until(rec.At.Add(x.options.Settle)); left > 0 {
			if err := x.pause(ctx, min(left, x.options.Settle)); err != nil {
				st := x.broken(s, "it was sent before, and %v before it could be looked for", err)
				st.outcome = Unknown
				return st
			}
		}
	}
	return nil
}

// spent reports whether a step was sent before without an answer, and cannot be sent again.
func (x *run) spent(s *action.Step) bool {
	return !s.ReadsOnly() && !x.request.DryRun && s.Repeat == action.Never && x.record(s).State == Sent
}

func (x *run) sentBefore(s *action.Step) *stop {
	st := x.broken(s, "it was sent before, no answer is known, and it is not to be sent again: look whether it had its effect")
	st.outcome = Unknown
	return st
}

// start prepares the data. It always returns a run.
func (r *Runner) start(request *Request) (*run, error) {
	x := &run{
		Runner: r, request: request, scrub: scrub.New(r.options.Secrets...),
		steps: map[string]any{}, hidden: map[string]bool{}, records: maps.Clone(request.Before),
		output: map[string]map[string]any{}, sent: map[string]int{}, was: map[string]map[string]any{}, relogged: map[string]bool{},
	}
	if x.records == nil {
		x.records = map[string]Record{}
	}
	plain, err := language.Plain(request.Data)
	if err != nil {
		return x, fmt.Errorf("the data: %w", err)
	}
	x.data, _ = plain.(map[string]any)
	if x.data == nil {
		x.data = map[string]any{}
	}
	secrets, _ := x.data["secrets"].(map[string]any)
	for _, secret := range secrets {
		x.scrub.Add(language.Text(secret))
	}
	x.data["dry_run"] = request.DryRun
	if request.With != nil {
		public := maps.Clone(x.data)
		delete(public, "secrets")
		delete(public, "with")
		plain, err := language.Plain(request.With)
		if err != nil {
			return x, fmt.Errorf("with: %w", err)
		}
		// Expressions are for bodies alone; here $expr is a key as any other.
		with := make(map[string]any, len(request.With))
		for name, v := range plain.(map[string]any) {
			if with[name], err = each(v, func(text string) (string, error) { return write(text, public) }); err != nil {
				return x, fmt.Errorf("with.%s: %w", name, err)
			}
		}
		x.data["with"] = with
	}
	x.data["steps"] = x.steps
	return x, nil
}

// each is a plain value with its texts replaced.
func each(v any, f func(string) (string, error)) (any, error) {
	switch v := v.(type) {
	case string:
		return f(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var err error
			if list[i], err = each(item, f); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			var err error
			if m[key], err = each(item, f); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
	return v, nil
}

// sequence goes through steps until their end, from their beginning again where it must be found
// out whether one had its effect.
func (x *run) sequence(ctx context.Context, steps []action.Step) *stop {
	for {
		st := x.pass(ctx, steps)
		if st == nil || !st.again {
			return st
		}
		if err := x.pause(ctx, x.options.Settle); err != nil {
			return &stop{outcome: Unknown, step: st.step, reason: st.reason + "; " + err.Error() + " before it could be looked for"}
		}
	}
}

func (x *run) pass(ctx context.Context, steps []action.Step) *stop {
	for i := range steps {
		s := &steps[i]
		st := x.step(ctx, steps, i)
		if st == nil {
			continue
		}
		switch {
		case st.again, st.final:
			return st
		case s.Optional:
			x.note(fmt.Sprintf("%s: %s", s.Name, st.reason))
		case x.unsent:
			// What was left out is missing here, and says nothing of how it would go.
			x.note(fmt.Sprintf("%s: cannot be tried in a dry run: %s", s.Name, st.reason))
		default:
			return st
		}
		if x.record(s).State != Done {
			x.left(s)
		}
	}
	return nil
}

// step carries out one step.
func (x *run) step(ctx context.Context, steps []action.Step, i int) *stop {
	s := &steps[i]
	rec := x.record(s)
	if !s.ReadsOnly() && rec.State == Done && (len(s.Hide) == 0 || x.hidden[s.Name]) {
		if _, ok := x.steps[s.Name]; !ok {
			x.ran(s, rec.Output)
		}
		return nil
	}
	if x.spent(s) {
		return x.sentBefore(s)
	}
	if s.When != "" {
		ok, err := x.holds(s.When, x.data)
		if err != nil {
			return x.broken(s, "when: %v", err)
		}
		if !ok && !s.ReadsOnly() && rec.State == Sent && !x.request.DryRun {
			// It was sent, and is not needed any more: it has had its effect.
			rec.State, rec.At, rec.Error = Done, time.Now(), ""
			x.after(ctx, s, rec)
			x.ran(s, rec.Output)
			return nil
		}
		if !ok {
			x.left(s)
			return nil
		}
	}
	if rec.State == Sent && s.Repeat == action.Lookup {
		delete(x.records, x.prefix+s.Name) // it was looked for, and is not there
	}
	for j, check := range s.Require {
		ok, err := x.holds(check.That, x.data)
		if ok {
			continue
		}
		st := x.broken(s, "%s", x.otherwise(check, x.data, err))
		if !x.changed() {
			st.outcome = Refused
		}
		if err != nil {
			st.reason = fmt.Sprintf("require[%d]: %s", j, st.reason)
		}
		return st
	}
	if s.Poll != nil && x.unsent {
		x.note(s.Name + ": not waited for, as nothing was changed in the dry run")
		x.left(s)
		return nil
	}
	p, err := x.prepareStep(ctx, s)
	if x.request.DryRun && !s.ReadsOnly() {
		if st := x.wouldSend(ctx, s, p, err); st != nil || s.DryRun == nil || err != nil {
			return st
		}
		if st := x.send(ctx, steps, i, p); st != nil {
			return st
		}
		x.unsent = true
		return nil
	}
	if err != nil {
		return x.broken(s, "%v", err)
	}
	if s.Poll != nil {
		return x.poll(ctx, steps, i, p)
	}
	return x.send(ctx, steps, i, p)
}

// prepareStep writes the request of a step, with its signature.
func (x *run) prepareStep(ctx context.Context, s *action.Step) (*prepared, error) {
	p, err := x.prepare(ctx, s, x.data, x.request.DryRun && !s.ReadsOnly())
	if err != nil || s.Sign == "" {
		return p, err
	}
	secrets, _ := x.data["secrets"].(map[string]any)
	p.sign = language.Text(secrets[s.Sign])
	if p.sign == "" {
		return nil, fmt.Errorf("sign: there is no secret %s", s.Sign)
	}
	key := language.Text(x.data["key"])
	if key == "" {
		return nil, errors.New("sign: there is no key to make the message's id of")
	}
	parts := []string{key, x.request.Name, x.prefix + s.Name}
	p.id = strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ".")
	return p, nil
}

// taken reads what a step has to know of its answer.
func (x *run) taken(s *action.Step, a *answer) error {
	env := withAnswer(x.data, a)
	output := make(map[string]any, len(s.Extract))
	size := 0
	for field, text := range s.Extract {
		v, err := x.eval(text, env)
		if err != nil {
			return fmt.Errorf("extract.%s: %w%s", field, err, x.incomplete(a))
		}
		data, err := language.EncodeJSON(v)
		if err != nil {
			return fmt.Errorf("extract.%s: %w", field, err)
		}
		if size += len(data); size > maxOutput {
			return fmt.Errorf("extract.%s: is too large; all that is extracted may have %d bytes", field, maxOutput)
		}
		output[field] = v
	}
	for _, field := range s.Hide {
		x.hide(output[field])
	}
	x.ran(s, output)
	x.hidden[s.Name] = true
	return nil
}

// hide has the texts of a value scrubbed from now on.
func (x *run) hide(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, item := range v {
			x.hide(item)
		}
	case []any:
		for _, item := range v {
			x.hide(item)
		}
	default:
		x.scrub.Add(language.Text(v))
	}
}

// ran says what a step has extracted.
func (x *run) ran(s *action.Step, output map[string]any) {
	all := maps.Clone(output)
	if all == nil {
		all = map[string]any{}
	}
	all["ran"] = true
	x.steps[s.Name] = all
	if x.prefix == "" {
		x.output[s.Name] = x.public(s, output)
	}
}

// public is what a step has extracted, without what is hidden, and without what has a secret in it:
// a value with a hole is none to go on with after a restart.
func (x *run) public(s *action.Step, output map[string]any) map[string]any {
	public := make(map[string]any, len(output))
	for field, v := range output {
		if slices.Contains(s.Hide, field) {
			continue
		}
		if !reflect.DeepEqual(x.scrub.Value(v), v) {
			x.note(fmt.Sprintf("%s.%s has a secret in it, and is not kept", s.Name, field))
			continue
		}
		public[field] = v
	}
	return public
}

// left says that a step was not carried out.
func (x *run) left(s *action.Step) { x.steps[s.Name] = map[string]any{"ran": false} }

// holds and eval compile an expression, which the reader has done before, and evaluate it.
func (x *run) holds(text string, data map[string]any) (bool, error) {
	e, err := language.Compile(text)
	if err != nil {
		return false, err
	}
	return e.Holds(data)
}

func (x *run) eval(text string, data map[string]any) (any, error) {
	e, err := language.Compile(text)
	if err != nil {
		return nil, err
	}
	return e.Eval(data)
}

// seen says what an expression reads of an answer. Secrets are taken out before it is cut.
func (x *run) seen(text string, data map[string]any) string {
	e, err := language.Compile(text)
	if err != nil {
		return ""
	}
	public := maps.Clone(data)
	public["body"], public["headers"] = x.scrub.Value(data["body"]), x.scrub.Value(data["headers"])
	return e.Seen(public)
}

// otherwise is what is said where a check does not hold, or cannot be evaluated.
func (x *run) otherwise(c action.Check, data map[string]any, err error) string {
	if err != nil {
		return fmt.Sprintf("%q cannot be evaluated: %v", c.That, err)
	}
	if c.Otherwise != "" {
		text, err := write(c.Otherwise, data)
		if err == nil && strings.TrimSpace(text) != "" {
			return strings.TrimSpace(text)
		}
	}
	text := fmt.Sprintf("%q does not hold", c.That)
	if seen := x.seen(c.That, data); seen != "" {
		text += ": " + seen
	}
	return text
}

func (x *run) broken(s *action.Step, format string, args ...any) *stop {
	return &stop{outcome: Broken, step: x.prefix + s.Name, reason: fmt.Sprintf(format, args...)}
}

// incomplete says that an answer was cut, where that may be why it has not what is looked for.
func (x *run) incomplete(a *answer) string {
	if !a.cut {
		return ""
	}
	return fmt.Sprintf(" (the answer was not read to its end: it broke off, or has more than %d bytes)", x.options.MaxAnswer)
}

// changed reports whether something was changed, or may have been.
func (x *run) changed() bool {
	for _, rec := range x.records {
		if rec.State == Sent || rec.State == Done && !rec.Already {
			return true
		}
	}
	return false
}

// record is what is known of a step.
func (x *run) record(s *action.Step) Record { return x.records[x.prefix+s.Name] }

// after writes down what is known of a step, also where the time of the procedure is over.
func (x *run) after(ctx context.Context, s *action.Step, rec Record) {
	x.journal(ctx, x.prefix+s.Name, rec)
}

func (x *run) journal(ctx context.Context, name string, rec Record) {
	x.records[name] = rec
	if x.request.Journal == nil {
		return
	}
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), journalTime)
		defer cancel()
	}
	if err := x.request.Journal.After(ctx, name, x.withoutSecrets(rec)); err != nil {
		x.note(fmt.Sprintf("%s: the journal could not be written: %v", name, err))
	}
}

// withoutSecrets is a record without secrets. Its values have none.
func (x *run) withoutSecrets(rec Record) Record {
	rec.Error = language.Truncate(x.scrub.Text(rec.Error), maxReason)
	return rec
}

func (x *run) note(text string) {
	if text = x.scrub.Text(text); !slices.Contains(x.notes, text) {
		x.notes = append(x.notes, text)
	}
}

// pause waits, unless the time that is left is shorter.
func (x *run) pause(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return fmt.Errorf("the time was over (%s were to be waited, %s were left)", d.Round(time.Millisecond), max(0, time.Until(deadline)).Round(time.Millisecond))
	} else if !ok && d > maxWait {
		return fmt.Errorf("%s were to be waited, which is more than %s", d, maxWait)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.New("it was interrupted")
	}
}

// result is what became of the procedure.
func (x *run) result(st *stop) Result {
	// Some secrets are learnt on the way: what was said before is gone over again.
	r := Result{Output: make(map[string]map[string]any, len(x.output))}
	for name, fields := range x.output {
		r.Output[name], _ = x.scrub.Value(fields).(map[string]any)
	}
	for _, note := range x.notes {
		r.Notes = append(r.Notes, x.scrub.Text(note))
	}
	for _, line := range x.would {
		r.Would = append(r.Would, x.scrub.Text(line))
	}
	changing := slices.ContainsFunc(x.request.Steps, func(s action.Step) bool { return !s.ReadsOnly() })
	switch {
	case st != nil:
		r.Outcome, r.Step, r.Reason = st.outcome, st.step, st.reason
	case x.request.DryRun && len(x.would) > 0:
		r.Outcome, r.Reason = Tried, fmt.Sprintf("dry run: %d requests would have been sent", len(x.would))
		if len(x.would) == 1 {
			r.Reason = "dry run: one request would have been sent"
		}
	case changing && !x.changed() && len(x.failed()) == 0:
		r.Outcome, r.Reason = Already, "nothing had to be changed"
	default:
		r.Outcome = Completed
	}
	r.Reason = language.Truncate(x.scrub.Text(scrub.OneLine(r.Reason)), maxSaid)
	return r
}

// maxSaid is how long a reason may be, in characters.
const maxSaid = 2000

// failed are the steps that had no effect.
func (x *run) failed() []string {
	var names []string
	for name, rec := range x.records {
		if rec.State == Failed {
			names = append(names, name)
		}
	}
	return names
}
