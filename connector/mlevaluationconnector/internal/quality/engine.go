// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"math"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Engine keeps what is known of the quality of all models.
type Engine struct {
	o       Options
	tasks   func(prediction.Identity) Task
	models  []*model
	byModel map[modelKey]*model
	members map[prediction.Identity]*member
	// last is the member of the answer that came last: often the next one's.
	last *member
	// segments is the number of groups that are no totals.
	segments int
	nextID   uint64
	stats    Stats
	compare  comparison
	// trace is the answer of the row at hand.
	trace Trace
	// unlisted are the members that no card names; now is the wall clock. fullUntil and allVouched say
	// that a newcomer need not look for a place.
	unlisted   int
	now        time.Time
	fullUntil  time.Time
	allVouched bool
	// dirty are the groups that have changed since the last Snapshot, gone the keys of records that
	// are in the store no longer for a reason.
	dirty []*group
	gone  []string
	// unsettled says that records were read whose rows may have been counted by other tasks, reset are
	// those whose rows were.
	unsettled bool
	reset     []prediction.Identity
}

type modelKey struct{ name, environment string }

// model is what the versions of a model share.
type model struct {
	modelKey
	// id is that of its record, 0 before there is one.
	id    uint64
	clock *pane.Clock
	// oldest is the first pane that is taken; held says that older ones are still to be given.
	oldest int64
	held   bool
	// mature and ended are the last panes of windows that Results has compared.
	mature, ended int64
	members       []*member
	items         items
	// dirty says that its record in the store is not as the model is now, stored that it has one.
	dirty, stored bool
}

// member is one version of a model in one role.
type member struct {
	prediction.Identity
	model *model
	task  task
	known bool // the task is decided
	// first is the oldest pane in which there was a prediction.
	first int64
	// sets are the names of sets of labels; the first is that of live traffic.
	sets []string
	// groups are the total, then segments.
	groups []*group
	byName map[string]*group
	// meaning is what rows were counted by.
	meaning uint64
	// anew is the time up to which predictions were forgotten, and their labels are not counted.
	anew int64
	// listed says that a card names the version, labelled that an answer has had a label; seen is when
	// one came last, by the wall clock.
	listed, labelled bool
	seen             int64
}

// New returns an Engine that has seen nothing.
func New(o Options) *Engine {
	return &Engine{
		o: o.withDefaults(), tasks: func(prediction.Identity) Task { return Task{} },
		byModel: map[modelKey]*model{}, members: map[prediction.Identity]*member{}, nextID: 1,
	}
}

// SetTasks says what the models do. Where that is another thing than their rows were counted by, it
// forgets those rows and returns whose they were: they begin anew, unless all their answers and labels
// are given to the Engine again. The function is also called for each new identity.
func (e *Engine) SetTasks(tasks func(prediction.Identity) Task) (reset []prediction.Identity) {
	e.tasks = tasks
	e.settle()
	reset, e.reset = e.reset, nil
	return reset
}

// settle gives all members their tasks, and lets go of rows that were counted by other ones.
func (e *Engine) settle() {
	e.unsettled = false
	for _, m := range e.models {
		for _, x := range m.members {
			for _, g := range x.groups {
				g.turn++
			}
			if e.learn(x, e.tasks(x.Identity)) && len(x.groups) > 0 {
				e.reset = append(e.reset, x.Identity)
				e.forget(x)
			}
		}
	}
}

// learn gives a member its task and reports whether its rows were counted by another one.
func (e *Engine) learn(x *member, t Task) (changed bool) {
	e.list(x, t.Listed)
	next := newTask(t)
	if next.kind == "" {
		// What was found out stays.
		x.task.against = next.against
		return false
	}
	meaning := next.meaning()
	changed = x.meaning != 0 && x.meaning != meaning
	x.task, x.known, x.meaning = next, true, meaning
	return changed
}

// forget takes all of a member away but that it is there.
func (e *Engine) forget(x *member) {
	for _, g := range x.groups {
		e.removeGroup(g)
	}
	x.groups, x.byName = nil, map[string]*group{}
	x.anew = x.model.clock.Newest()
	x.model.items.forget(x)
	x.model.dirty = true
}

// member returns the one of an identity, nil where there is none.
func (e *Engine) member(id *prediction.Identity) *member {
	if e.last != nil && e.last.Identity == *id {
		return e.last
	}
	x := e.members[*id]
	if x != nil {
		e.last = x
	}
	return x
}

// join makes a member.
func (e *Engine) join(id prediction.Identity) *member {
	x := &member{Identity: id, model: e.modelOf(modelKey{id.Name, id.Environment}), first: math.MaxInt64, anew: pane.Never, sets: []string{""}, byName: map[string]*group{}}
	x.model.members = append(x.model.members, x)
	e.members[id] = x
	e.unlisted++
	e.learn(x, e.tasks(id))
	return x
}

