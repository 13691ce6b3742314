// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package waiting

import (
	"strconv"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Options bound a Log.
type Options struct {
	// Wait is how long an answer waits for labels, and a label for its answer, since it came.
	Wait time.Duration
	// Answers and Labels are how many are kept, Bytes is how many bytes both take. Where there is no
	// room the oldest leave, a block at a time.
	Answers, Labels, Bytes int
	// Names is how many cohorts, and how many different texts, are told apart.
	Names int
	// Vouched reports whether somebody vouches for a version. Answers of all others have half the room
	// together, so that names that are made up do not push out what is waited for. nil vouches for all.
	Vouched func(*prediction.Identity) bool
}

// Sink is told what follows from what comes in. What it is given is valid during the call.
type Sink interface {
	// Answered is called for each answer that was not there before.
	Answered(a *answer.Answer)
	// Labelled is called when a label begins to count for an answer, Unlabelled when it no longer
	// does: with equal arguments. Where the label is of a set, Key says which item it judged: the
	// answer has no other ids.
	Labelled(a *answer.Answer, l *label.Label)
	Unlabelled(a *answer.Answer, l *label.Label)
	// Alone is called for a label that has come and met no answer, Met when it is no longer so: it
	// has met one, or another label has taken its place.
	Alone(l *label.Label)
	Met(l *label.Label)
}

// Stats are how many items had which outcome since they were taken.
type Stats struct {
	// Of answers: taken; sent again; without a key by which a label could find them; of versions that
	// nobody vouches for, without room; without room for their segments.
	Answers, DuplicateAnswers, Unkeyed, Strangers, Unsegmented int
	// Of keys: those with too many items.
	Crowded int
	// Of labels: taken; sent again; older than the one that is known; that replaced another one, or
	// took it back; by a key that no answer is kept by; that correct a label which had to leave.
	Labels, DuplicateLabels, Stale, Corrected, Retracted, UnkeyedLabels, Forgotten int
	// Joined are pairs of an answer and its first label of a set.
	Joined int
	// ExpiredAnswers left without a label when their time was over, ExpiredLabels were without an
	// answer then. EvictedAnswers, without a label, and EvictedLabels left for want of room.
	ExpiredAnswers, ExpiredLabels, EvictedAnswers, EvictedLabels int
}

// Log keeps answers and labels.
type Log struct {
	options Options
	names   *table
	index   *index
	// blocks are by number. answers and labels are those of one kind, oldest first; the last one is
	// open.
	blocks          map[uint32]*block
	answers, labels queue
	last            uint32 // number of a block
	bytes           int
	// strangers are the answers of versions that nobody vouches for.
	strangers share
	// gone are numbers of blocks that have left and are in the storage.
	gone  []uint32
	stats Stats

	// The rest is used again.
	body          wire.Encoder
	answer, other answer.Answer
	label, known  label.Label
	found         []place
	slots         []slot
}

// share is a part of the answers.
type share struct{ items, bytes int }

// queue has the blocks of a kind.
type queue struct {
	blocks []*block
	items  int
	room   int // for so many items
}

// slot is the label that counts for an answer, of one set.
type slot struct {
	label label.Label
	at    place
}

// New returns an empty Log.
func New(options Options) *Log {
	return &Log{
		options: options, names: newTable(options.Names), index: newIndex(), blocks: make(map[uint32]*block),
		answers: queue{room: options.Answers}, labels: queue{room: options.Labels},
	}
}

// Apply takes items in their order. A nil sink is told nothing, and nothing is counted.
func (l *Log) Apply(items []Item, now time.Time, sink Sink) {
	for i := range items {
		if items[i].Answer != nil {
			l.addAnswer(&items[i], now, sink)
		} else {
			l.addLabel(&items[i], now, sink)
		}
	}
	l.makeRoom()
}

// TakeStats returns what has happened since it was called last.
func (l *Log) TakeStats() Stats {
	s := l.stats
	l.stats = Stats{}
	return s
}

// Waiting returns how many answers and labels are kept, and the bytes that they take, without the
// index.
func (l *Log) Waiting() (answers, labels, bytes int) { return l.answers.items, l.labels.items, l.bytes }

func (l *Log) addAnswer(item *Item, now time.Time, sink Sink) {
	a := item.Answer
	if item.n == 0 {
		l.stats.Unkeyed++
		if sink != nil {
			sink.Answered(a)
		}
		return
	}
	if l.has(item) {
		l.stats.DuplicateAnswers++
		return
	}
	if sink != nil {
		l.stats.Answers++
		sink.Answered(a)
	}
	stranger := l.options.Vouched != nil && !l.options.Vouched(&a.Identity)
	if stranger && (2*l.strangers.items >= l.answers.room || 2*l.strangers.bytes >= l.options.Bytes) {
		l.stats.Strangers++
		return
	}
	l.body.Reset()
	b := l.open(&l.answers, kindAnswer, a.Time)
	if !l.names.putAnswer(&l.body, a, b.base) {
		l.stats.Unsegmented++
	}
	before := len(b.data)
	p := l.append(&l.answers, b, item, now)
	if stranger {
		l.strange(b, share{1, len(b.data) - before})
	}

	l.slots = l.slots[:0]
	oldest := now.Add(-l.options.Wait).UnixNano()
	for _, h := range item.keys[:item.n] {
		l.gather(h, a, oldest, func(at place) {
			if sink != nil && at.marks()&marked == 0 {
				sink.Met(&l.label)
			}
			at.mark(marked)
		})
	}
	for i := range l.slots {
		s := &l.slots[i]
		p.mark(marked)
		if sink != nil && !s.label.Retracted {
			l.stats.Joined++
			id, key := a.PredictionID, a.Key
			l.name(a, &s.label, s.at)
			sink.Labelled(a, &s.label)
			a.PredictionID, a.Key = id, key
		}
	}
	l.stats.Crowded += l.link(p)
}

// has reports whether the same answer is there: the same row of the same span, or, where spans are
// no key, the same time under the same key.
func (l *Log) has(item *Item) (found bool) {
	a := item.Answer
	l.chain(item.keys[item.n-1], func(p place) bool {
		if p.block.kind != kindAnswer {
			return true
		}
		o := &l.other
		p.answer(l.names, o)
		found = o.SpanID == a.SpanID && o.TraceID == a.TraceID && o.Row == a.Row && (!a.SpanID.IsEmpty() || o.Time == a.Time)
		return !found
	})
	return found
}

// gather adds the labels of a key that apply to an answer to the slots: the latest of each set. A
// label that came before oldest waits no more. met is called with each, which is in l.label.
func (l *Log) gather(hash uint64, a *answer.Answer, oldest int64, met func(place)) {
	l.chain(hash, func(p place) bool {
		if p.block.kind == kindAnswer || p.block.arrived < oldest {
			return true
		}
		p.label(l.names, &l.label)
		if !applies(&l.label, a) {
			return true
		}
		met(p)
		for i := range l.slots {
			s := &l.slots[i]
			if s.label.Set != l.label.Set {
				continue
			}
			if later(&l.label, p, &s.label, s.at) {
				*s = slot{l.label, p}
			}
			return true
		}
		l.slots = append(l.slots, slot{l.label, p})
		return true
	})
}

// applies reports whether a label that names a model is one of the answer's.
func applies(l *label.Label, a *answer.Answer) bool {
	return (l.Model == "" || l.Model == a.Name) && (l.Environment == "" || l.Environment == a.Environment)
}

// later reports whether a label counts more than another one: it was known later, or came later.
func later(a *label.Label, at place, b *label.Label, bt place) bool {
	if c := a.Time.Compare(b.Time); c != 0 {
		return c > 0
	}
	return at.ref() > bt.ref()
}

func (l *Log) addLabel(item *Item, now time.Time, sink Sink) {
	if item.n == 0 {
		l.stats.UnkeyedLabels++
		return
	}
	if item.Label.Time.IsZero() {
		item.Label.Time = now
	}
	outcome, replaced := l.compare(item)
	switch outcome {
	case isDuplicate:
		l.stats.DuplicateLabels++
		return
	case isStale:
		l.stats.Stale++
		return
	}
	if sink != nil {
		l.stats.Labels++
	}
	l.body.Reset()
	b := l.open(&l.labels, kindLabel, item.Label.Time.UnixNano())
	l.names.putLabel(&l.body, item.Label, b.base)
	p := l.append(&l.labels, b, item, now)

	l.found = l.found[:0]
	l.chain(item.keys[0], func(q place) bool {
		if q.block.kind == kindAnswer {
			l.found = append(l.found, q)
		}
		return true
	})
	for _, q := range l.found {
		l.relabel(q, item.Label, p, sink)
	}
	if replaced.block != nil {
		if replaced.marks()&marked != 0 {
			p.mark(marked)
		} else if sink != nil {
			replaced.label(l.names, &l.known)
			sink.Met(&l.known)
		}
		l.unlink(replaced)
		replaced.mark(marked | superseded)
	}
	if sink != nil && p.marks()&marked == 0 {
		sink.Alone(item.Label)
	}
	l.stats.Crowded += l.link(p)
}

// The outcomes of compare.
const (
	isNew = iota
	isDuplicate
	isStale
)

// compare says how a label stands to the one of the same key, model and set, which it replaces if it
// is new.
func (l *Log) compare(item *Item) (outcome int, replaces place) {
	other, found := l.same(item)
	is, was := item.Label, &l.known
	switch {
	case !found:
		return isNew, place{}
	case was.Time.After(is.Time):
		return isStale, place{}
	case was.Time.Equal(is.Time) && sameTruth(was, is):
		return isDuplicate, place{}
	}
	return isNew, other
}

// same finds the label of the same key, model and set, which is in l.known then.
func (l *Log) same(item *Item) (other place, found bool) {
	is, was := item.Label, &l.known
	l.chain(item.keys[0], func(p place) bool {
		if p.block.kind == kindAnswer {
			return true
		}
		p.label(l.names, was)
		if found = was.Set == is.Set && was.Model == is.Model && was.Environment == is.Environment; found {
			other = p
		}
		return !found
	})
	return other, found
}

// sameTruth reports whether two labels say the same.
func sameTruth(a, b *label.Label) bool {
	if len(a.Relevances) != len(b.Relevances) {
		return false
	}
	for i, r := range a.Relevances {
		if r != b.Relevances[i] {
			return false
		}
	}
	return a.Retracted == b.Retracted && a.Class == b.Class && a.HasValue == b.HasValue && a.Value == b.Value && a.Weight == b.Weight
}

// relabel lets a label that was added count for an answer in the place of the one before.
func (l *Log) relabel(q place, is *label.Label, at place, sink Sink) {
	a := &l.answer
	q.answer(l.names, a)
	if !applies(is, a) {
		return
	}
	l.slots = l.slots[:0]
	for i := range q.keys() {
		l.gather(q.hash(i), a, 0, func(place) {})
	}
	var was *label.Label
	for i := range l.slots {
		if s := &l.slots[i]; s.label.Set == is.Set {
			if !later(is, at, &s.label, s.at) {
				l.stats.Stale++
				at.mark(marked)
				return
			}
			was = &s.label
		}
	}
	if was == nil && q.marks()&forgotten != 0 {
		l.stats.Forgotten++
		return
	}
	q.mark(marked)
	at.mark(marked)
	if sink == nil {
		return
	}
	switch {
	case is.Retracted:
		l.stats.Retracted++
	case was == nil || was.Retracted:
		l.stats.Joined++
	default:
		l.stats.Corrected++
	}
	l.name(a, is, at)
	if was != nil && !was.Retracted {
		sink.Unlabelled(a, was)
	}
	if !is.Retracted {
		sink.Labelled(a, is)
	}
}

// name gives an answer the key by which a label of a set has found it.
func (l *Log) name(a *answer.Answer, is *label.Label, at place) {
	if is.Set != "" {
		a.PredictionID, a.Key = "", strconv.FormatUint(at.hash(0), 16)
	}
}

// strange notes that answers in a block are of versions that nobody vouches for.
func (l *Log) strange(b *block, s share) {
	b.strangers.items += s.items
	b.strangers.bytes += s.bytes
	l.strangers.items += s.items
	l.strangers.bytes += s.bytes
}

// open returns the block of a kind that takes the next item. base is the time of its first one.
func (l *Log) open(q *queue, k kind, base int64) *block {
	if n := len(q.blocks); n > 0 {
		b := q.blocks[n-1]
		if !b.sealed && b.items < min(blockItems, q.room/leastRoom) && len(b.data) < min(blockBytes, l.options.Bytes/leastRoom) {
			return b
		}
	}
	l.last++
	b := &block{number: l.last, kind: k, base: base}
	q.blocks = append(q.blocks, b)
	l.blocks[b.number] = b
	return b
}

// append adds an item whose body is encoded to an open block.
func (l *Log) append(q *queue, b *block, item *Item, now time.Time) place {
	l.bytes -= len(b.data)
	p := b.add(item, l.body.Bytes())
	l.bytes += len(b.data)
	q.items++
	b.arrived = max(b.arrived, now.UnixNano())
	return p
}
