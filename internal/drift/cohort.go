// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import "slices"

// cohortRef is where a series lives: a segment of a version, with the champion's segment of the
// same name. It is shared only for the call that gets it.
type cohortRef struct {
	m        *model
	v        *version
	g        *segment
	champion *segment // nil if there is none, or where the version is the champion
	self     bool     // the version is the champion

	result Result  // what newResult returns
	scores []Score // room for newScores
}

// eachSegment calls yield for all segments of all versions.
func (m *model) eachSegment(yield func(*cohortRef) bool) {
	var champion *version
	for _, v := range m.versions {
		if m.settings.champion != "" && v.key == (versionKey{version: m.settings.champion}) {
			champion = v
		}
	}
	ref := &cohortRef{m: m}
	for _, v := range m.versions {
		for _, g := range v.groups {
			ref.v, ref.g, ref.champion, ref.self = v, g, nil, v == champion
			if champion != nil && v != champion {
				if i, found := champion.find(g.name); found {
					ref.champion = champion.groups[i]
				}
			}
			if !yield(ref) {
				return
			}
		}
	}
}

func (ref *cohortRef) key(s *series) Key { return keyOf(ref.m, ref.v, ref.g, s) }

func keyOf(m *model, v *version, g *segment, s *series) Key {
	return Key{
		Environment: m.key.environment, Model: m.key.name, Version: v.key.version, Role: v.key.role,
		Segment: g.name, Subject: s.key.subject, Name: s.key.name,
	}
}

// peer returns the champion's series of the same subject, or nil.
func (ref *cohortRef) peer(s *series) *series {
	if ref.champion == nil {
		return nil
	}
	return ref.champion.series[s.key]
}

// references calls yield for the references that the version is compared with.
func (ref *cohortRef) references(yield func(reference) bool) {
	for _, r := range ref.m.settings.references {
		if (r != refChampion || !ref.self) && !yield(r) {
			return
		}
	}
}

// newResult returns the result of a window beside a reference, without scores. The next call takes
// it back.
func (ref *cohortRef) newResult(s *series, r reference, w *comparand, j *judgement) *Result {
	ref.result = Result{
		Key: ref.key(s), Reference: referenceNames[r], Start: w.start, End: w.end, Samples: w.samples, Verdict: j.verdict,
	}
	return &ref.result
}

// newScores returns an empty list with room for n scores. Many lists share the memory of one.
func (ref *cohortRef) newScores(n int) []Score {
	if len(ref.scores)+n > cap(ref.scores) {
		ref.scores = make([]Score, 0, max(n, 64))
	}
	used := len(ref.scores)
	ref.scores = ref.scores[:used+n]
	return ref.scores[used : used : used+n]
}

// wants reports whether r is one of the model's references.
func (m *model) wants(r reference) bool { return slices.Contains(m.settings.references, r) }
