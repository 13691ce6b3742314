// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/engine"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/evaluator"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/pane"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/quality"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/shadow"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/waiting"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/evaluation"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The values of Config.Timestamps.
const (
	// TimestampsNow stamps points with the time of their emission, for live backends.
	TimestampsNow = "now"
	// TimestampsEvent emits one set of points per window that has ended, stamped with its end, and
	// again when labels have changed it, for files and replays.
	TimestampsEvent = "event"
)

// The values of Config.Keys.
const (
	KeyPredictionID = "prediction_id"
	KeyBusiness     = "key"
	KeySpan         = "span"
	KeyTrace        = "trace"
)

// Config is the configuration of the ml_evaluation connector. The empty config works.
type Config struct {
	// Storage is the id of the storage extension that keeps answers, labels and measures. None by
	// default: they live in memory alone.
	Storage *component.ID `mapstructure:"storage"`
	// OnStorageFailure is what becomes of a request that the storage does not take: refuse (the
	// default), so that its sender tries again, or accept.
	OnStorageFailure string `mapstructure:"on_storage_failure"`
	// Conditions are OTTL conditions of which one must be true for a span to be looked at. None by
	// default: all spans are.
	Conditions []string `mapstructure:"conditions"`
	// Wait is how long a prediction waits for its label, and a label for its prediction, at least
	// 1m. Default 168h.
	Wait time.Duration `mapstructure:"wait"`
	// Window is what measures are of: a sliding length (whole minutes, 1m to 744h), or day, week
	// (from Monday) or month, in UTC, by the time of the prediction. Default 168h.
	Window string `mapstructure:"window"`
	// Maturity is how old labels may be, since the prediction, that comparisons count, and how long
	// ago the windows ended that they compare. Default 24h; 0 counts no label that came later.
	Maturity time.Duration `mapstructure:"maturity"`
	// Level is the confidence of all intervals, above 0 and below 1. Default 0.95.
	Level float64 `mapstructure:"level"`
	// Margins are by how much a measure may become worse, in its own unit, by measure: with one, a
	// difference has a verdict. Empty by default.
	Margins map[string]float64 `mapstructure:"margins"`
	// Keys are what labels find their predictions by: prediction_id, key, span (the default), and
	// trace where a trace has one prediction.
	Keys []string `mapstructure:"keys"`
	// KeyAttribute is the attribute of spans that is the business' own key. Default ml.label.key.
	KeyAttribute string `mapstructure:"key_attribute"`
	// Sampling is the share of predictions that is evaluated, by a hash of their id, above 0 to 1.
	// Default 1.
	Sampling float64 `mapstructure:"sampling"`
	// K is how many items of a ranking count. Default 10.
	K int `mapstructure:"k"`
	// Lateness is how far the watermark stays behind the newest prediction. Default 2m; 0 waits for
	// nothing.
	Lateness time.Duration `mapstructure:"lateness"`
	// Idle is the silence after which the watermark moves on with the wall clock. Default 1m.
	Idle time.Duration `mapstructure:"idle"`
	// EmitInterval is the time between two emissions. Default 30s.
	EmitInterval time.Duration `mapstructure:"emit_interval"`
	// SaveInterval is the time between two saves of measures. Default 1m. What comes in is written
	// at once.
	SaveInterval time.Duration `mapstructure:"save_interval"`
	// Timestamps is now (the default) or event.
	Timestamps string `mapstructure:"timestamps"`
	// Shadow says which answers are of the same request.
	Shadow Shadow `mapstructure:"shadow"`
	// Misjudged says how many predictions that their label contradicts go on as log records, where
	// the connector feeds a logs pipeline.
	Misjudged Misjudged `mapstructure:"misjudged"`
	// Catalog is the id of the catalog extension. Without one it is the only one that is enabled.
	Catalog *component.ID `mapstructure:"catalog"`
	// Limits bound the memory.
	Limits Limits `mapstructure:"limits"`
}

// Shadow says which answers are of the same request.
type Shadow struct {
	// By is what they share: trace (the default), prediction_id or key.
	By string `mapstructure:"by"`
	// Wait is how long an answer waits for the other one. Default 10m.
	Wait time.Duration `mapstructure:"wait"`
	// Pairs are models that answer the same requests under names of their own, beside those whose
	// spans have ml.model.role. None by default.
	Pairs []ShadowPair `mapstructure:"pairs"`
	// Margin is the share of requests in which a shadow may answer otherwise: with one, the
	// difference has a verdict. Default 0: none.
	Margin float64 `mapstructure:"margin"`
}

// ShadowPair are two models that answer the same requests.
type ShadowPair struct {
	// Primary is the name of the model whose answer is used.
	Primary string `mapstructure:"primary"`
	// Shadow is the name of the model that answers, too.
	Shadow string `mapstructure:"shadow"`
}

