// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package assessment

import (
	"cmp"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
)

// key names a group. Empty parts are not told apart.
type key struct{ version, dimension, segment, period string }

// group are the accumulators of the rows of a key.
type group struct {
	key
	rows, labelled int
	confusion      *evaluation.Confusion
	scores         *evaluation.Scores
	regression     *evaluation.Regression
	ranking        *evaluation.Ranking
	unlabelled     *evaluation.Unlabelled
	expected       *evaluation.Expected
	// trials are the outcomes of rates, for looks at any time.
	trials map[evaluation.Measure]*evaluation.Trials
}

// rateNames are the measures that are a share of rows, and of which trials are kept.
var rateNames = []evaluation.Measure{evaluation.MeasureAccuracy, evaluation.MeasurePrecision, evaluation.MeasureRecall, evaluation.MeasureFPR, evaluation.MeasureFNR, evaluation.MeasureHitRate}

func newGroup(k key, p *plan, c *calibration) *group {
	g := &group{key: k, trials: map[evaluation.Measure]*evaluation.Trials{}}
	switch p.Task {
	case Regression:
		g.regression = evaluation.NewRegression()
	case Ranking:
		g.ranking = evaluation.NewRanking(p.K)
	default:
		g.confusion = evaluation.NewConfusion(maxClasses)
	}
	if p.Score != "" {
		g.scores = evaluation.NewScores(p.Bins)
	}
	if c != nil && p.Task == Binary {
		g.unlabelled = evaluation.NewUnlabelled(p.Bins)
	}
	if c != nil && p.Task == Multiclass {
		g.expected = evaluation.NewExpected(c.classes, c.of)
	}
	return g
}

func (g *group) add(p *plan, r *row) {
	g.rows++
	if g.unlabelled != nil && !math.IsNaN(r.score) {
		g.unlabelled.Add(r.score, r.answer == p.Positive, r.weight)
	}
	if g.expected != nil && len(r.scores) > 0 {
		g.expected.Add(r.answer, r.scores, r.weight)
	}
	if !r.labelled {
		return
	}
	g.labelled++
	switch p.Task {
	case Regression:
		g.regression.Add(r.number, r.value, r.weight)
		return
	case Ranking:
		ranked, relevant := r.relevances()
		g.ranking.Add(ranked, relevant, r.weight)
		g.trial(p, evaluation.MeasureHitRate, slices.Max(ranked[:min(p.K, len(ranked))]) > 0)
		return
	}
	g.confusion.Add(r.actual, r.answer, r.weight)
	g.trial(p, evaluation.MeasureAccuracy, r.actual == r.answer)
	if p.Task != Binary {
		return
	}
	actual, answer := r.actual == p.Positive, r.answer == p.Positive
	if answer {
		g.trial(p, evaluation.MeasurePrecision, actual)
	}
	if actual {
		g.trial(p, evaluation.MeasureRecall, answer)
		g.trial(p, evaluation.MeasureFNR, !answer)
	} else {
		g.trial(p, evaluation.MeasureFPR, answer)
	}
	if g.scores != nil && !math.IsNaN(r.score) {
		g.scores.Add(r.score, actual, r.weight)
	}
}

// trial counts an outcome; with weights there are none.
func (g *group) trial(p *plan, m evaluation.Measure, outcome bool) {
	if p.Weight != "" {
		return
	}
	t := g.trials[m]
	if t == nil {
		t = &evaluation.Trials{}
		g.trials[m] = t
	}
	v := 0.0
	if outcome {
		v = 1
	}
	t.Add(v)
}

// relevances are those of the list's items in its order, and of all that were relevant.
func (r *row) relevances() (ranked, relevant []float64) {
	for _, name := range r.list {
		ranked = append(ranked, r.relevance[name])
	}
	for _, v := range r.relevance {
		relevant = append(relevant, v)
	}
	return ranked, relevant
}

// measured are the scores of the group's labelled rows.
func (g *group) measured(p *plan) []evaluation.Score {
	if g.labelled == 0 {
		return nil
	}
	switch p.Task {
	case Regression:
		return g.regression.Scores(p.Level)
	case Ranking:
		return g.ranking.Scores(p.Level)
	case Multiclass:
		return g.confusion.Scores("", p.Level)
	}
	out := g.confusion.Scores(p.Positive, p.Level)
	if g.scores != nil {
		out = append(out, g.scores.Scores(p.Level)...)
	}
	return out
}

// estimated is what the scores are expected to be.
func (g *group) estimated(p *plan, c *calibration) []evaluation.Score {
	switch {
	case g.unlabelled != nil:
		return g.unlabelled.Estimate(c.of[0], p.Level)
	case g.expected != nil:
		return g.expected.Scores(p.Level)
	}
	return nil
}

// side are the groups of the rows of one file.
type side struct {
	*plan
	tally       Tally
	calibration *calibration
	groups      map[key]*group
	// pairs are the rows by id, where another file is compared.
	pairs map[string]pairRow
}

// pairRow is what is kept of a row until the other file's row comes.
type pairRow struct {
	answer   string
	actual   string
	labelled bool
	weight   float64
}

func newSide(p *plan, c *calibration) *side {
	return &side{plan: p, calibration: c, groups: map[key]*group{}}
}

// add counts a row in all its groups.
func (s *side) add(r *row) {
	noRoom := false
	at := func(dimension, segment string) {
		k := key{version: r.version, dimension: dimension, segment: segment}
		noRoom = !s.addTo(k, r) || noRoom
		if r.period != "" {
			k.period = r.period
			noRoom = !s.addTo(k, r) || noRoom
		}
	}
	at("", "")
	for i, dimension := range s.Segments {
		at(dimension, r.segments[i])
	}
	if noRoom {
		s.tally.NoRoom++
	}
	if s.pairs != nil && r.id != "" {
		s.pairs[r.id] = pairRow{answer: r.answer, actual: r.actual, labelled: r.labelled, weight: r.weight}
	}
}

func (s *side) addTo(k key, r *row) bool {
	g := s.groups[k]
	if g == nil {
		// The groups of all rows of a version are there in any case.
		if len(s.groups) >= MaxGroups && (k.dimension != "" || k.period != "") {
			return false
		}
		if len(s.groups) >= 2*MaxGroups {
			return false
		}
		g = newGroup(k, s.plan, s.calibration)
		s.groups[k] = g
	}
	g.add(s.plan, r)
	return true
}

// sorted are the groups: all rows first, then segments, each followed by its periods.
func (s *side) sorted() []*group {
	var out []*group
	for _, g := range s.groups {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.version, b.version), cmp.Compare(a.dimension, b.dimension), cmp.Compare(a.segment, b.segment), cmp.Compare(a.period, b.period))
	})
	return out
}
