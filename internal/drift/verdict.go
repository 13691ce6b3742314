// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

// judgement is the verdict against one reference and how many windows in a row have contradicted
// it.
type judgement struct {
	verdict Verdict
	reasons Reasons // that have been given for Insufficient
	streak  uint16
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

// verdicts are those against each reference.
type verdicts [len(referenceNames)]judgement

// decided reports whether there is a verdict that silence would make insufficient in the end.
func (v *verdicts) decided() bool {
	for i := range v {
		if v[i].verdict != Insufficient || v[i].streak > 0 {
			return true
		}
	}
	return false
}

// insufficient reports whether there is no verdict against a reference.
func (v *verdicts) insufficient(r reference) bool { return v[r].verdict == Insufficient }

func (e *encoder) judgements(j *verdicts) {
	for _, one := range j {
		e.Uvarint(uint64(one.verdict) | uint64(one.reasons)<<2) // the reasons came later
		e.Uvarint(uint64(one.streak))
	}
}

func (d *decoder) judgements(j *verdicts) {
	for i := range j {
		v := d.UvarintTo(1<<(2+reasons) - 1)
		if v&3 > uint64(Drift) {
			d.Fail()
		}
		j[i] = judgement{verdict: Verdict(v & 3), reasons: Reasons(v >> 2), streak: uint16(d.UvarintTo(1000))}
	}
}
