// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlsummaryconnector

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/detectors"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/derive"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/stream"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The values of Config.Temporality.
const (
	// TemporalityEventDelta is deltas stamped with the minute in which the spans ended, for
	// ml_drift.
	TemporalityEventDelta = "event_delta"
	// TemporalityCumulative is cumulative points stamped with the time of the flush, for
	// Prometheus.
	TemporalityCumulative = "cumulative"
)

// The values of Config.Sampling.
const (
	// SamplingAdjust counts a span that a sampler has kept as many times as its tracestate says that
	// it stands for.
	SamplingAdjust = "adjust"
	// SamplingIgnore counts every span once.
	SamplingIgnore = "ignore"
)

// maxSources is how many attributes Config.Sources may have.
const maxSources = 10

// Config is the configuration of the ml_summary connector. The empty config works.
type Config struct {
	// FlushInterval is the time between two flushes of counts, predictions, confidence and
	// durations; 15s by default, 10ms at least.
	FlushInterval time.Duration `mapstructure:"flush_interval"`
	// FeatureFlushInterval is the time between two flushes of features, at least FlushInterval; 1m
	// by default.
	FeatureFlushInterval time.Duration `mapstructure:"feature_flush_interval"`
	// Temporality is event_delta or cumulative.
	Temporality string `mapstructure:"temporality"`
	// Sampling is adjust or ignore; adjust by default.
	Sampling string `mapstructure:"sampling"`
	// Conditions are OTTL conditions on spans of which one must be true for a prediction to count;
	// without any, all predictions do.
	Conditions []string `mapstructure:"conditions"`
	// Segments are dimensions (what follows "ml.segment.") that are watched for models without a
	// card.
	Segments []string `mapstructure:"segments"`
	// Derive are features that are worked out from attributes of models without a card, each
	// attribute#measure: of a vector projections (the first 8), p0 to p63, norm or centroid, of the scores of
	// classes entropy, of a text text (all of the following), characters, words, non_ascii or digits,
	// of a number value.
	Derive []string `mapstructure:"derive"`
	// Detectors are change detectors that each model and version has, on values in the order in
	// which they arrive.
	Detectors []Detector `mapstructure:"detectors"`
	// Sources are the attributes, of a span or its resource, that say where its data came from, by
	// which the rows of models that have a contract are told apart: the first that is there. Without
	// any, sources are not told apart.
	Sources []string `mapstructure:"sources"`
	// Placement gives ml.model.placement, 1 for each pod or host in which a model answers.
	Placement bool `mapstructure:"placement"`
	// DurationBuckets are the bounds of ml.prediction.duration, in seconds, strictly increasing.
	DurationBuckets []float64 `mapstructure:"duration_buckets"`
	// Exemplars puts trace ids on points.
	Exemplars bool `mapstructure:"exemplars"`
	// Catalog is the id of the catalog extension; without one the only one that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
	// Limits bound the memory.
	Limits Limits `mapstructure:"limits"`
}

// Detector is a change detector that each model and version has.
type Detector struct {
	// Type is the detector, as docs/detectors.md lists them: adwin, page_hinkley, adwin@river.
	Type string `mapstructure:"type"`
	// Name is its ml.stream.detector; the type if it is not given.
	Name string `mapstructure:"name"`
	// Of is what it watches: confidence, value (a regressor's answer), error, duration (seconds), or
	// the key of an attribute that is a number.
	Of string `mapstructure:"of"`
	// Label is the key of the attribute with the right answer, for an error: 1 where the class is
	// another, 0 where it is the same; without a class the distance of the value.
	Label string `mapstructure:"label"`
	// Parameters are those of the type that are not to have their default.
	Parameters map[string]float64 `mapstructure:"parameters"`
	// Models are the names of the models that have it; all if none is given.
	Models []string `mapstructure:"models"`
}

