// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// There are three kinds of records: of a model, of a group without its panes, and of one pane of a
// group. Each says itself of what it is, so that each can be read, or be lost, alone.
var (
	modelFormat = wire.Format{Magic: "qm", Version: 1}
	groupFormat = wire.Format{Magic: "qg", Version: 1}
	paneFormat  = wire.Format{Magic: "qp", Version: 1}
)

// ErrSettings is the error of a record that was written with other settings, such as other windows or
// bins: what it counts cannot be counted on.
var ErrSettings = errors.New("the settings have changed")

// Snapshot gives the records that have changed since the last one, by key, and nil for those that are
// to be deleted.
func (e *Engine) Snapshot(yield func(key string, record []byte)) {
	for _, key := range e.gone {
		yield(key, nil)
	}
	clear(e.gone)
	e.gone = e.gone[:0]
	for _, m := range e.models {
		if m.dirty {
			m.dirty, m.stored = false, true
			e.number(&m.id)
			yield(m.key(), e.encodeModel(m))
		}
	}
	for _, g := range e.dirty {
		if g.removed {
			continue
		}
		g.dirty, g.stored = false, true
		e.number(&g.id)
		yield(g.key(), e.encodeGroup(g))
		span, _ := g.panes.All()
		for at, t := range g.panes.Window(span) {
			if t.dirty {
				t.dirty, t.stored = false, true
				yield(g.paneKey(at), e.encodePane(g, at, t))
			}
		}
	}
	clear(e.dirty)
	e.dirty = e.dirty[:0]
}

// number gives a model or a group an id, if it has none.
func (e *Engine) number(id *uint64) {
	if *id == 0 {
		*id = e.nextID
		e.nextID++
	}
}

// putSettings writes what must be the same for a record to be read.
func (e *Engine) putSettings(w *wire.Encoder) {
	w.String(e.o.Window.String())
	for _, v := range [...]int{e.o.Bins, e.o.SegmentBins, e.o.Classes, e.o.K, int(e.o.Maturity)} {
		w.Varint(int64(v))
	}
}

func (e *Engine) sameSettings(d *wire.Decoder) bool {
	same := d.String() == e.o.Window.String()
	for _, v := range [...]int{e.o.Bins, e.o.SegmentBins, e.o.Classes, e.o.K, int(e.o.Maturity)} {
		same = d.Varint() == int64(v) && same
	}
	return same
}

func putIdentity(w *wire.Encoder, id *prediction.Identity) {
	for _, s := range [...]string{id.Name, id.Version, id.Role, id.Environment} {
		w.String(s)
	}
}

func takeIdentity(d *wire.Decoder) prediction.Identity {
	return prediction.Identity{Name: d.String(), Version: d.String(), Role: d.String(), Environment: d.String()}
}

func (e *Engine) encodeModel(m *model) []byte {
	w := modelFormat.NewEncoder(256)
	e.putSettings(w)
	w.String(m.name)
	w.String(m.environment)
	m.clock.Encode(w)
	m.items.encode(w)
	return w.Seal()
}

func (s *items) encode(w *wire.Encoder) {
	w.Uvarint(uint64(len(s.of)))
	for _, p := range s.order[s.head:] {
		if !s.valid(p) {
			continue
		}
		w.Text(p.set)
		w.String(p.key)
		runs := s.of[p.itemKey].runs
		w.Uvarint(uint64(len(runs)))
		for i := range runs {
			r := &runs[i]
			w.Text(r.member.Version)
			w.Text(r.member.Role)
			w.Varint(r.time)
			w.Uvarint(uint64(r.row))
			w.Text(r.predicted)
			w.Text(r.actual)
			w.Float64(r.weight)
		}
	}
}

func (e *Engine) encodeGroup(g *group) []byte {
	x := g.member
	w := groupFormat.NewEncoder(256)
	e.putSettings(w)
	putIdentity(w, &x.Identity)
	w.String(g.segment)
	w.Varint(g.since)
	// What the member is says the record of its total.
	if g.segment == "" {
		w.Bool(x.known)
		w.String(string(x.task.kind))
		w.String(x.task.positive)
		w.Uint64(x.meaning)
		w.Varint(x.first)
		w.Varint(x.anew)
	}
	w.Uvarint(uint64(len(g.totals)))
	for i, t := range g.totals {
		w.String(x.sets[i])
		w.Bool(t != nil)
		if t == nil {
			continue
		}
		w.Varint(t.rows)
		t.measured.encode(w)
		wire.PutCounts(w, t.lag.counts[:])
		w.Float64(t.lag.sum)
	}
	w.Uvarint(uint64(len(g.archives)))
	for i := range g.archives {
		w.String(g.archives[i].version)
		g.archives[i].rows.encode(w)
	}
	return w.Seal()
}

