// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package catalog is what is known of models and jobs: the cards that people write, with the baselines
// they name, as an immutable Set that every component reads.
//
// A folder of YAML files is read into a Set (Load). The ml_catalog extension implements Catalog and
// swaps the Set when a file changes; readers take a Snapshot, keep it for a batch, and compare the pointer to
// see a reload. A Set and all below it are never changed after they are published.
package catalog

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// Catalog gives the current set of cards. Implementations are safe for concurrent use.
type Catalog interface {
	// Snapshot returns the current set. It takes no lock and never returns nil; the same pointer means that
	// nothing has changed.
	Snapshot() *Set
}

// Task is what a model does.
type Task string

// The tasks that a card can name.
const (
	BinaryClassification Task = "binary_classification"
	Multiclass           Task = "multiclass"
	Regression           Task = "regression"
	Ranking              Task = "ranking"
	Generation           Task = "generation"
)

// Model is a model's card.
type Model struct {
	// Name and Environment identify the card; an empty environment matches any.
	Name, Environment string
	// AlsoKnownAs are other names of the model on spans, such as a deployment's: Set.Model finds the card by them, too.
	AlsoKnownAs []string
	Task        Task
	// PositiveClass is the class that a binary classifier's score speaks of.
	PositiveClass string
	Owner         string
	// Description is for people.
	Description string
	// FeatureViews are the names of the feature views that the model reads; nil leaves it to the names of its features.
	FeatureViews []string
	// Baseline is the reference data set; nil if the card names none.
	Baseline *profile.Profile
	// Versions are the versions that the card lists, in the card's order.
	Versions []*Version
	Drift    Drift
	// Segments are the dimensions whose cohorts are watched one at a time; what follows "ml.segment.".
	Segments []string
	// SegmentFeatures are the features that are watched in segments, too.
	SegmentFeatures []string
	// MaxBatch is the largest ml.batch.size that is believed on a span without arrays; 0 if the card does not say.
	MaxBatch int
	// Features holds what differs from the baseline's defaults, by feature.
	Features map[string]Feature
	// Attributes are put on the model's spans as they are, by ml_metadata: string, int64, float64 or bool.
	Attributes map[string]any
	// Prices are what the tokens of a generative model cost; nil if unknown.
	Prices *Prices
	Alerts Alerts
	SLOs   []SLO
	// File and Line say where the card starts; empty and 0 for a model that only a registry knows.
	File string
	Line int
}

// Version is one version of a model.
type Version struct {
	// Model is the card that the version belongs to.
	Model   *Model
	Version string
	Aliases []string
	// TrainedAt is the end of training; zero if unknown.
	TrainedAt time.Time
	// Attributes are the model's with the version's own on top.
	Attributes map[string]any
	// Baseline is the version's own or else the model's; nil if neither has one.
	Baseline *profile.Profile
	// Prices are the version's own or else the model's; nil if neither has any.
	Prices *Prices
}

// Prices are what a generative model's tokens cost, per million; nil where the card does not say.
type Prices struct {
	InputPerMillion, OutputPerMillion *float64
	// CachedInputPerMillion is for those of the input tokens that the provider had cached; nil if they cost what others do.
	CachedInputPerMillion *float64
	// CacheWritePerMillion is for those of the input tokens that the provider wrote to its cache; nil if they cost what others do.
	CacheWritePerMillion *float64
	// Currency is as in ISO 4217.
	Currency string
}

// Drift is what a card says of drift; zero values leave the decision to ml_drift's config.
type Drift struct {
	// Window is the window that is compared with the reference.
	Window eventtime.Window
	// MinSamples is the number of values a window needs for a verdict.
	MinSamples int
	// MaxWindow is the length a window with too few values may grow to.
	MaxWindow time.Duration
	// For is the number of windows in a row that change the verdict.
	For int
	// Reference is what windows are compared with: baseline, champion, previous.
	Reference []string
	// Methods replaces the statistics by column type; the first one of a list decides the verdict.
	Methods map[profile.Type][]string
	// Thresholds replaces the effect at which a method speaks of drift, by method.
	Thresholds map[string]float64
}

// Feature is what a card says of one feature.
type Feature struct {
	// Type overrides the baseline's.
	Type profile.Type
	// Min and Max bound good values; nil for no bound.
	Min, Max *float64
	// Values are the allowed values of a categorical feature; nil for any.
	Values []string
	// MaxMissing and MaxUnseen are the largest good shares, 0 to 1, of missing and of unknown values; nil for no limit.
	MaxMissing, MaxUnseen *float64
	// Importance is the feature's weight in the model, 0 to 1.
	Importance float64
	// Methods and Thresholds are as in Drift, for this feature.
	Methods    []string
	Thresholds map[string]float64
	// Ignore leaves the feature out of drift.
	Ignore bool
}

// Alerts is what an alert on the model or job carries.
type Alerts struct {
	// Severity is critical, warning or info.
	Severity string
	Runbook  string
}