// Limits bound every table. What finds no room is counted in the same series with
// otel.metric.overflow=true. What is in use keeps its place for an hour, what has a card for good; a
// place that becomes free is for names that come again.
type Limits struct {
	// Models is the number of models (name, version, environment and role) beside those that have a
	// card. Every card has a place of its own for each version that it lists, and one for all
	// others.
	Models int `mapstructure:"models"`
	// Segments is the number of cohorts per model and dimension, and of services per model.
	Segments int `mapstructure:"segments"`
	// Features is the number of features per model.
	Features int `mapstructure:"features"`
	// Categories is the number of values per categorical feature, and of classes, beyond the
	// baseline's.
	Categories int `mapstructure:"categories"`
	// Series is about how many series there may be, of all models together, of features, categories,
	// cohorts and other names that are not on baselines and cards: 50 of a feature that is a number, 10
	// of one that is not, and 1 of each other name.
	Series int `mapstructure:"series"`
	// Sources is the number of sources of data per model whose contract counts.
	Sources int `mapstructure:"sources"`
	// Accumulators is the number of accumulators that are held between flushes, each for one series
	// and one minute and of 1 KB at most. When it is reached, a flush is made at once; while an
	// earlier flush cannot be delivered, the oldest minute is counted with the next one instead.
	Accumulators int `mapstructure:"accumulators"`
	// Detectors is the number of detectors, of all models together but those in a place of a card. A
	// model that finds no room for all of its own has none.
	Detectors int `mapstructure:"detectors"`
	// Placements is the number of places in which models run, each a pod or a host of a model's
	// version, of all models together. One that had a prediction in two flush intervals gives way to
	// none.
	Placements int `mapstructure:"placements"`
	// Spans is the number of counted spans that are remembered, up to 32 bytes each (16 MB for the
	// default of 1,000,000), so that one that a client sends again, because an exporter of the same
	// pipeline refused it or was slow, is not counted twice, whatever request it comes in. The last
	// half of them is remembered at least. 0 remembers none.
	Spans int `mapstructure:"spans"`
}

var (
	_ confmap.Validator   = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

func createDefaultConfig() component.Config {
	return &Config{
		FlushInterval:        15 * time.Second,
		FeatureFlushInterval: time.Minute,
		Temporality:          TemporalityEventDelta,
		Sampling:             SamplingAdjust,
		DurationBuckets: []float64{
			0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
		},
		Sources:   []string{mlconv.AttrDataSource, mlconv.AttrFeatureViewName, mlconv.AttrServiceName},
		Exemplars: true,
		Limits:    Limits{Models: 100, Segments: 50, Features: 500, Categories: 100, Series: 1_000_000, Sources: 50, Accumulators: 20_000, Detectors: 1000, Placements: 1000, Spans: 1_000_000},
	}
}

// Unmarshal refuses the former name of a key by its present one.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if conf.IsSet("limits::cells") {
		return errors.New("'limits::cells' is called 'limits::accumulators' now")
	}
	return conf.Unmarshal(c)
}

