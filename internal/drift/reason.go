// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

// Reason is why there is no verdict: what keeps a subject insufficient.
type Reason uint8

// The reasons, the first that holds wins.
const (
	// NoReason is that of a verdict.
	NoReason Reason = iota
	// Learning is a model whose baseline is being learned, or a window that differs from the
	// baseline, while it is not known yet what is usual at its time.
	Learning
	// Mismatch is values in bins, or of a type, that cannot be compared with the baseline's.
	Mismatch
	// NoReference is a baseline without the column, no champion, or no window before.
	NoReference
	// FewReference is a reference with fewer values than are needed.
	FewReference
	// Few is a window with fewer values than are needed, so far.
	Few
	// Dependent is a window with enough values that depend on each other so much that they are worth
	// too few.
	Dependent
	// Pending is enough values, and the first window that has them is not closed yet.
	Pending
	reasons
)

// String returns the reason as in ml.drift.reason.
func (r Reason) String() string {
	return [...]string{"", "learning", "mismatch", "no_reference", "few_reference", "few", "dependent", "pending"}[r]
}

// Reasons is a set of them.
type Reasons uint8

// Has reports whether a reason is in the set.
func (s Reasons) Has(r Reason) bool { return s&(1<<r) != 0 }

// reason finds out why a comparison gives no verdict.
func (ref *cohortRef) reason(r *Result, j *judgement, mismatched bool) Reason {
	needed := ref.m.settings.minSamples
	switch {
	case ref.m.learns(r):
		return Learning
	case mismatched && r.Reference == Baseline:
		return Mismatch
	case r.ReferenceSamples == 0:
		return NoReference
	case r.ReferenceSamples < needed:
		return FewReference
	case r.Samples < needed:
		return Few
	case r.Effective < float64(needed):
		return Dependent
	case j.unsure > 0:
		return Learning
	}
	return Pending
}

// explain says why a verdict that holds is insufficient, and remembers which reasons were given.
func (ref *cohortRef) explain(r *Result, j *judgement, mismatched bool) {
	if r.Verdict == Insufficient {
		r.Reason = ref.reason(r, j, mismatched)
		j.reasons |= 1 << r.Reason
	}
	r.Reasons = j.reasons
}

// Shortage is a group of subjects of a version for which a window has passed without a verdict, for
// one reason.
type Shortage struct {
	// Key is the first of them.
	Key       Key
	Reference string
	Reason    Reason
	// Samples are its values, or the reference's where those are few; Needed is how many it takes.
	Samples, Needed uint64
	// Series is how many there are.
	Series int
}

// maxShortages bounds the groups that are remembered between two calls of TakeStats.
const maxShortages = 1000

// short notes that a window of a subject has passed without a verdict.
func (c *closing) short(ref *cohortRef, r *Result, j *judgement, mismatched bool) {
	s := Shortage{Key: r.Key, Reference: r.Reference, Reason: ref.reason(r, j, mismatched), Samples: r.Samples, Needed: ref.m.settings.minSamples, Series: 1}
	if s.Reason == Pending {
		return // it was judged, or there is no statistic of it
	}
	if s.Reason == FewReference {
		s.Samples = r.ReferenceSamples
	}
	c.addShortage(s)
}

func (c *closing) addShortage(s Shortage) {
	for i := range c.shortages {
		o := &c.shortages[i]
		if o.Reason == s.Reason && o.Reference == s.Reference && o.Key.Model == s.Key.Model && o.Key.Environment == s.Key.Environment &&
			o.Key.Version == s.Key.Version && o.Key.Role == s.Key.Role {
			o.Series++
			return
		}
	}
	if len(c.shortages) < maxShortages {
		c.shortages = append(c.shortages, s)
	}
}

// growing notes that a window goes on growing, as it has n values and needs more; a verdict that
// there is stays.
func (c *closing) growing(ref *cohortRef, s *series, k kind, w *comparand) {
	n := w.samples
	key := ref.key(s)
	key.Subject = k.subject(s)
	for r := range ref.references {
		if !k.insufficient(r) {
			continue
		}
		reason := Few
		if n >= ref.m.settings.minSamples {
			reason = Dependent
		}
		if r == refBaseline && !k.hasBaseline(s) || r == refChampion && ref.peer(s) == nil {
			reason = NoReference
		}
		if r == refBaseline && ref.m.learns(&Result{Reference: Baseline}) {
			reason = Learning
		}
		c.addShortage(Shortage{Key: key, Reference: referenceNames[r], Reason: reason, Samples: n, Needed: ref.m.settings.minSamples, Series: 1})
	}
}
