// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlflow

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The tags of a registered model that say what a card says with a key of its own; the first that is
// there counts.
var (
	nameTags          = []string{mlconv.AttrModelName}
	ownerTags         = []string{"ml.owner", mlconv.AttrModelOwner}
	taskTags          = []string{"ml.task", mlconv.AttrModelTask}
	positiveClassTags = []string{"ml.positive_class"}
	featureViewTags   = []string{"ml.feature_views"}
	frameworkTags     = []string{mlconv.AttrModelFramework, "ml.framework"}
)

// named are all of them: they are not attributes once more.
var named = func() map[string]bool {
	m := map[string]bool{mlconv.AttrModelVersion: true}
	for _, list := range [][]string{nameTags, ownerTags, taskTags, positiveClassTags, featureViewTags, frameworkTags} {
		for _, t := range list {
			m[t] = true
		}
	}
	return m
}()

const (
	// historyTag is a JSON list of the models that a run has logged, with their flavors
	// (mlflow/utils/mlflow_tags.py). MLflow 3 writes it no more.
	historyTag = "mlflow.log-model.history"
	// autologTag is the library whose autologging has made the run.
	autologTag = "mlflow.autologging"
	// generalFlavor is what all flavors can be loaded as.
	generalFlavor = "python_function"
)

// model turns a registered model with its versions into facts: one for each environment that its
// versions are in.
func (s *Source) model(ctx context.Context, m *registeredModel, facts *catalog.Facts) error {
	versions, err := s.versions(ctx, m, facts)
	if err != nil {
		return err
	}
	base := catalog.ModelFacts{
		Name:          cmp.Or(first(m.Tags, nameTags), m.Name),
		Environment:   s.environment(m.Tags, s.o.Environment),
		Task:          task(first(m.Tags, taskTags)),
		PositiveClass: fetch.Text(first(m.Tags, positiveClassTags)),
		Owner:         fetch.Text(first(m.Tags, ownerTags)),
		Description:   fetch.Text(m.Description),
		FeatureViews:  names(first(m.Tags, featureViewTags)),
		Attributes:    s.tags(m.Tags),
	}
	if framework := first(m.Tags, frameworkTags); framework != "" {
		set(&base.Attributes, mlconv.AttrModelFramework, fetch.Text(framework))
	}
	if !fetch.GoodName(base.Name) {
		base.Name = m.Name
	}
	environments := map[string]int{}
	var list []catalog.ModelFacts
	in := func(environment string) *catalog.ModelFacts {
		i, ok := environments[environment]
		if !ok {
			i = len(list)
			environments[environment] = i
			of := base
			of.Environment = environment
			of.Attributes = maps.Clone(base.Attributes)
			list = append(list, of)
		}
		return &list[i]
	}
	for i := range versions {
		v := &versions[i]
		r, err := s.run(ctx, v.RunID)
		if err != nil {
			return err
		}
		model := in(s.environment(v.Tags, base.Environment))
		model.Versions = append(model.Versions, s.version(m, v, r))
	}
	if len(list) == 0 {
		in(base.Environment)
	}
	facts.Models = append(facts.Models, list...)
	return nil
}

// version turns a version and its run into facts.
func (s *Source) version(m *registeredModel, v *modelVersion, r *trained) catalog.VersionFacts {
	f := catalog.VersionFacts{Version: v.Version, Aliases: aliases(m, v), TrainedAt: milliseconds(v.CreationTimestamp), Attributes: s.tags(v.Tags)}
	framework := first(v.Tags, frameworkTags)
	if r != nil {
		if !r.at.IsZero() {
			f.TrainedAt = r.at
		}
		if framework == "" && first(m.Tags, frameworkTags) == "" {
			framework = r.framework
		}
		for k, value := range r.attributes {
			set(&f.Attributes, k, value)
		}
	}
	if framework != "" {
		set(&f.Attributes, mlconv.AttrModelFramework, fetch.Text(framework))
	}
	return f
}

// trained is what is kept of a run.
type trained struct {
	// at is its end, if it is finished.
	at         time.Time
	framework  string
	attributes map[string]any
}

