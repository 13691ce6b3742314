// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/convention"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

const (
	maxCells = distribution.MaxBounds + 1
	maxFloat = math.MaxFloat64
)

var nan = math.NaN()

// Options are the settings of an Engine; a model's card can override most of them. Errors quote the
// key as it is in ml_drift's config.
type Options struct {
	Window       eventtime.Window
	MinSamples   int
	MaxWindow    time.Duration
	For          int
	Significance float64
	Lateness     time.Duration
	Idle         time.Duration
	// Reference lists Baseline, Champion and Previous.
	Reference []string
	// Method is the tool whose choice of a method, and nothing else, decides of values: one of
	// convention.Presets, or empty for Methods.
	Method string
	// Methods are the statistics by type; the first one of a list decides the verdict.
	Methods map[profile.Type][]string
	// Thresholds are effects by method, and by missingThreshold for the share of missing values;
	// that of lowConfidence is the confidence below which one is low.
	Thresholds map[string]float64
	Limits     Limits
	// Season is auto, day, week or none (see Season).
	Season Season
	// TimeZone is that of days and weekends, by its name in the IANA database.
	TimeZone string
	// Slow lists the slow windows: day, week.
	Slow []string
	// SegmentTotals passes on the predictions of segments, too.
	SegmentTotals bool
	// Learn is the number of rows from which a baseline is learned for a model that has none; 0
	// learns nothing.
	Learn int
	// KeepRead says that Advance returns the windows, too, that are closed while a partition is read
	// again.
	KeepRead bool
}

// Limits bound the tables of an Engine.
type Limits struct {
	// Models is in all, beside those that a card vouches for; Versions (with their roles) per model,
	// beside those that its card lists; Segments and Features per version; Categories per subject,
	// beyond the baseline's; Producers per model.
	// Series is how many nobody vouches for, of all models: those of versions that no card lists, and of
	// features that neither baseline nor card has.
	Models, Versions, Segments, Features, Categories, Producers, Series int
}

const defaultMaxWindow = 168 * time.Hour

// DefaultMissing is the threshold for the share of missing values, unless Thresholds has another
// one.
const DefaultMissing = 0.05

// DefaultOptions returns what an empty config means. The defaults stand here alone: the config of
// ml_drift, mlprofile and mldemo have them from here.
func DefaultOptions() Options {
	return Options{
		Window:       eventtime.Window{Length: time.Hour},
		MinSamples:   200,
		MaxWindow:    defaultMaxWindow,
		For:          2,
		Significance: 0.05,
		Lateness:     2 * time.Minute,
		Idle:         time.Minute,
		Reference:    []string{Baseline},
		TimeZone:     "UTC",
		Slow:         []string{SlowDay.String(), SlowWeek.String()},
		Methods: map[profile.Type][]string{
			profile.Numeric:     {"ks", "psi", "wasserstein"},
			profile.Categorical: {"jensen_shannon", "psi", "chi2"},
		},
		Limits: Limits{Models: 100, Versions: 10, Segments: 200, Features: 500, Categories: 100, Producers: 1000, Series: 20_000},
	}
}

// Validate returns all violations.
func (o *Options) Validate() error {
	var wrong configcheck.Violations
	if err := o.Window.Validate(); err != nil {
		wrong.Add("window", "%w", err)
	}
	wrong.Check(
		configcheck.Range("min_samples", o.MinSamples, 1, 1_000_000_000),
		configcheck.Duration("max_window", o.MaxWindow, 0, 0),
	)
	// A window that is longer than the default alone is as good: it does not grow.
	if o.MaxWindow < o.Window.Length && o.MaxWindow != defaultMaxWindow {
		wrong.Add("max_window", "%v is below window, %v", o.MaxWindow, o.Window)
	}
	wrong.Check(
		configcheck.Range("for", o.For, 1, 1000),
		configcheck.Range("learn::rows", o.Learn, 0, 1_000_000_000),
	)
	if !(o.Significance > 0 && o.Significance < 1) {
		wrong.Add("significance", "%v must be above 0 and below 1", o.Significance)
	}
	wrong.Check(
		configcheck.DurationOrZero("lateness", o.Lateness, 0, 0),
		configcheck.Duration("idle", o.Idle, 0, 0),
		validateReferences("reference", o.Reference),
		configcheck.Distinct("slow", o.Slow),
	)
	for i, name := range o.Slow {
		wrong.Check(configcheck.OneOf(fmt.Sprintf("slow[%d]", i), name, SlowDay.String(), SlowWeek.String()))
	}
	if _, err := time.LoadLocation(o.TimeZone); err != nil {
		wrong.Add("time_zone", "%q is not a time zone, write it as Europe/Berlin", o.TimeZone)
	}
	if err := checkPreset(o.Method); err != nil {
		wrong.Add("method", "%w", err)
	}
	for _, t := range []profile.Type{profile.Numeric, profile.Categorical} {
		key := "methods::" + string(t)
		if o.Method != "" && !slices.Equal(o.Methods[t], DefaultOptions().Methods[t]) {
			wrong.Add(key, "has no meaning beside method, %q", o.Method)
		}
		if len(o.Methods[t]) == 0 {
			wrong.Add(key, "at least one method is needed")
		}
		for i, name := range o.Methods[t] {
			if _, err := newMethod(name, t); err != nil {
				wrong.Add(fmt.Sprintf("%s[%d]", key, i), "%w", err)
			}
		}
		wrong.Check(configcheck.Distinct(key, o.Methods[t]))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Thresholds)) {
		key, v := "thresholds::"+name, o.Thresholds[name]
		if name != missingThreshold && name != lowConfidence && name != RelativeChange {
			if _, ok := convention.Find(name); !ok {
				if _, err := stats.ParseMethod(name); err != nil {
					wrong.Add(key, "%w", err)
				}
			}
		}
		if name == lowConfidence && v > 1 {
			wrong.Add(key, "%v must be from 0 to 1", v)
		}
		if !(v >= 0) || math.IsInf(v, 0) {
			wrong.Add(key, "%v must be a number of at least 0", v)
		}
	}
	wrong.Check(
		configcheck.Range("limits::models", o.Limits.Models, 1, 100_000),
		configcheck.Range("limits::versions", o.Limits.Versions, 1, 1000),
		configcheck.Range("limits::segments", o.Limits.Segments, 1, 100_000),
		configcheck.Range("limits::features", o.Limits.Features, 1, 65_000),
		configcheck.Range("limits::categories", o.Limits.Categories, 1, 65_000),
		configcheck.Range("limits::producers", o.Limits.Producers, 1, 1_000_000),
		configcheck.Range("limits::series", o.Limits.Series, 1, 100_000_000),
	)
	return wrong.Err()
}

// slowNames are those of the slow windows, by speed.
var slowNames = [speeds]string{SlowDay: SlowDay.String(), SlowWeek: SlowWeek.String()}

// place is the time zone of an Options that is valid.
func (o *Options) place() *time.Location {
	place, err := time.LoadLocation(o.TimeZone)
	if err != nil {
		return time.UTC
	}
	return place
}

func validateReferences(key string, names []string) error {
	var wrong configcheck.Violations
	if len(names) == 0 {
		wrong.Add(key, "at least one is needed")
	}
	for i, name := range names {
		wrong.Check(configcheck.OneOf(fmt.Sprintf("%s[%d]", key, i), name, referenceNames[:]...))
	}
	wrong.Check(configcheck.Distinct(key, names))
	return wrong.Err()
}