func (e *Engine) encodePane(g *group, at int64, t *tally) []byte {
	w := paneFormat.NewEncoder(512)
	e.putSettings(w)
	putIdentity(w, &g.member.Identity)
	w.String(g.segment)
	w.Varint(at)
	w.Byte(byte(t.given))
	t.predicted.encode(w)
	t.estimate.encode(w)
	w.Uvarint(uint64(len(t.sets)))
	for i, s := range t.sets {
		w.String(g.member.sets[i])
		w.Bool(s != nil)
		if s == nil {
			continue
		}
		s.of.encode(w)
		s.mature.encode(w)
		s.late.encode(w)
		s.estimate.encode(w)
	}
	return w.Seal()
}

func (c count) encode(w *wire.Encoder) {
	w.Varint(c.rows)
	w.Float64(c.weight)
}

func takeCount(d *wire.Decoder) count { return count{d.Varint(), d.Float64()} }

func (m *measured) encode(w *wire.Encoder) {
	w.Byte(wire.Flag(m.confusion != nil, 1) | wire.Flag(m.scores != nil, 2) | wire.Flag(m.regression != nil, 4) | wire.Flag(m.ranking != nil, 8))
	if m.confusion != nil {
		m.confusion.Encode(w)
	}
	if m.scores != nil {
		m.scores.Encode(w)
	}
	if m.regression != nil {
		m.regression.Encode(w)
	}
	if m.ranking != nil {
		m.ranking.Encode(w)
	}
}

func takeMeasured(d *wire.Decoder) (m measured) {
	has := d.UvarintTo(15)
	if has&1 != 0 {
		m.confusion = evaluation.DecodeConfusion(d)
	}
	if has&2 != 0 {
		m.scores = evaluation.DecodeScores(d)
	}
	if has&4 != 0 {
		m.regression = evaluation.DecodeRegression(d)
	}
	if has&8 != 0 {
		m.ranking = evaluation.DecodeRanking(d)
	}
	return m
}

func (e *estimate) encode(w *wire.Encoder) {
	w.Varint(e.rows)
	w.Byte(wire.Flag(e.binary != nil, 1) | wire.Flag(e.several != nil, 2))
	if e.binary != nil {
		e.binary.Encode(w)
	}
	if e.several != nil {
		e.several.Encode(w)
	}
}

func takeEstimate(d *wire.Decoder) estimate {
	e := estimate{rows: d.Varint()}
	has := d.UvarintTo(3)
	if has&1 != 0 {
		e.binary = evaluation.DecodeUnlabelled(d)
	}
	if has&2 != 0 {
		e.several = evaluation.DecodeExpected(d)
	}
	return e
}

// Restore reads a record that Snapshot gave, in any order, before anything is counted. The error is
// ErrSettings or one of wire's.
func (e *Engine) Restore(key string, record []byte) error {
	e.unsettled = true
	kind, rest, _ := strings.Cut(strings.TrimPrefix(key, keyPrefix), "/")
	number, _, _ := strings.Cut(rest, "/")
	id, err := strconv.ParseUint(number, 10, 62)
	if err != nil {
		return fmt.Errorf("%q is no key of a record: %w", key, err)
	}
	e.nextID = max(e.nextID, id+1)
	var format wire.Format
	var restore func(*wire.Decoder, uint64) error
	switch kind {
	case "model":
		format, restore = modelFormat, e.restoreModel
	case "group":
		format, restore = groupFormat, e.restoreGroup
	case "pane":
		format, restore = paneFormat, e.restorePane
	default:
		return fmt.Errorf("%q is no key of a record", key)
	}
	d, err := format.Open(record)
	if err != nil {
		return err
	}
	if same := e.sameSettings(d); !same {
		if d.Err() != nil {
			return d.Err()
		}
		return ErrSettings
	}
	return restore(d, id)
}

func (e *Engine) restoreModel(d *wire.Decoder, id uint64) error {
	k := modelKey{d.String(), d.String()}
	clock := pane.NewClock(e.o.clock())
	clock.Decode(d)
	type saved struct {
		itemKey
		runs []run
		of   []prediction.Identity
	}
	var all []saved
	for range d.Count(4) {
		s := saved{itemKey: itemKey{d.Text(), d.String()}}
		for range d.Count(14) {
			s.of = append(s.of, prediction.Identity{Name: k.name, Version: d.Text(), Role: d.Text(), Environment: k.environment})
			s.runs = append(s.runs, run{time: d.Varint(), row: int(d.UvarintTo(math.MaxInt32)), predicted: d.Text(), actual: d.Text(), weight: d.Float64()})
		}
		all = append(all, s)
	}
	if err := d.End(); err != nil {
		return err
	}
	m := e.modelOf(k)
	m.id, m.stored, m.clock = id, true, clock
	m.oldest = clock.Oldest()
	for _, s := range all {
		for i := range s.runs {
			if s.runs[i].member = e.restored(s.of[i]); s.runs[i].member == nil {
				continue
			}
			m.items.put(s.itemKey, s.runs[i])
		}
	}
	return nil
}