func (e *Engine) modelOf(k modelKey) *model {
	m := e.byModel[k]
	if m == nil {
		m = &model{modelKey: k, clock: pane.NewClock(e.o.clock()), oldest: pane.Never, mature: pane.Never, ended: pane.Never, items: newItems(e.o.Limits.Items)}
		e.models = append(e.models, m)
		e.byModel[k] = m
	}
	return m
}

// Predict counts an answer that has come.
func (e *Engine) Predict(a *answer.Answer, now time.Time) {
	e.now = now
	if e.unsettled {
		e.settle()
	}
	if a.Failed {
		e.stats.Predictions[Failed]++
		return
	}
	if !(a.Weight > 0) || math.IsInf(a.Weight, 1) {
		e.stats.Predictions[Unusable]++
		return
	}
	x := e.member(&a.Identity)
	if x == nil {
		if x = e.place(a.Identity, claim{listed: e.tasks(a.Identity).Listed}, now); x == nil {
			e.stats.Predictions[Overflow]++
			return
		}
	}
	x.seen = now.UnixNano()
	at, ok := x.model.clock.Observe(a.Time, now)
	switch {
	case !ok:
		e.stats.Predictions[Future]++
		return
	case at < x.model.oldest:
		e.stats.Predictions[Late]++
		return
	}
	if a.Time <= x.anew {
		x.anew = pane.Never // what was forgotten comes again
	}
	x.model.dirty = true
	x.first = min(x.first, at)
	estimated := x.known && len(x.task.calibrations) > 0 && e.compare.answered(&x.task, a)
	e.predict(x, "", at, a, now, estimated)
	for _, segment := range a.Segments {
		if segment != "" && !e.predict(x, segment, at, a, now, estimated) {
			e.stats.Predictions[Overflow]++
		}
	}
}

func (e *Engine) predict(x *member, segment string, at int64, a *answer.Answer, now time.Time, estimated bool) bool {
	g := x.byName[segment]
	if g == nil {
		if g = e.newGroup(x, segment, now.UnixNano()); g == nil {
			return false
		}
	}
	t, _ := g.panes.At(at)
	if t == nil {
		return false
	}
	if at <= x.model.ended {
		g.turn++
	}
	t.predicted.add(a.Weight, 1)
	if estimated {
		t.estimate.count(&x.task, g.shape, &e.compare.row, 1)
	}
	e.touch(g, t)
	return true
}

// Label counts a label of an answer that was given to Predict.
func (e *Engine) Label(a *answer.Answer, l *label.Label) { e.label(a, l, 1) }

// Unlabel takes away what Label has counted, given the same arguments.
func (e *Engine) Unlabel(a *answer.Answer, l *label.Label) { e.label(a, l, -1) }

func (e *Engine) label(a *answer.Answer, l *label.Label, sign int64) {
	if e.unsettled {
		e.settle()
	}
	reason := e.labelRow(a, l, sign)
	if reason != Counted && sign > 0 {
		e.stats.Labels[reason]++
	}
}

func (e *Engine) labelRow(a *answer.Answer, l *label.Label, sign int64) Reason {
	if a.Failed {
		return Failed
	}
	x := e.member(&a.Identity)
	switch {
	case x == nil && e.full():
		if sign > 0 {
			e.placeLabelled(a.Identity)
		}
		return Overflow
	case x == nil || a.Time <= x.anew:
		return Late
	}
	if !x.known && sign > 0 {
		if !e.infer(x, a, l) {
			return Mismatch
		}
	}
	if !x.known || !e.compare.answered(&x.task, a) || !e.compare.labelled(&x.task, a, l) {
		return Mismatch
	}
	r := &e.compare.row
	if !(r.weight > 0) || math.IsInf(r.weight, 1) {
		return Unusable
	}
	set := x.set(l.Set, e.o.Limits.Sets, sign > 0)
	if set < 0 {
		return Overflow
	}
	lag := noLag
	if !l.Time.IsZero() {
		lag = l.Time.UnixNano() - a.Time
	}
	at := x.model.clock.Pane(a.Time)
	late := false
	e.trace = traceOf(a, l, r)
	for i := -1; i < len(a.Segments); i++ {
		segment := ""
		if i >= 0 {
			if segment = a.Segments[i]; segment == "" {
				continue
			}
		}
		g := x.byName[segment]
		if g == nil {
			if i < 0 {
				return Late
			}
			continue
		}
		switch e.labelGroup(g, set, at, lag, a.Weight, sign) {
		case Unusable:
			return Unusable
		case Late:
			late = true
		}
	}
	if set > 0 && x.task.classifies() && r.predicted != "" {
		e.stats.ItemsEvicted += x.model.items.count(x, a, l, &e.compare.row, sign)
		x.model.dirty = true
	}
	if late {
		return Late
	}
	x.labelled = x.labelled || sign > 0
	return Counted
}

