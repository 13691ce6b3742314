// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/wildcard"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

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
	// AlsoKnownAs are other names of the model on spans, such as a deployment's, and Patterns are
	// such names with * for any text: Set.Model finds the card by them, too.
	AlsoKnownAs, Patterns []string
	Task                  Task
	// PositiveClass is the class that a binary classifier's score speaks of.
	PositiveClass string
	Owner         string
	// Description is for people.
	Description string
	// FeatureViews are the names of the feature views that the model reads; nil leaves it to the
	// names of its features.
	FeatureViews []string
	// Baseline is the reference data set; nil if the card names none.
	Baseline *profile.Profile
	// Versions are the versions that the card lists, in the card's order.
	Versions []*Version
	Drift    Drift
	// Segments are the dimensions whose cohorts are watched one at a time; what follows
	// "ml.segment.".
	Segments []string
	// SegmentFeatures are the features that are watched in segments, too.
	SegmentFeatures []string
	// Derive are the features that are worked out from attributes, each attribute#measure.
	Derive []string
	// MaxBatch is the largest ml.batch.size that is believed on a span without arrays; 0 if the
	// card does not say.
	MaxBatch int
	// Features holds what differs from the baseline's defaults, by feature.
	Features map[string]Feature
	// Attributes are put on the model's spans as they are, by ml_metadata: string, int64, float64
	// or bool.
	Attributes map[string]any
	// Prices are what the tokens of a generative model cost, the latest; nil if unknown.
	Prices *Prices
	Alerts Alerts
	SLOs   []SLO
	// Contract is what rows must be like, with the checks that stand at features; nil for anything.
	Contract *contract.Contract
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

// model reads the card of a model.
func (o object) model(baseline func(o object) *profile.Profile) *Model {
	m := &Model{
		Name: o.text("name"), Environment: o.text("environment"), AlsoKnownAs: o.texts("also_known_as"),
		Task: Task(o.text("task")), PositiveClass: o.text("positive_class"), Owner: o.text("owner"),
		Description: o.text("description"), FeatureViews: o.texts("feature_views"),
		Baseline: baseline(o),
		Drift:    o.block("drift").drift(),
		Segments: o.texts("segments"), SegmentFeatures: o.texts("segment_features"), Derive: o.derived(), MaxBatch: o.integer("max_batch"),
		Attributes: o.attributes("attributes"),
		Prices:     o.prices(),
		Alerts:     o.block("alerts").alerts(),
		File:       o.doc.File, Line: o.doc.Root.Line,
	}
	if m.PositiveClass != "" && m.Task != "" && m.Task != BinaryClassification {
		o.fail([]string{"positive_class"}, "is for the task %s, not for %s", BinaryClassification, m.Task)
	}
	for _, name := range o.texts("models") {
		if strings.Contains(name, wildcard.Any) {
			m.Patterns = append(m.Patterns, name)
		} else {
			m.AlsoKnownAs = append(m.AlsoKnownAs, name)
		}
	}
	o.versions(m, baseline)
	o.features(m)
	m.Contract = o.modelContract(m)
	m.SLOs = o.slos()
	return m
}

func (o object) versions(m *Model, baseline func(o object) *profile.Profile) {
	blocks := o.blocks("versions")
	once(blocks, "version")
	names := make(map[string]int, len(blocks))
	for i, b := range blocks {
		if _, ok := names[b.text("version")]; !ok {
			names[b.text("version")] = i
		}
	}
	aliases := map[string]int{}
	for i, b := range blocks {
		v := &Version{Model: m, Version: b.text("version"), Aliases: b.texts("aliases"), TrainedAt: b.timestamp("trained_at"), Baseline: baseline(b)}
		if v.Baseline == nil {
			v.Baseline = m.Baseline
		}
		if v.Prices = b.prices(); v.Prices == nil {
			v.Prices = m.Prices
		}
		if v.Attributes = m.Attributes; b.has("attributes") {
			v.Attributes = maps.Clone(m.Attributes)
			if v.Attributes == nil {
				v.Attributes = map[string]any{}
			}
			maps.Copy(v.Attributes, b.attributes("attributes"))
		}
		for j, alias := range v.Aliases {
			if first, ok := aliases[alias]; ok && first != i {
				b.fail([]string{"aliases", strconv.Itoa(j)}, "%q is an alias of versions[%d], too", yamldoc.Clip(alias), first)
			} else if other, ok := names[alias]; ok {
				b.fail([]string{"aliases", strconv.Itoa(j)}, "%q is the name of versions[%d]", yamldoc.Clip(alias), other)
			}
			aliases[alias] = i
		}
		m.Versions = append(m.Versions, v)
	}
}

// timestamp reads RFC 3339 or a day.
func (o object) timestamp(key string) time.Time {
	s := o.text(key)
	if s == "" || len(s) > 40 {
		return time.Time{}
	}
	normal := strings.Replace(strings.ToUpper(s), " ", "T", 1)
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, normal); err == nil {
			return t.UTC()
		}
	}
	if strings.Trim(s, "0123456789-:.TtZz+ ") == "" { // else the schema has said so
		o.fail([]string{key}, "%q is no time of the calendar", s)
	}
	return time.Time{}
}