// restored is the member of an identity, made if need be.
func (e *Engine) restored(id prediction.Identity) *member {
	if x := e.member(&id); x != nil {
		return x
	}
	if e.full() && !e.tasks(id).Listed {
		return nil
	}
	return e.join(id)
}

func (e *Engine) restoreGroup(d *wire.Decoder, id uint64) error {
	identity := takeIdentity(d)
	segment := d.String()
	since := d.Varint()
	var known bool
	var t task
	var meaning uint64
	first, anew := int64(math.MaxInt64), int64(pane.Never)
	if segment == "" {
		known = d.Bool()
		t.kind, t.positive = catalog.Task(d.String()), d.String()
		meaning, first, anew = d.Uint64(), d.Varint(), d.Varint()
	}
	var names []string
	var totals []*total
	for range d.Count(2) {
		names = append(names, d.String())
		if !d.Bool() {
			totals = append(totals, nil)
			continue
		}
		one := &total{rows: d.Varint(), measured: takeMeasured(d)}
		if copy(one.lag.counts[:], wire.TakeCounts[uint64](d)) != lagBuckets {
			d.Fail()
		}
		one.lag.sum = d.Float64()
		totals = append(totals, one)
	}
	var archives []archive
	for range d.Count(2) {
		archives = append(archives, archive{version: d.String(), rows: takeMeasured(d)})
	}
	if err := d.End(); err != nil {
		return err
	}
	g := e.restoredGroup(identity, segment)
	if g == nil {
		return nil
	}
	x := g.member
	g.id, g.since, g.stored, g.archives = id, since, true, archives
	for i, t := range totals {
		if set := x.set(names[i], e.o.Limits.Sets, true); set >= 0 && t != nil {
			*g.total(set) = *t
			x.labelled = x.labelled || t.rows > 0
		}
	}
	if segment == "" {
		x.first, x.anew = min(x.first, first), anew
		e.restoreTask(x, t, known, meaning)
	}
	return nil
}

// restoreTask gives a member the task that its rows were counted by; settle finds out whether it is
// another one now.
func (e *Engine) restoreTask(x *member, t task, known bool, meaning uint64) {
	if known && x.meaning != meaning {
		t.against = x.task.against
		x.task, x.known, x.meaning = t, true, meaning
	}
}

// restoredGroup is the group of an identity and a segment, made if need be; nil where there is no room.
func (e *Engine) restoredGroup(id prediction.Identity, segment string) *group {
	x := e.restored(id)
	if x == nil {
		return nil
	}
	if g := x.byName[segment]; g != nil {
		return g
	}
	return e.newGroup(x, segment, 0)
}

func (e *Engine) restorePane(d *wire.Decoder, id uint64) error {
	identity := takeIdentity(d)
	segment := d.String()
	at := d.Varint()
	t := tally{stored: true, given: given(d.UvarintTo(uint64(givenMature))), predicted: takeCount(d), estimate: takeEstimate(d)}
	var names []string
	var sets []*labelled
	for range d.Count(2) {
		names = append(names, d.String())
		if !d.Bool() {
			sets = append(sets, nil)
			continue
		}
		sets = append(sets, &labelled{of: takeCount(d), mature: takeMeasured(d), late: takeMeasured(d), estimate: takeEstimate(d)})
	}
	if at > farthest || at < -farthest {
		d.Fail()
	}
	if err := d.End(); err != nil {
		return err
	}
	g := e.restoredGroup(identity, segment)
	if g == nil {
		return nil
	}
	g.id = id
	for i, s := range sets {
		set := g.member.set(names[i], e.o.Limits.Sets, true)
		for s != nil && set >= len(t.sets) {
			t.sets = append(t.sets, nil)
		}
		if s != nil && set >= 0 {
			t.sets[set] = s
		}
	}
	if p, _ := g.panes.At(at); p != nil {
		*p = t
	}
	return nil
}

// farthest bounds the numbers of panes that are read: of a minute each, 300 years.
const farthest = 300 * 366 * 24 * 60