// Validate returns all violations, each naming its key.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	wrong.Check(configcheck.Duration("flush_interval", c.FlushInterval, 0, 0))
	if err := configcheck.Duration("feature_flush_interval", c.FeatureFlushInterval, 0, 0); err != nil {
		wrong.Check(err)
	} else if c.FeatureFlushInterval < c.FlushInterval {
		wrong.Add("feature_flush_interval", "%v must not be below flush_interval (%v)", c.FeatureFlushInterval, c.FlushInterval)
	}
	wrong.Check(configcheck.OneOf("temporality", c.Temporality, TemporalityEventDelta, TemporalityCumulative))
	wrong.Check(configcheck.OneOf("sampling", c.Sampling, SamplingAdjust, SamplingIgnore))
	wrong.Check(spanottl.CheckConditions("conditions", c.Conditions))
	for i, s := range c.Segments {
		switch {
		case s == "":
			wrong.Add(fmt.Sprintf("segments[%d]", i), "must not be empty")
		case strings.Contains(s, "="):
			wrong.Add(fmt.Sprintf("segments[%d]", i), "%q must not contain '='", s)
		}
	}
	wrong.Check(configcheck.Distinct("segments", c.Segments))
	for i, spec := range c.Derive {
		if _, err := derive.Parse(spec); err != nil {
			wrong.Add(fmt.Sprintf("derive[%d]", i), "%w", err)
		}
	}
	wrong.Check(configcheck.Distinct("derive", c.Derive))
	for i, key := range c.Sources {
		if key == "" {
			wrong.Add(fmt.Sprintf("sources[%d]", i), "must not be empty")
		}
	}
	if n := len(c.Sources); n > maxSources {
		wrong.Add("sources", "%d are more than the limit of %d", n, maxSources)
	}
	wrong.Check(configcheck.Distinct("sources", c.Sources))
	c.checkDetectors(&wrong)
	if len(c.DurationBuckets) == 0 {
		wrong.Add("duration_buckets", "at least one bound is needed")
	}
	if n := len(c.DurationBuckets); n > distribution.MaxBounds {
		wrong.Add("duration_buckets", "%d are more than the limit of %d", n, distribution.MaxBounds)
	}
	for i, b := range c.DurationBuckets {
		if math.IsNaN(b) || math.IsInf(b, 0) || b <= 0 {
			wrong.Add(fmt.Sprintf("duration_buckets[%d]", i), "%v must be positive and finite", b)
		} else if i > 0 && b <= c.DurationBuckets[i-1] {
			wrong.Add(fmt.Sprintf("duration_buckets[%d]", i), "%v must be above the one before, %v", b, c.DurationBuckets[i-1])
		}
	}
	wrong.Check(
		configcheck.Range("limits::models", c.Limits.Models, 1, 100_000),
		configcheck.Range("limits::segments", c.Limits.Segments, 1, 100_000),
		configcheck.Range("limits::features", c.Limits.Features, 1, 65_000),
		configcheck.Range("limits::categories", c.Limits.Categories, 1, 65_000),
		configcheck.Range("limits::series", c.Limits.Series, 1, 100_000_000),
		configcheck.Range("limits::sources", c.Limits.Sources, 1, 100_000),
		configcheck.Range("limits::accumulators", c.Limits.Accumulators, 1, 10_000_000),
		configcheck.Range("limits::detectors", c.Limits.Detectors, 1, 1_000_000),
		configcheck.Range("limits::placements", c.Limits.Placements, 1, 100_000),
		configcheck.Range("limits::spans", c.Limits.Spans, 0, 100_000_000),
	)
	return wrong.Err()
}

// checkDetectors adds what is wrong with the detectors.
func (c *Config) checkDetectors(wrong *configcheck.Violations) {
	seen := make(map[[2]string]int)
	for i := range c.Detectors {
		d := &c.Detectors[i]
		key := fmt.Sprintf("detectors[%d]", i)
		if _, err := stream.New(d.Type, d.Parameters); err != nil {
			wrong.Add(key, "%w", err)
		}
		source := detectors.SourceOf(d.Of)
		switch {
		case d.Of == "":
			wrong.Add(key+"::of", "must be confidence, value, error, duration or the key of an attribute")
		case source == detectors.Error && d.Label == "":
			wrong.Add(key+"::label", "an error needs the key of the attribute with the right answer")
		case source != detectors.Error && d.Label != "":
			wrong.Add(key+"::label", "is for 'of: error' alone")
		}
		_, hasMin := d.Parameters["min"]
		_, hasMax := d.Parameters["max"]
		if unit := source == detectors.Confidence || source == detectors.Error; stream.Bounded(d.Type) && !unit && !(hasMin && hasMax) {
			wrong.Add(key+"::parameters", "%s needs min and max, the range of %q", d.Type, d.Of)
		}
		name := [2]string{cmp.Or(d.Name, d.Type), d.Of}
		if before, twice := seen[name]; twice {
			wrong.Add(key, "has the name and the subject of detectors[%d]: give it a 'name'", before)
		}
		seen[name] = i
	}
}

// specs are the detectors.
func (c *Config) specs() (list []detectors.Spec) {
	for _, d := range c.Detectors {
		list = append(list, detectors.Spec{
			Name: cmp.Or(d.Name, d.Type), Type: d.Type, Subject: d.Of, Label: d.Label, Parameters: d.Parameters, Models: d.Models,
		})
	}
	return list
}
