// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/describe"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// FormatVersion is the version of the JSON layout. It rises when a key changes its meaning or goes;
// keys are added without.
const FormatVersion = 1

// Comparison is what is said of two data sets. Its JSON is a stable format.
type Comparison struct {
	FormatVersion int `json:"format_version"`
	// Verdict is drift where any subject drifts, else ok where any has a verdict, else insufficient.
	Verdict   string   `json:"verdict"`
	Reference Side     `json:"reference"`
	Current   Side     `json:"current"`
	Settings  Settings `json:"settings"`
	Summary   Summary  `json:"summary"`
	// Subjects are what is compared; those that drift come first, by rank, the others by their effect
	// beside the threshold.
	Subjects []Subject `json:"subjects"`
	// Notes say what a reader of the verdicts has to know.
	Notes []string `json:"notes,omitempty"`

	pictures map[string]*picture // by Subject.group
	designs  *designs
}

// Side is one of the data sets.
type Side struct {
	Path string `json:"path"`
	Rows uint64 `json:"rows"`
	// From and To are the first and the last timestamp; zero where none is known.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Baseline says that the file is a baseline, not data.
	Baseline bool `json:"baseline,omitempty"`
}

// Settings are what verdicts depend on beside the data.
type Settings struct {
	Significance float64 `json:"significance"`
	MinSamples   int     `json:"min_samples"`
	// Card is the file of the model's card; empty without one.
	Card string `json:"card,omitempty"`
}

// Summary counts subjects by verdict.
type Summary struct {
	Subjects     int `json:"subjects"`
	Drift        int `json:"drift"`
	OK           int `json:"ok"`
	Insufficient int `json:"insufficient"`
}

// Subject is what has one verdict: the values of a column, or a feature's missing values.
type Subject struct {
	// Subject is feature, value, class, confidence or missing; Column is the column it is of.
	Subject string `json:"subject"`
	Column  string `json:"column"`
	// Segment is dimension=value; empty for all rows.
	Segment string `json:"segment,omitempty"`
	// Type is numeric or categorical.
	Type    string `json:"type"`
	Verdict string `json:"verdict"`
	// Rank is the place among those that drift, from 1: by effect beside the threshold and by the
	// card's importance of the feature, as ml_drift ranks them; 0 for what does not drift.
	Rank int `json:"rank,omitempty"`
	// Reason is why the verdict is insufficient.
	Reason string `json:"reason,omitempty"`
	// Samples and ReferenceSamples are values; of missing values, rows. EffectiveSamples is how many
	// independent ones those of the current data are worth.
	Samples          uint64  `json:"samples"`
	EffectiveSamples float64 `json:"effective_samples"`
	ReferenceSamples uint64  `json:"reference_samples"`
	// Scores are by method; the first one that reaches its threshold comes first, and decides.
	Scores []Score `json:"scores,omitempty"`
	// Growth is what has grown most, where the first effect is at its threshold.
	Growth *Growth `json:"growth,omitempty"`
	// Change is what kind of change there is, where an effect is at its threshold.
	Change *Change `json:"change,omitempty"`
	// FoundIn are the segments that have more of a drift of all rows than they have of the rows.
	FoundIn []Part `json:"found_in,omitempty"`
	// Text is a sentence on a drift, or why there is no verdict.
	Text string `json:"text,omitempty"`

	grown string
}

// Score is what one statistic says.
type Score struct {
	Method    string  `json:"method"`
	Score     float64 `json:"score"`
	Effect    float64 `json:"effect"`
	Threshold float64 `json:"threshold"`
	PValue    float64 `json:"p_value"`
	// Error is how far the score may be from that of the values, as it is of bins; 0 where it is
	// exact, or that is not known.
	Error float64 `json:"error,omitempty"`
}

// Growth is what the current data have more of.
type Growth struct {
	// Low and High are of a range of numbers, above Low up to High; absent where it is open.
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
	// Category is one that has grown.
	Category string `json:"category,omitempty"`
	// Before and Now are shares, 0 to 1.
	Before float64 `json:"before"`
	Now    float64 `json:"now"`
}

// Change is a kind of change, as in ml_drift's alerts: shift, scale, new_category and so on.
type Change struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Part is a segment with its share of a drift, 0 to 1 or more, and of the rows.
type Part struct {
	Segment string  `json:"segment"`
	Share   float64 `json:"share"`
	Rows    float64 `json:"rows"`
}

