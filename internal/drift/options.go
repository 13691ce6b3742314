// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
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

// Options are the settings of an Engine; a model's card can override most of them. Errors quote the key as it
// is in ml_drift's config.
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
	// Methods are the statistics by type; the first one of a list decides the verdict.
	Methods map[profile.Type][]string
	// Thresholds are effects by method, and by MissingThreshold for the share of missing values.
	Thresholds map[string]float64
	Limits     Limits
	// SegmentTotals passes on the predictions of segments, too.
	SegmentTotals bool
	// Learn is the number of rows from which a baseline is learned for a model that has none; 0 learns nothing.
	Learn int
}

// Limits bound the tables of an Engine.
type Limits struct {
	// Models is in all; Versions (with their roles) per model; Segments and Features per version; Categories per
	// subject, beyond the baseline's; Producers in all.
	Models, Versions, Segments, Features, Categories, Producers int
}

const defaultMaxWindow = 168 * time.Hour

// DefaultMissing is the threshold for the share of missing values, unless Thresholds has another one.
const DefaultMissing = 0.05

// DefaultOptions returns what an empty config means. The defaults stand here alone: the config of ml_drift, mlprofile and mldemo
// have them from here.
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
		Methods: map[profile.Type][]string{
			profile.Numeric:     {"ks", "psi", "wasserstein"},
			profile.Categorical: {"jensen_shannon", "psi", "chi2"},
		},
		Limits: Limits{Models: 100, Versions: 10, Segments: 200, Features: 500, Categories: 100, Producers: 1000},
	}
}

// Validate returns all violations.
func (o *Options) Validate() error {
	var errs []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	if err := o.Window.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("'window': %w", err))
	}
	add(o.MinSamples < 1 || o.MinSamples > 1_000_000_000, "'min_samples': %d must be between 1 and 1000000000", o.MinSamples)
	errs = append(errs, configcheck.Duration("max_window", o.MaxWindow, 0, 0))
	// A window that is longer than the default alone is as good: it does not grow.
	add(o.MaxWindow < o.Window.Length && o.MaxWindow != defaultMaxWindow, "'max_window': %v is below window, %v", o.MaxWindow, o.Window)
	add(o.For < 1 || o.For > 1000, "'for': %d must be between 1 and 1000", o.For)
	add(o.Learn < 0 || o.Learn > 1_000_000_000, "'learn::rows': %d must be between 0 and 1000000000", o.Learn)
	add(!(o.Significance > 0 && o.Significance < 1), "'significance': %v must be above 0 and below 1", o.Significance)
	errs = append(errs,
		configcheck.DurationOrZero("lateness", o.Lateness, 0, 0),
		configcheck.Duration("idle", o.Idle, 0, 0))
	errs = append(errs, validateReferences("reference", o.Reference))
	for _, t := range []profile.Type{profile.Numeric, profile.Categorical} {
		add(len(o.Methods[t]) == 0, "'methods::%s': at least one method is needed", t)
		for i, name := range o.Methods[t] {
			if _, err := parseMethod(name, t); err != nil {
				errs = append(errs, fmt.Errorf("'methods::%s[%d]': %w", t, i, err))
			}
			add(slices.Contains(o.Methods[t][:i], name), "'methods::%s[%d]': %q is there twice", t, i, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Thresholds)) {
		v := o.Thresholds[name]
		if name != MissingThreshold {
			if _, err := stats.ParseMethod(name); err != nil {
				errs = append(errs, fmt.Errorf("'thresholds::%s': %w", name, err))
			}
		}
		add(!(v >= 0) || math.IsInf(v, 0), "'thresholds::%s': %v must be a number of at least 0", name, v)
	}
	for _, l := range []struct {
		key         string
		value, most int
	}{
		{"models", o.Limits.Models, 100_000},
		{"versions", o.Limits.Versions, 1000},
		{"segments", o.Limits.Segments, 100_000},
		{"features", o.Limits.Features, 65_000},
		{"categories", o.Limits.Categories, 65_000},
		{"producers", o.Limits.Producers, 1_000_000},
	} {
		add(l.value < 1 || l.value > l.most, "'limits::%s': %d must be between 1 and %d", l.key, l.value, l.most)
	}
	return errors.Join(errs...)
}

func validateReferences(key string, names []string) error {
	var errs []error
	if len(names) == 0 {
		errs = append(errs, fmt.Errorf("'%s': at least one is needed", key))
	}
	for i, name := range names {
		if !slices.Contains(referenceNames[:], name) {
			errs = append(errs, fmt.Errorf("'%s[%d]': %q is none of baseline, champion, previous", key, i, name))
		}
		if slices.Contains(names[:i], name) {
			errs = append(errs, fmt.Errorf("'%s[%d]': %q is there twice", key, i, name))
		}
	}
	return errors.Join(errs...)
}

func parseMethod(name string, t profile.Type) (stats.Method, error) {
	m, err := stats.ParseMethod(name)
	if err == nil && t == profile.Categorical && m.Ordered() {
		err = fmt.Errorf("%q compares ordered values and has no meaning for categories", name)
	}
	return m, err
}

// settings are the options of one model.
type settings struct {
	grid         eventtime.Grid
	minSamples   uint64
	maxWindow    int64 // seconds
	forWindows   uint16
	significance float64
	references   []reference
	champion     string // the version; empty if none
	limits       Limits
}

// resolve applies a model's card to the options. What a card says that makes no sense is left out; the catalog
// reports it.
func (o *Options) resolve(set *catalog.Set, key modelKey) settings {
	window := o.Window
	s := settings{
		minSamples: uint64(o.MinSamples), maxWindow: int64(o.MaxWindow / time.Second),
		forWindows: uint16(o.For), significance: o.Significance, limits: o.Limits,
	}
	names := o.Reference
	if m := set.Model(key.environment, key.name); m != nil {
		if w := m.Drift.Window; w != (eventtime.Window{}) && w.Validate() == nil {
			window = w
		}
		if m.Drift.MinSamples > 0 {
			s.minSamples = uint64(m.Drift.MinSamples)
		}
		if m.Drift.MaxWindow > 0 {
			s.maxWindow = int64(m.Drift.MaxWindow / time.Second)
		}
		if m.Drift.For > 0 {
			s.forWindows = uint16(min(m.Drift.For, 1000))
		}
		if len(m.Drift.Reference) > 0 && validateReferences("", m.Drift.Reference) == nil {
			names = m.Drift.Reference
		}
	}
	s.grid = eventtime.NewGrid(window)
	for _, name := range names {
		s.references = append(s.references, reference(slices.Index(referenceNames[:], name)))
	}
	if v := set.Version(key.environment, key.name, Champion); v != nil {
		s.champion = v.Version
	}
	return s
}
