// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// Score is what one statistic says of a window.
type Score struct {
	Method string
	// Score is the statistic, PValue the probability of one at least as large if nothing had changed.
	Score, PValue float64
	// Effect is compared with Threshold.
	Effect, Threshold float64
}

// Result is a window of one subject compared with one reference.
type Result struct {
	Key       Key
	Reference string
	// Start and End are event time, in seconds since 1970.
	Start, End int64
	// Samples and ReferenceSamples are numbers of values; of the subject Missing, of rows.
	Samples, ReferenceSamples uint64
	// Scores are empty where there is nothing to compare; the first one decides.
	Scores  []Score
	Verdict Verdict
	// Reason is why the verdict is Insufficient, Reasons are all that were given so far for this subject.
	Reason  Reason
	Reasons Reasons
	// Exemplar is a row that shows the growth; nil if there is none.
	Exemplar *Exemplar
	// Growth is what has grown, where the first effect is at its threshold; else nil.
	Growth *Growth
}

// Change is a new verdict and the window that brought it.
type Change struct {
	Result
	From Verdict
}

// scope is where a series lives, with the champion's series of the same segment.
type scope struct {
	m        *model
	v        *version
	g        *segment
	champion *segment // nil if there is none, or where the version is the champion
	self     bool     // the version is the champion
}

func (m *model) scopes(yield func(*scope)) {
	var champion *version
	for _, v := range m.versions {
		if m.settings.champion != "" && v.key == (versionKey{version: m.settings.champion}) {
			champion = v
		}
	}
	for _, v := range m.versions {
		for _, g := range v.groups {
			sc := &scope{m: m, v: v, g: g, self: v == champion}
			if champion != nil && v != champion {
				if i := slices.IndexFunc(champion.groups, func(c *segment) bool { return c.name == g.name }); i >= 0 {
					sc.champion = champion.groups[i]
				}
			}
			yield(sc)
		}
	}
}

func (sc *scope) key(s *series) Key {
	return Key{
		Environment: sc.m.key.environment, Model: sc.m.key.name, Version: sc.v.key.version, Role: sc.v.key.role,
		Segment: sc.g.name, Subject: s.key.subject, Name: s.key.name,
	}
}

// peer returns the champion's series of the same subject, or nil.
func (sc *scope) peer(s *series) *series {
	if sc.champion == nil {
		return nil
	}
	return sc.champion.series[s.key]
}

// references calls yield for the references that the version is compared with.
func (sc *scope) references(yield func(reference)) {
	for _, r := range sc.m.settings.references {
		if r != refChampion || !sc.self {
			yield(r)
		}
	}
}

// wants reports whether r is one of the model's references.
func (m *model) wants(r reference) bool { return slices.Contains(m.settings.references, r) }

// reaches tells whether the effect that decides is at its threshold.
func (r *Result) reaches() bool {
	return len(r.Scores) > 0 && r.Scores[0].Effect >= r.Scores[0].Threshold
}

// evaluate fills in the scores of a window against a reference, what has grown and a row of it.
func (s *series) evaluate(r *Result, ref, cur *distribution.Sample, w *window) {
	if ref != nil {
		r.ReferenceSamples = ref.Count()
	}
	p, ok := distribution.Match(ref, cur)
	if !ok {
		return
	}
	for _, m := range s.plan.methods(s.binning.Kind) {
		res, err := p.Compare(m.Method)
		if err != nil || math.IsNaN(res.PValue) || math.IsNaN(res.Effect) || math.IsNaN(res.Score) {
			continue
		}
		r.Scores = append(r.Scores, Score{
			Method: string(m.Method), Score: res.Score, PValue: res.PValue, Effect: res.Effect, Threshold: m.threshold,
		})
	}
	r.Exemplar = evidence(&p, w, r.Start, r.End)
	if r.reaches() {
		r.Growth = growth(&p, w.examples, cur.Count())
	}
}

// missingMethod is the statistic of the subject Missing: the L∞ distance over {missing, present}.
const missingMethod = "l_infinity"

// evaluateMissing fills in the score of a share of missing values; row is one that lacks the value, or nil.
func (p *plan) evaluateMissing(r *Result, ref, cur share, row *Exemplar) {
	r.ReferenceSamples = ref.rows
	if res, ok := compareShares(ref, cur); ok {
		r.Scores = []Score{{
			Method: missingMethod, Score: res.Score, PValue: res.PValue, Effect: res.Effect, Threshold: p.missing,
		}}
		if row != nil && cur.ratio() > ref.ratio() && row.within(r.Start, r.End) {
			r.Exemplar = row
		}
		if r.reaches() {
			r.Growth = absent(ref, cur)
		}
	}
}

// baselineShare is the missing values of the baseline's column.
func (p *plan) baselineShare() share {
	if p.column == nil {
		return share{}
	}
	return share{missing: p.column.Missing, rows: p.column.Missing + p.column.Count}
}

// apply takes a judged window into the verdict and reports whether that has changed.
func (j *judgement) apply(candidate bool, forWindows uint16) bool {
	want := OK
	if candidate {
		want = Drift
	}
	if j.verdict == want {
		j.streak = 0
		return false
	}
	j.streak++
	switch {
	case j.verdict == Insufficient && want == OK:
	case j.streak < forWindows:
		return false
	}
	j.verdict, j.streak = want, 0
	return true
}