// Misjudged says how many predictions that their label contradicts go on as log records.
type Misjudged struct {
	// PerMinute is how many of each model go on in a minute, the first ones. Default 10; 0 is none.
	PerMinute int `mapstructure:"per_minute"`
}

// Limits bound every table. All are at least 1.
type Limits struct {
	// Predictions is the number of predictions that wait. What finds no room lets the oldest leave.
	// Default 1,000,000, of 170 bytes each.
	Predictions int `mapstructure:"predictions"`
	// Labels is the number of labels that are kept. Default 1,000,000.
	Labels int `mapstructure:"labels"`
	// MemoryMiB bounds what predictions and labels take, without their index. Default 512.
	MemoryMiB int `mapstructure:"memory_mib"`
	// Models is the number of models (name, version, role, environment) that are measured. Default
	// 100.
	Models int `mapstructure:"models"`
	// Segments is the number of cohorts per model. Default 200.
	Segments int `mapstructure:"segments"`
	// Classes is the number of classes with counts of their own. Default 50.
	Classes int `mapstructure:"classes"`
	// Evaluators is the number of series of evaluators: by evaluator, model and segment. Default
	// 1000.
	Evaluators int `mapstructure:"evaluators"`
	// Shadows is the number of pairs of models that are compared. Default 20.
	Shadows int `mapstructure:"shadows"`
}

var _ confmap.Validator = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		OnStorageFailure: storageclient.Refuse,

		Wait: 168 * time.Hour, Window: "168h", Maturity: 24 * time.Hour, Level: 0.95,
		Keys: []string{KeyPredictionID, KeyBusiness, KeySpan}, KeyAttribute: mlconv.AttrLabelKey, Sampling: 1, K: 10,
		Lateness: 2 * time.Minute, Idle: time.Minute, EmitInterval: 30 * time.Second, SaveInterval: time.Minute, Timestamps: TimestampsNow,
		Shadow:    Shadow{By: string(shadow.SharedTrace), Wait: 10 * time.Minute},
		Misjudged: Misjudged{PerMinute: 10},
		Limits: Limits{
			Predictions: 1_000_000, Labels: 1_000_000, MemoryMiB: 512, Models: 100, Segments: 200, Classes: 50, Evaluators: 1000, Shadows: 20,
		},
	}
}

// Validate returns all violations, each naming its key.
func (c *Config) Validate() error {
	var wrong configcheck.Violations
	if _, err := eventtime.ParseWindow(c.Window); err != nil {
		wrong.Add("window", "%w", err)
	}
	wrong.Check(
		configcheck.OneOf("on_storage_failure", c.OnStorageFailure, storageclient.Refuse, storageclient.Accept),
		spanottl.CheckConditions("conditions", c.Conditions),
		configcheck.Duration("wait", c.Wait, time.Minute, 0),
		configcheck.DurationOrZero("maturity", c.Maturity, 0, 0),
		configcheck.DurationOrZero("lateness", c.Lateness, 0, 0),
		configcheck.Duration("idle", c.Idle, 0, 0),
		configcheck.Duration("emit_interval", c.EmitInterval, 0, 0),
		configcheck.Duration("save_interval", c.SaveInterval, 0, 0),
		configcheck.Duration("shadow::wait", c.Shadow.Wait, 0, 0),
		configcheck.Range("k", c.K, 1, 1000),
		configcheck.Range("misjudged::per_minute", c.Misjudged.PerMinute, 0, 10_000),
		configcheck.Range("limits::predictions", c.Limits.Predictions, 1, 1_000_000_000),
		configcheck.Range("limits::labels", c.Limits.Labels, 1, 1_000_000_000),
		configcheck.Range("limits::memory_mib", c.Limits.MemoryMiB, 1, 1<<20),
		configcheck.Range("limits::models", c.Limits.Models, 1, 100_000),
		configcheck.Range("limits::segments", c.Limits.Segments, 1, 100_000),
		configcheck.Range("limits::classes", c.Limits.Classes, 2, 1000),
		configcheck.Range("limits::evaluators", c.Limits.Evaluators, 1, 1_000_000),
		configcheck.Range("limits::shadows", c.Limits.Shadows, 1, 10_000),
		configcheck.OneOf("timestamps", c.Timestamps, TimestampsNow, TimestampsEvent),
		configcheck.OneOf("shadow::by", shadow.Shared(c.Shadow.By), shadow.SharedTrace, shadow.SharedPredictionID, shadow.SharedKey))
	if !(c.Level > 0 && c.Level < 1) {
		wrong.Add("level", "must be above 0 and below 1, not %v", c.Level)
	}
	if !(c.Sampling > 0 && c.Sampling <= 1) {
		wrong.Add("sampling", "must be above 0, and 1 at most, not %v", c.Sampling)
	}
	if !(c.Shadow.Margin >= 0 && c.Shadow.Margin < 1) {
		wrong.Add("shadow::margin", "must be a share from 0 on, below 1, not %v", c.Shadow.Margin)
	}
	c.checkKeys(&wrong)
	c.checkMargins(&wrong)
	for i, p := range c.Shadow.Pairs {
		if p.Primary == "" || p.Shadow == "" || p.Primary == p.Shadow {
			wrong.Add("shadow::pairs", "pair %d must have two different names, 'primary' and 'shadow'", i+1)
		}
	}
	return wrong.Err()
}

