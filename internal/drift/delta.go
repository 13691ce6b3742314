// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/delta"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// What is counted comes as deltas.
type (
	// Delta is what one series counted in one minute.
	Delta = delta.Delta
	// Key identifies a series.
	Key = delta.Key
	// Subject is what a series counts.
	Subject = delta.Subject
	// Consumer tells apart the totals of a subject that is passed on.
	Consumer = delta.Consumer
	// Exemplar is one row.
	Exemplar = delta.Exemplar
)

// The subjects. Their numbers are part of the snapshots' format.
const (
	Predictions = delta.Predictions
	Cost        = delta.Cost
	Value       = delta.Value
	Class       = delta.Class
	Confidence  = delta.Confidence
	Feature     = delta.Feature
	Missing     = delta.Missing
	Embedding   = delta.Embedding
	// Violations and ContractRows are what a contract counts.
	Violations   = delta.Violations
	ContractRows = delta.ContractRows
	subjects     = delta.Subjects
)

// streamOf returns the clock that a subject follows: ml_summary flushes features less often than
// the rest.
func streamOf(s Subject) int {
	if s.Named() {
		return 1
	}
	return 0
}

// Outcome is what became of a delta.
type Outcome uint8

// The outcomes.
const (
	// Counted is in a window.
	Counted Outcome = iota
	// Duplicate was seen before.
	Duplicate
	// Late is older than every pane and open window; it is passed on in the totals.
	Late
	// Future is more than five minutes ahead of now; it is passed on in the totals.
	Future
	// BoundsMismatch cannot be added to the bins of its series; it is passed on in the totals.
	BoundsMismatch
	// Overflowed found no room.
	Overflowed
	// Invalid contradicts itself.
	Invalid
	outcomes
)

// String returns the outcome as in the metric ml_drift_points.
func (o Outcome) String() string {
	return [...]string{"counted", "duplicate", "late", "future", "bounds_mismatch", "overflow", "unreadable"}[o]
}

// Verdict is the state of a subject against a reference.
type Verdict uint8

// The verdicts.
const (
	// Insufficient is the verdict without enough values, and before the first judgement.
	Insufficient Verdict = iota
	// OK is no drift in the last windows.
	OK
	// Drift is drift in the last windows.
	Drift
)

// String returns the verdict as in ml.drift.verdict.
func (v Verdict) String() string {
	return [...]string{"insufficient", "ok", "drift"}[v]
}

// The references that windows are compared with.
const (
	// Baseline is the profile that the catalog names.
	Baseline = "baseline"
	// Champion is the version with the alias champion, in the same window.
	Champion = "champion"
	// Previous is the window that was judged before.
	Previous = "previous"
)

// missingThreshold is the key of the threshold for the share of missing values.
const missingThreshold = "missing"

// reference is an index into references.
type reference = uint8

const (
	refBaseline reference = iota
	refChampion
	refPrevious
)

var referenceNames = [...]string{Baseline, Champion, Previous}

// bound cuts the names that are kept, and returns how many were too long or no valid UTF-8. A category of a producer
// of an older version gets the spelling that it has now.
func bound(d *Delta) (cut uint64) {
	d.Category = value.Category(d.Category)
	for _, name := range []*string{
		&d.Producer, &d.Key.Environment, &d.Key.Model, &d.Key.Version, &d.Key.Role, &d.Key.Segment, &d.Key.Name,
		&d.Consumer.Service, &d.Consumer.Unit, &d.Category,
		&d.Consumer.Source, &d.Consumer.Feature, &d.Consumer.Check, &d.Consumer.Severity,
	} {
		if !boundedname.Fits(*name) {
			*name, _ = boundedname.Cut(*name)
			cut++
		}
	}
	return cut
}

func valid(d *Delta) bool {
	if d.Key.Subject >= subjects || d.Key.Subject.Named() != (d.Key.Name != "") {
		return false
	}
	if d.Key.Model == "" && !(d.Key.Overflow && d.Key.Subject.Passthrough()) {
		return false
	}
	if float64(d.SquaredWeights) > float64(d.Count)*float64(d.Count) {
		return false // no weights have such squares
	}
	switch d.Key.Subject {
	case Predictions, Missing, Violations, ContractRows:
		return !d.Categorical && d.Counts == nil && d.Exponential == nil
	case Cost:
		return !d.Categorical && d.Counts == nil && d.Exponential == nil && d.Sum >= 0 && d.Sum <= maxFloat
	case Class:
		return d.Categorical
	case Embedding:
		return !d.Categorical && d.Counts == nil && d.Exponential == nil && d.Count > 0 && validVector(d.Vector)
	}
	if d.Categorical {
		return d.Key.Subject == Feature && d.Counts == nil && d.Exponential == nil
	}
	if d.Exponential != nil {
		return d.Counts == nil && d.Exponential.Validate() == nil
	}
	if len(d.Counts) != len(d.Bounds)+1 || len(d.Counts) > maxCells {
		return false
	}
	for i := range d.Bounds {
		if !(d.Bounds[i] >= -maxFloat && d.Bounds[i] <= maxFloat) || i > 0 && d.Bounds[i] <= d.Bounds[i-1] {
			return false
		}
	}
	return true
}