// infer decides the task of a member by the first answer with a label that says something.
func (e *Engine) infer(x *member, a *answer.Answer, l *label.Label) bool {
	t, ok := infer(a, l)
	if !ok {
		return false
	}
	t.Against, t.Listed = x.task.against, x.listed
	e.learn(x, t)
	return true
}

// set is the number of a set of labels, -1 where it has none.
func (x *member) set(name string, most int, create bool) int {
	if i := slices.Index(x.sets, name); i >= 0 || !create || len(x.sets) >= most {
		return i
	}
	x.sets = append(x.sets, name)
	return len(x.sets) - 1
}

// labelGroup counts the row at hand in one group.
func (e *Engine) labelGroup(g *group, set int, at, lag int64, weight float64, sign int64) Reason {
	x, r := g.member, &e.compare.row
	total := g.total(set)
	if !total.count(&x.task, g.shape, r, lag, sign) {
		return Unusable
	}
	total.trace(r, &e.trace, sign)
	t := g.panes.Get(at)
	e.touch(g, t)
	if t == nil {
		return Late
	}
	for len(t.sets) <= set {
		t.sets = append(t.sets, nil)
	}
	s := t.sets[set]
	if s == nil {
		s = &labelled{}
		t.sets[set] = s
	}
	if sign < 0 && s.of.rows <= 0 {
		return Late
	}
	s.of.add(weight, sign)
	if lag <= int64(e.o.Maturity) {
		if at <= x.model.mature {
			g.turn++
		}
		s.mature.count(&x.task, g.shape, r, sign)
	} else {
		s.late.count(&x.task, g.shape, r, sign)
	}
	if set == 0 {
		s.estimate.count(&x.task, g.shape, r, sign)
	}
	return Counted
}

// touch notes that a group has changed, and the pane of it, if that is still there.
func (e *Engine) touch(g *group, t *tally) {
	if t != nil {
		t.dirty, t.given = true, notGiven
	}
	if !g.dirty {
		g.dirty = true
		e.dirty = append(e.dirty, g)
	}
}

// Advance moves the clocks on, by the wall clock where a model is silent, and drops what is over:
// panes that no window needs, and segments, versions and models of which there are none.
func (e *Engine) Advance(now time.Time) {
	e.now = now
	if e.unsettled {
		e.settle()
	}
	for _, m := range e.models {
		m.clock.Advance(now)
		oldest := m.clock.Oldest()
		if oldest == m.oldest && !m.held {
			continue
		}
		m.oldest, m.held, m.dirty = oldest, false, true
		for _, x := range m.members {
			x.groups = slices.DeleteFunc(x.groups, func(g *group) bool {
				e.drop(g, oldest)
				if g.panes.Len() > 0 {
					return false
				}
				delete(x.byName, g.segment)
				e.removeGroup(g)
				return true
			})
		}
		m.members = slices.DeleteFunc(m.members, func(x *member) bool {
			if len(x.groups) > 0 {
				return false
			}
			e.leave(x)
			return true
		})
	}
	e.dropModels()
	e.dirty = slices.DeleteFunc(e.dirty, func(g *group) bool { return g.removed })
}

// drop forgets the panes before one, but none that Closed has not given as it is. What trials need of
// them stays.
func (e *Engine) drop(g *group, oldest int64) {
	span, ok := g.panes.All()
	if !ok || span.First >= oldest {
		return
	}
	for at, t := range g.panes.Window(pane.Span{First: span.First, Last: oldest - 1}) {
		if e.o.Closed && t.given == notGiven {
			oldest, g.member.model.held = at, true
			break
		}
		g.archive(at, t)
		if t.stored {
			e.gone = append(e.gone, g.paneKey(at))
		}
	}
	g.panes.Drop(oldest)
	e.touch(g, nil)
}

// removeGroup lets go of a group that is taken out of its member.
func (e *Engine) removeGroup(g *group) {
	if g.segment != "" {
		e.segments--
	}
	g.removed = true
	if span, ok := g.panes.All(); ok {
		for at, t := range g.panes.Window(span) {
			if t.stored {
				e.gone = append(e.gone, g.paneKey(at))
			}
		}
	}
	if g.stored {
		e.gone = append(e.gone, g.key())
	}
}

// Stats returns what was counted so far and what was not.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Identities, s.Segments = len(e.members), e.segments
	for _, m := range e.models {
		s.Items += m.items.len()
	}
	return s
}

var rates = []evaluation.Measure{
	evaluation.MeasureAccuracy, evaluation.MeasurePrecision, evaluation.MeasureRecall, evaluation.MeasureFPR, evaluation.MeasureFNR,
	evaluation.MeasureHitRate,
}