// finish sorts the subjects and counts the verdicts.
func (c *Comparison) finish() {
	order := map[string]int{drift.Drift.String(): 0, drift.Insufficient.String(): 1, drift.OK.String(): 2}
	slices.SortStableFunc(c.Subjects, func(a, b Subject) int {
		return cmp.Or(cmp.Compare(order[a.Verdict], order[b.Verdict]), cmp.Compare(a.Rank, b.Rank), cmp.Compare(b.excess(), a.excess()))
	})
	s := &c.Summary
	for i := range c.Subjects {
		s.Subjects++
		switch c.Subjects[i].Verdict {
		case drift.Drift.String():
			s.Drift++
		case drift.OK.String():
			s.OK++
		default:
			s.Insufficient++
		}
	}
	switch {
	case s.Drift > 0:
		c.Verdict = drift.Drift.String()
	case s.OK > 0:
		c.Verdict = drift.OK.String()
	default:
		c.Verdict = drift.Insufficient.String()
	}
}

// excess is the effect in units of its threshold.
func (s *Subject) excess() float64 {
	if len(s.Scores) == 0 {
		return 0
	}
	return s.Scores[0].Effect / max(s.Scores[0].Threshold, 1e-9)
}

// drifts says whether the verdict is drift.
func (s *Subject) drifts() bool { return s.Verdict == drift.Drift.String() }

// insufficient says whether there is no verdict.
func (s *Subject) insufficient() bool { return s.Verdict == drift.Insufficient.String() }

// quiet says whether only someone who wants all there is wants to see the subject: missing values
// and segments that do not drift, and a feature without a value, which its missing values speak of.
func (s *Subject) quiet() bool {
	switch {
	case s.Subject == drift.Missing.String() || s.Segment != "":
		return !s.drifts()
	case s.Subject == drift.Feature.String():
		return s.insufficient() && s.Samples == 0
	}
	return false
}

// group is what the subjects of one column have in common: the column and what it is for. Segments
// have none of their own.
func (s *Subject) group() string {
	if s.Subject == drift.Missing.String() {
		return drift.Feature.String() + "/" + s.Column
	}
	return s.Subject + "/" + s.Column
}

// newSubject makes a subject of a result on a column.
func newSubject(r *drift.Result, c *profile.Column, needed int) Subject {
	s := Subject{
		Subject: r.Key.Subject.String(), Column: c.Name, Segment: r.Key.Segment, Type: string(c.Type), Verdict: r.Verdict.String(),
		Samples: r.Samples, EffectiveSamples: r.Effective, ReferenceSamples: r.ReferenceSamples,
	}
	for _, x := range r.Scores {
		one := Score{Method: x.Method, Score: x.Score, Effect: x.Effect, Threshold: x.Threshold, PValue: x.PValue}
		if !math.IsInf(x.Error, 0) {
			one.Error = x.Error
		}
		s.Scores = append(s.Scores, one)
	}
	if g := r.Growth; g != nil {
		s.Growth = &Growth{Category: g.Category, Before: g.Before, Now: g.Now}
		if g.Kind == drift.Range {
			s.Growth.Low, s.Growth.High = finite(g.Low), finite(g.High)
		}
	}
	if r.Change.Kind != change.None {
		s.Change = &Change{Kind: r.Change.Kind.String(), Text: r.Change.Text}
	}
	for _, p := range r.Parts {
		s.FoundIn = append(s.FoundIn, Part{Segment: p.Segment, Share: p.Share, Rows: p.Rows})
	}
	said := *r
	said.Key.Name = label(c.Name)
	switch {
	case r.Verdict == drift.Insufficient:
		s.Reason = r.Reason.String()
		s.Text = shortage(r, needed)
	case r.Verdict == drift.Drift:
		s.Text = describe.Finding(&said)
		s.grown = grown(&said)
	case !slices.ContainsFunc(r.Scores, func(x drift.Score) bool { return x.Effect >= x.Threshold }):
	case r.Growth == nil:
		s.Text = "over the threshold, which the reference's own error explains: it has few values"
	default:
		s.Text = "over the threshold, but not significant beside the other subjects"
	}
	if s.Segment != "" && s.Text != "" {
		s.Text = label(s.Segment) + ": " + s.Text
	}
	return s
}

// grown is what has changed, without the numbers of the statistic.
func grown(r *drift.Result) string {
	text := describe.Changed(r) // of missing values, the segments alone
	if r.Key.Subject != drift.Missing || r.Growth == nil {
		return text
	}
	if text != "" {
		text = "; " + text
	}
	return describe.Grown(r) + text
}

func finite(v float64) *float64 {
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}