// SLO is a service level objective on a model.
type SLO struct {
	Name      string
	Objective float64
	// LatencyBelow makes it an objective on the prediction's duration.
	LatencyBelow time.Duration
	// Measure makes it an objective on a quality measure, such as false_positive_rate.
	Measure string
	// MaxIncrease bounds the measure's increase; nil for no bound.
	MaxIncrease *Increase
	// ComparedWith is how far back the measure is compared.
	ComparedWith time.Duration
	// For is how long the objective may be missed.
	For time.Duration
}

// Increase is an allowed increase, absolute or relative; nil for no bound.
type Increase struct {
	Absolute, Relative *float64
}

// Job is a job's card.
type Job struct {
	Name, Environment string
	Owner             string
	// Schedule is a cron expression in Timezone; Every is an interval instead.
	Schedule string
	Every    time.Duration
	Timezone *time.Location
	// FinishWithin is the time a run has from its scheduled time.
	FinishWithin time.Duration
	Produces     Produces
	Alerts       Alerts
	// Stages are the expected stages; nil if they are to be learned.
	Stages     []Stage
	Attributes map[string]any
	File       string
	Line       int
}

// Produces is the model that a job trains.
type Produces struct {
	Model string
	// MaxAge is how old the model may become.
	MaxAge time.Duration
}

// Stage is one stage of a job.
type Stage struct {
	Name  string
	After []string
	// Optional stages may be absent.
	Optional bool
	Timeout  time.Duration
	// Heartbeat is the longest silence of a running stage.
	Heartbeat time.Duration
	// Instances is the number of mapped tasks or ranks; MaxFailed how many may fail.
	Instances, MaxFailed int
	// MaxRowDrop and MaxNullIncrease are shares, 0 to 1; nil for the default.
	MaxRowDrop, MaxNullIncrease *float64
	// Metrics bounds what the stage measures, by metric.
	Metrics map[string]StageMetric
}

// StageMetric bounds one measure of a stage; nil for no bound.
type StageMetric struct {
	Min, Max, MaxDrop *float64
}

// Set is an immutable set of cards.
type Set struct {
	// Models and Jobs are in the order of file and line.
	Models []*Model
	Jobs   []*Job
	// FeatureViews are those of the feature stores among the sources.
	FeatureViews []*FeatureView

	models   map[key]*Model
	versions map[versionKey]*Version
	jobs     map[key]*Job
	views    map[key]*FeatureView
}

type key struct{ environment, name string }

type versionKey struct{ environment, name, version string }

// NewSet indexes cards. Where two cards or versions share a key, the first one wins; Load reports such cards.
func NewSet(models []*Model, jobs []*Job) *Set {
	s := &Set{
		Models: models, Jobs: jobs,
		models:   make(map[key]*Model, len(models)),
		versions: make(map[versionKey]*Version),
		jobs:     make(map[key]*Job, len(jobs)),
	}
	for _, m := range models {
		setDefault(s.models, key{m.Environment, m.Name}, m)
		for _, v := range m.Versions {
			setDefault(s.versions, versionKey{m.Environment, m.Name, v.Version}, v)
		}
		for _, v := range m.Versions { // a version's own name wins over another's alias
			for _, alias := range v.Aliases {
				setDefault(s.versions, versionKey{m.Environment, m.Name, alias}, v)
			}
		}
	}
	for _, m := range models { // a card's own name wins over another's alias
		for _, name := range m.AlsoKnownAs {
			setDefault(s.models, key{m.Environment, name}, m)
		}
	}
	for _, j := range jobs {
		setDefault(s.jobs, key{j.Environment, j.Name}, j)
	}
	return s
}

func setDefault[K comparable, V any](m map[K]V, k K, v V) {
	if _, ok := m[k]; !ok {
		m[k] = v
	}
}

// Model returns the card for a model in an environment, by its name or one that it is also known as: the environment's own, else
// the one without an environment, else nil.
func (s *Set) Model(environment, name string) *Model {
	if m, ok := s.models[key{environment, name}]; ok {
		return m
	}
	return s.models[key{"", name}]
}

// Version returns the version with the given name or alias on the card that Model returns, or nil.
func (s *Set) Version(environment, name, version string) *Version {
	m := s.Model(environment, name)
	if m == nil {
		return nil
	}
	return s.versions[versionKey{m.Environment, m.Name, version}]
}

// Baseline returns the reference profile for a model's version: the version's own, else the model's, else nil.
func (s *Set) Baseline(environment, name, version string) *profile.Profile {
	if v := s.Version(environment, name, version); v != nil {
		return v.Baseline
	}
	if m := s.Model(environment, name); m != nil {
		return m.Baseline
	}
	return nil
}

// Job returns the card for a job in an environment: the environment's own, else the one without an
// environment, else nil.
func (s *Set) Job(environment, name string) *Job {
	if j, ok := s.jobs[key{environment, name}]; ok {
		return j
	}
	return s.jobs[key{"", name}]
}
