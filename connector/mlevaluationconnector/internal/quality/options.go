// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package quality

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Options are the settings of an Engine. The zero value of a field is its default, where it has one.
type Options struct {
	// Level is the confidence of intervals and verdicts; 0.95.
	Level float64
	// Window is the length of windows; 168h.
	Window eventtime.Window
	// Wait is how long after a prediction labels come; 168h. With Closed, panes are kept that long.
	Wait time.Duration
	// Maturity is how soon after its prediction a label must be known to count in comparisons, and
	// how long after its end a window is compared. 0 is 0: labels that are known at once.
	Maturity time.Duration
	// Bins are those of scores in totals, SegmentBins those in segments; 200 and 50.
	Bins, SegmentBins int
	// Classes is the number of classes with cells of their own; 50.
	Classes int
	// K is how many items of a ranking are looked at; 10.
	K int
	// Margins say by how much a measure may become worse, in its unit. A measure without a margin
	// has no verdict.
	Margins map[evaluation.Measure]float64
	// Lateness is how far behind the newest prediction others may come; Idle is how long after the
	// last one the wall clock moves windows on, 0 for never.
	Lateness, Idle time.Duration
	// Closed says that Closed is called: windows are kept until the last label may have come.
	Closed bool
	Limits Limits
	// Evicted is told of a version that another one took the place of; nil is not called.
	Evicted func(prediction.Identity)
}

// Limits bound the tables of an Engine. What finds no room is counted as Overflow.
type Limits struct {
	// Identities are models, versions, roles and environments, without the versions that cards name;
	// 500.
	Identities int
	// Segments are those of one identity, Series those of all; 200 and 5,000. Totals are not among
	// them.
	Segments, Series int
	// Sets are the sets of labels of one identity, that of live labels among them; 10.
	Sets int
	// Items are those of the gold sets of one model, of which the ones that were scored last stay;
	// 10,000.
	Items int
}

func (o Options) withDefaults() Options {
	orElse(&o.Level, 0.95)
	orElse(&o.Window, eventtime.Window{Length: 168 * time.Hour})
	orElse(&o.Wait, 168*time.Hour)
	orElse(&o.Bins, evaluation.DefaultBins)
	orElse(&o.SegmentBins, 50)
	orElse(&o.Classes, 50)
	orElse(&o.K, 10)
	orElse(&o.Limits.Identities, 500)
	orElse(&o.Limits.Segments, 200)
	orElse(&o.Limits.Series, 5000)
	orElse(&o.Limits.Sets, 10)
	orElse(&o.Limits.Items, 10_000)
	return o
}

func orElse[T comparable](v *T, other T) {
	var zero T
	if *v == zero {
		*v = other
	}
}

// clock are the settings of clocks: a pane is kept until two windows that end with its own have been
// compared.
func (o *Options) clock() pane.Options {
	length := o.Window.Length
	switch o.Window.Calendar {
	case "day":
		length = 24 * time.Hour
	case "week":
		length = 7 * 24 * time.Hour
	case "month":
		length = 31 * 24 * time.Hour
	}
	keep := o.Maturity + 2*length
	if o.Window.Calendar != "" {
		keep += length // the last window that has ended may have done so long ago
	}
	if o.Closed {
		keep = max(keep, o.Wait+2*length)
	}
	return pane.Options{Window: o.Window, Lateness: o.Lateness, Idle: o.Idle, Keep: keep}
}

// Task is what is known of a model.
type Task struct {
	// Kind is what the model does; empty is found out by its answers and labels, as is Generation.
	Kind catalog.Task
	// Positive is the class that a binary model looks for. Without it there are no measures of
	// scores.
	Positive string
	// Calibration makes probabilities of scores, by class; of a binary model that of the positive
	// class. Without it nothing is estimated.
	Calibration map[string]evaluation.Isotonic
	// Against is the version to compare with, such as the champion; empty for none.
	Against string
	// Listed says that a card names the version.
	Listed bool
}
