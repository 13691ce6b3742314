// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// Whoever can send spans can make up jobs, environments, runs and stages, as many as they like. Where
// there is no room for all, the places go by what cannot be made up: the cards, and how long, on the
// collector's clock, good runs of a job have been known.

// maxEnvironments is the number of environments in which a card that names none vouches for its job.
const maxEnvironments = 10

// standing is how well a job is known.
type standing struct {
	// carded says that a card speaks of it; since is when its first good run was learned, zero for
	// never.
	carded bool
	since  time.Time
}

func (j *job) standing() standing { return standing{j.carded, j.since} }

// vouched reports whether a card or a good run tells the job from one that somebody has made up.
func (s standing) vouched() bool { return s.carded || !s.since.IsZero() }

// above reports whether one job keeps its place rather than another one: that with a card, then that
// which has been known for longer.
func (s standing) above(other standing) bool {
	switch {
	case s.carded != other.carded:
		return s.carded
	case s.since.IsZero() || other.since.IsZero():
		return other.since.IsZero() && !s.since.IsZero()
	default:
		return s.since.Before(other.since)
	}
}

// standingOf is that of a job by its key.
func (tr *Tracker) standingOf(key run.Key) standing {
	if j := tr.jobs[key]; j != nil {
		return j.standing()
	}
	return standing{}
}

// exact reports whether a card speaks of this environment and no other.
func exact(card *catalog.Job, key run.Key) bool {
	return card.Environment != "" || key.Environment == ""
}

// vouch finds the environments in which a card speaks of its job: the one that it names, or that the
// spans do not name, else the first ones, those with good runs first. There may be any number of
// others, as environments can be made up.
func (tr *Tracker) vouch(card *catalog.Job) {
	if card == nil {
		return
	}
	var jobs []*job
	for _, j := range tr.jobs {
		switch {
		case j.card != card:
		case exact(card, j.key):
			tr.setCarded(j, true)
		default:
			jobs = append(jobs, j)
		}
	}
	slices.SortFunc(jobs, func(a, b *job) int {
		switch {
		case a.standingAlone().above(b.standingAlone()):
			return -1
		case b.standingAlone().above(a.standingAlone()):
			return 1
		}
		return cmp.Or(a.came.Compare(b.came), compareKeys(a.key, b.key))
	})
	for i, j := range jobs {
		tr.setCarded(j, i < maxEnvironments)
	}
	tr.environments[card] = min(len(jobs), maxEnvironments)
}

// standingAlone is the job's standing without its card.
func (j *job) standingAlone() standing { return standing{since: j.since} }

func (tr *Tracker) setCarded(j *job, carded bool) {
	if j.carded == carded {
		return
	}
	j.carded = carded
	tr.regroup(j)
}

// mayHaveCard reports whether a card would speak of a job that is not there yet.
func (tr *Tracker) mayHaveCard(key run.Key) bool {
	card := tr.cards.Job(key.Environment, key.Job)
	return card != nil && (exact(card, key) || tr.environments[card] < maxEnvironments)
}

// prove notes that a good run of the job was learned.
func (tr *Tracker) prove(j *job, now time.Time) {
	if !j.since.IsZero() {
		return
	}
	j.since = now
	tr.records.Change(j)
	tr.regroup(j)
	tr.vouch(j.card)
}