func (c *Config) checkKeys(wrong *configcheck.Violations) {
	if len(c.Keys) == 0 {
		wrong.Add("keys", "must have one at least: %s", strings.Join(allKeys, ", "))
	}
	for _, k := range c.Keys {
		if !slices.Contains(allKeys, k) {
			wrong.Add("keys", "%q is none of %s", k, strings.Join(allKeys, ", "))
		}
	}
	if c.KeyAttribute == "" {
		wrong.Add("key_attribute", "must not be empty")
	}
}

var allKeys = []string{KeyPredictionID, KeyBusiness, KeySpan, KeyTrace}

func (c *Config) checkMargins(wrong *configcheck.Violations) {
	for _, name := range sortedNames(c.Margins) {
		if !slices.Contains(evaluation.Measures(), evaluation.Measure(name)) {
			wrong.Add("margins", "%q is no measure: %s", name, joined(evaluation.Measures()))
		}
		if v := c.Margins[name]; !(v >= 0) || v > 1e12 {
			wrong.Add("margins::"+name, "must be 0 or more, in the unit of the measure, not %v", v)
		}
	}
}

func sortedNames[V any](m map[string]V) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare)
	return names
}

func joined[S ~string](all []S) string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// keys are those of the config.
func (c *Config) keys() (k waiting.Keys) {
	for _, name := range c.Keys {
		switch name {
		case KeyPredictionID:
			k.PredictionID = true
		case KeyBusiness:
			k.Key = true
		case KeySpan:
			k.Span = true
		case KeyTrace:
			k.Trace = true
		}
	}
	return k
}

// options are those of the parts.
func (c *Config) options() engine.Options {
	window, err := eventtime.ParseWindow(c.Window)
	if err != nil {
		window = eventtime.Window{} // Validate reports it
	}
	o := engine.Options{
		Waiting: waiting.Options{
			Wait: c.Wait, Answers: c.Limits.Predictions, Labels: c.Limits.Labels, Bytes: c.Limits.MemoryMiB << 20, Names: maxNames,
		},
		Quality: quality.Options{
			Level: c.Level, Window: window, Wait: c.Wait, Maturity: c.Maturity, Classes: c.Limits.Classes, K: c.K,
			Margins: make(map[evaluation.Measure]float64, len(c.Margins)), Lateness: c.Lateness, Idle: c.Idle,
			Closed: c.Timestamps == TimestampsEvent,
			Limits: quality.Limits{Identities: c.Limits.Models, Segments: c.Limits.Segments},
		},
		Evaluators: evaluator.Options{
			Panes:  pane.Options{Window: window, Lateness: c.Lateness, Idle: c.Idle, Keep: c.Wait},
			Closed: c.Timestamps == TimestampsEvent, Level: c.Level, MaxSeries: c.Limits.Evaluators, MaxCounts: maxEvaluatorLabels,
		},
		Shadow: shadow.Options{
			Shared: shadow.Shared(c.Shadow.By), TimeToLive: c.Shadow.Wait, Waiting: maxShadowWaiting, Bytes: maxShadowBytes,
			Models: c.Limits.Models, Comparisons: c.Limits.Shadows, Segments: c.Limits.Segments, Classes: c.Limits.Classes,
			Window: window, Lateness: c.Lateness, Idle: c.Idle, Level: c.Level, Margin: c.Shadow.Margin,
		},
	}
	for name, margin := range c.Margins {
		o.Quality.Margins[evaluation.Measure(name)] = margin
	}
	for _, p := range c.Shadow.Pairs {
		o.Shadow.Pairs = append(o.Shadow.Pairs, shadow.Pair(p))
	}
	return o
}

// Bounds that nobody has had reason to change.
const (
	// maxNames is how many cohorts, and classes, sources and sets, waiting items have names of.
	maxNames = 20_000
	// maxEvaluatorLabels is how many labels and errors of an evaluator are told apart.
	maxEvaluatorLabels = 50
	// maxShadowWaiting answers wait for those of other models, in maxShadowBytes.
	maxShadowWaiting = 200_000
	maxShadowBytes   = 128 << 20
)