// trained takes what is asked for out of a run: parameters and metrics by name and at most so many
// of each.
func (s *Source) trained(r *run) *trained {
	t := &trained{framework: cmp.Or(flavor(first(r.Data.Tags, []string{historyTag})), fetch.Text(first(r.Data.Tags, []string{autologTag})))}
	if r.Info.Status == "FINISHED" {
		t.at = milliseconds(r.Info.EndTime)
	}
	n := 0
	for _, p := range slices.SortedFunc(slices.Values(r.Data.Params), byKey) {
		if n < s.o.MaxAttributes && fetch.GoodName(p.Key) && fetch.MatchAny(s.o.Params, p.Key) {
			set(&t.attributes, mlconv.PrefixModelTrainingParam+p.Key, fetch.Text(p.Value))
			n++
		}
	}
	n = 0
	for _, metric := range slices.SortedFunc(slices.Values(r.Data.Metrics), func(a, b measure) int { return strings.Compare(a.Key, b.Key) }) {
		if n < s.o.MaxAttributes && metric.Value.Finite() && fetch.GoodName(metric.Key) && fetch.MatchAny(s.o.Metrics, metric.Key) {
			set(&t.attributes, mlconv.PrefixModelTrainingMetric+metric.Key, float64(metric.Value))
			n++
		}
	}
	return t
}

// aliases are those that the model gives to the version; the list of the model counts where it has
// one, as that of the version is not filled in by every backend.
func aliases(m *registeredModel, v *modelVersion) []string {
	var list []string
	add := func(name string) {
		if fetch.GoodName(name) && len(list) < maxAliased && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if len(m.Aliases) > 0 {
		for _, a := range m.Aliases {
			if a.Version == v.Version {
				add(a.Alias)
			}
		}
	} else {
		for _, a := range v.Aliases {
			add(a)
		}
	}
	slices.Sort(list)
	return list
}

// environment reads the tag for it.
func (s *Source) environment(tags []tag, without string) string {
	if s.o.EnvironmentTag == "" {
		return without
	}
	if e := first(tags, []string{s.o.EnvironmentTag}); fetch.GoodName(e) {
		return e
	}
	return without
}

// tags are those that become attributes, by name and at most so many.
func (s *Source) tags(tags []tag) map[string]any {
	var out map[string]any
	for _, t := range slices.SortedFunc(slices.Values(tags), byKey) {
		if len(out) < s.o.MaxAttributes && fetch.GoodName(t.Key) && !named[t.Key] && t.Value != "" && fetch.MatchAny(s.o.Tags, t.Key) {
			set(&out, t.Key, fetch.Text(t.Value))
		}
	}
	return out
}

func byKey(a, b tag) int { return strings.Compare(a.Key, b.Key) }

func set(m *map[string]any, key string, value any) {
	if *m == nil {
		*m = map[string]any{}
	}
	(*m)[key] = value
}

// first returns the value of the first of the keys that is there.
func first(tags []tag, keys []string) string {
	for _, key := range keys {
		for _, t := range tags {
			if t.Key == key && t.Value != "" {
				return t.Value
			}
		}
	}
	return ""
}

// task is one that a card can name, or none.
func task(s string) catalog.Task {
	switch t := catalog.Task(strings.ToLower(s)); t {
	case catalog.BinaryClassification, catalog.Multiclass, catalog.Regression, catalog.Ranking, catalog.Generation:
		return t
	}
	return ""
}

// maxNames bounds the feature views of one model.
const maxNames = 100

// names reads a list: ["a","b"] or a, b.
func names(s string) []string {
	var list []string
	if json.Unmarshal([]byte(s), &list) != nil {
		list = strings.Split(s, ",")
	}
	var out []string
	for _, name := range list {
		if name = strings.TrimSpace(name); fetch.GoodName(name) && len(out) < maxNames && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// flavor is the framework of the last model that a run has logged: its flavor beside the general
// one, the first by name where it has several.
func flavor(history string) string {
	var logged []struct {
		Flavors map[string]json.RawMessage `json:"flavors"`
	}
	if json.Unmarshal([]byte(history), &logged) != nil || len(logged) == 0 {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(logged[len(logged)-1].Flavors)) {
		if name != generalFlavor && fetch.GoodName(name) {
			return name
		}
	}
	return ""
}

// milliseconds is a time since 1970; zero where there is none, or none of the calendar.
func milliseconds(ms fetch.Integer) time.Time {
	if ms <= 0 || ms > 253402300799999 { // 9999-12-31
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
