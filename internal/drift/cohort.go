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
	// championVersion has champion; nil as that is.
	championVersion *version
	// look returns what a series has counted in the time in which segments are laid beside the
	// total, which may be nil; look is nil where nothing is explained. scoring says that it is not a
	// window that closes.
	look    func(*segment, *series) *window
	scoring bool

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
			ref.v, ref.g, ref.champion, ref.championVersion, ref.self = v, g, nil, nil, v == champion
			if champion != nil && v != champion {
				if i, found := champion.find(g.name); found {
					ref.champion, ref.championVersion = champion.groups[i], champion
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

// weigh finds out by how much fewer independent values a window's are worth, and what to expect of
// its season.
func (ref *cohortRef) weigh(s *series, k kind, w *comparand) {
	if s.segment != nil {
		w.known = true // each feature has a history of its own
		return
	}
	ref.weighBy(s.key, k.subject(s) == Missing, w)
}

func (ref *cohortRef) weighBy(key seriesKey, missing bool, w *comparand) {
	if ref.m.design != nil {
		of := Key{Subject: key.subject, Name: key.name}
		if missing {
			of.Subject = Missing
		}
		w.design, w.known = max(1, ref.m.design(of)), true
		return
	}
	w.history, w.owner = ref.past(key, missing)
	if w.history == nil {
		w.known = ref.m.settings.calendar.assumed()
		return
	}
	fast, slow, known := w.history.design()
	if values := w.owner.values.past; missing && values != nil {
		if f, s, ok := values.design(); ok && w.history.hourly.rare.few(f) {
			fast, slow = max(fast, f), max(slow, s)
		}
	}
	if w.speed != Fast {
		fast = slow
	}
	// Pairs see the weights of sampled rows, too: the larger one is not added to.
	w.design, w.known = max(w.design, fast), known
	w.assumed = w.history.assumes(w.history.hasPairs())
}

// past returns the history that a series goes by: that of the version's total, or while that has
// seen too little, the one of the other versions that has seen most. A new version has the traffic
// of the one that it replaces.
func (ref *cohortRef) past(key seriesKey, missing bool) (*history, *series) {
	of := func(v *version) (*history, *series) {
		if len(v.groups) == 0 || v.groups[0].name != "" {
			return nil, nil
		}
		s := v.groups[0].series[key]
		switch {
		case s == nil:
			return nil, nil
		case missing && s.missing != nil:
			return s.missing.past, s
		case missing:
			return nil, nil
		}
		return s.values.past, s
	}
	best, owner := of(ref.v)
	if best != nil && best.ready() == len(best.seen) {
		if _, _, known := best.design(); known {
			return best, owner
		}
	}
	for _, v := range ref.m.versions {
		h, s := of(v)
		if h == nil || v == ref.v {
			continue
		}
		if best == nil || h.worth() > best.worth() {
			best, owner = h, s
		}
	}
	return best, owner
}

// newResult returns the result of a window beside a reference, without scores. The next call takes
// it back.
func (ref *cohortRef) newResult(s *series, r reference, w *comparand, j *judgement) *Result {
	ref.result = Result{
		Key: ref.key(s), Reference: referenceNames[r], Start: w.start, End: w.end, Samples: w.samples,
		Effective: w.effective(), Verdict: j.verdict,
	}
	if j.verdict == Drift {
		ref.result.Speed, ref.result.Since = j.speed, j.since[j.speed]
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
