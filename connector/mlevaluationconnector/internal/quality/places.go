// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// unusedFor is how long a version that nobody vouches for must be silent before another one that nobody
// vouches for takes its place.
const unusedFor = time.Hour

// vouched reports whether somebody vouches for a member: its card names the version, or its answers
// have had labels. Anybody can make the name of a model up.
func (x *member) vouched() bool { return x.listed || x.labelled }

// Vouched reports whether a card names the version, or answers of it have had labels.
func (e *Engine) Vouched(id *prediction.Identity) bool {
	if x := e.member(id); x != nil {
		return x.vouched()
	}
	return e.tasks(*id).Listed
}

// claim says who vouches for a newcomer.
type claim struct{ listed, labelled bool }

// place makes a member of a newcomer, nil where there is no room. A version that a card names has a
// place of its own. Others share Limits.Identities: who has had a label takes the place of the version
// that nobody vouches for and that was silent for longest, the rest only after an hour of silence.
func (e *Engine) place(id prediction.Identity, by claim, now time.Time) *member {
	if !by.listed && e.full() && !e.makeRoom(by, now) {
		return nil
	}
	return e.join(id)
}

// full reports whether the places of versions that no card names are taken.
func (e *Engine) full() bool { return e.unlisted >= e.o.Limits.Identities }

// placeLabelled gives a version whose answer has a label a place, if there is one. The answers that
// came before are not counted, nor are their labels.
func (e *Engine) placeLabelled(id prediction.Identity) {
	if x := e.place(id, claim{labelled: true}, e.now); x != nil {
		x.labelled, x.seen, x.anew = true, e.now.UnixNano(), e.now.UnixNano()
	}
}

// makeRoom looks for a member whose place a newcomer takes.
func (e *Engine) makeRoom(by claim, now time.Time) bool {
	if !by.labelled && now.Before(e.fullUntil) || by.labelled && e.allVouched {
		return false
	}
	var least *member
	for _, x := range e.members {
		if x.seen == 0 {
			x.seen = now.UnixNano() // it was restored
		}
		if !x.vouched() && (least == nil || x.seen < least.seen) {
			least = x
		}
	}
	if least == nil {
		e.allVouched, e.fullUntil = true, now.Add(unusedFor)
		return false
	}
	if until := time.Unix(0, least.seen).Add(unusedFor); !by.labelled && now.Before(until) {
		e.fullUntil = until
		return false
	}
	e.evict(least)
	return true
}

// evict lets go of a version and all that was counted of it.
func (e *Engine) evict(x *member) {
	m := x.model
	e.forget(x)
	e.leave(x)
	m.members = slices.DeleteFunc(m.members, func(o *member) bool { return o == x })
	e.dropModels()
	e.stats.Evicted++
	if e.o.Evicted != nil {
		e.o.Evicted(x.Identity)
	}
}

// leave takes a member without groups out of the engine, but not out of its model.
func (e *Engine) leave(x *member) {
	delete(e.members, x.Identity)
	if !x.listed {
		e.unlisted--
	}
	e.placesChanged()
	x.model.items.forget(x)
	e.last = nil
}

// dropModels lets go of models without a version.
func (e *Engine) dropModels() {
	e.models = slices.DeleteFunc(e.models, func(m *model) bool {
		if len(m.members) > 0 {
			return false
		}
		delete(e.byModel, m.modelKey)
		if m.stored {
			e.gone = append(e.gone, m.key())
		}
		return true
	})
}

// placesChanged lets newcomers try again.
func (e *Engine) placesChanged() { e.fullUntil, e.allVouched = time.Time{}, false }

// list notes whether a card names the version of a member.
func (e *Engine) list(x *member, listed bool) {
	if listed == x.listed {
		return
	}
	x.listed = listed
	if listed {
		e.unlisted--
	} else {
		e.unlisted++
	}
	e.placesChanged()
}
