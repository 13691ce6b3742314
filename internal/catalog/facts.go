// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Facts are what a registry (a source beside the files) knows. They are plain data: written as JSON
// and read back they are the same, and equal JSON means equal facts.
type Facts struct {
	Models       []ModelFacts   `json:"models,omitempty"`
	FeatureViews []*FeatureView `json:"feature_views,omitempty"`
	// Stale says that the registry has not answered for long.
	Stale bool `json:"-"`
	// Notes say what was left out and why, for the log.
	Notes []string `json:"-"`
}

// ModelFacts are what a registry knows of a model; zero values are unknown.
type ModelFacts struct {
	Name string `json:"name"`
	// Environment is empty where the registry does not tell environments apart: the facts are then
	// true of all.
	Environment   string   `json:"environment,omitempty"`
	Task          Task     `json:"task,omitempty"`
	PositiveClass string   `json:"positive_class,omitempty"`
	Owner         string   `json:"owner,omitempty"`
	Description   string   `json:"description,omitempty"`
	FeatureViews  []string `json:"feature_views,omitempty"`
	// Attributes are strings, finite float64s and bools.
	Attributes map[string]any `json:"attributes,omitempty"`
	Versions   []VersionFacts `json:"versions,omitempty"`
}

// VersionFacts are what a registry knows of a version; zero values are unknown.
type VersionFacts struct {
	Version    string         `json:"version"`
	Aliases    []string       `json:"aliases,omitempty"`
	TrainedAt  time.Time      `json:"trained_at,omitzero"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// Merge lays facts under cards. The card wins field by field, an earlier source over a later one:
//
//   - Facts with an environment go under the card of that name and environment. Where there is
//     none, a card without an environment is copied for that environment, as it would else be
//     hidden.
//   - Facts without an environment go under every card of that name, and are a model without an
//     environment of their own where no such card is.
//   - Attributes merge by key. A version has, from the highest: its card's own, its model's card's,
//     the registry's on the version, the registry's on the model.
//   - Versions merge by version; an alias that the card gives to another version is taken from the
//     registry's.
//
// Models of a stale source carry ml.catalog.stale. What is given is not changed; without facts the
// cards are returned as they are.
func Merge(cards *Set, sources ...Facts) *Set {
	if !slices.ContainsFunc(sources, func(f Facts) bool { return len(f.Models) > 0 || len(f.FeatureViews) > 0 }) {
		return cards
	}
	m := merger{index: make(map[key]int, len(cards.Models))}
	for _, card := range cards.Models {
		m.put(card)
	}
	for _, source := range sources { // those with an environment first, that those without find all models
		for i := range source.Models {
			if f := &source.Models[i]; f.Environment != "" {
				m.lay(key{f.Environment, f.Name}, f, source.Stale)
			}
		}
	}
	environments := map[string][]key{}
	for k := range m.index {
		environments[k.name] = append(environments[k.name], k)
	}
	for _, source := range sources {
		for i := range source.Models {
			f := &source.Models[i]
			if f.Environment != "" {
				continue
			}
			for _, k := range environments[f.Name] {
				m.lay(k, f, source.Stale)
			}
			if k := (key{"", f.Name}); !slices.Contains(environments[f.Name], k) {
				environments[f.Name] = append(environments[f.Name], k)
				m.lay(k, f, source.Stale)
			}
		}
	}
	var views []*FeatureView
	for _, source := range sources {
		views = append(views, source.FeatureViews...)
	}
	set := NewSet(m.models, cards.Jobs)
	set.addViews(views)
	for i, model := range set.Models {
		if names, version := set.viewAttributes(model); names != "" {
			m.own(i)
			m.under(i, mlconv.AttrFeatureViewName, names)
			if version != "" {
				m.under(i, mlconv.AttrFeatureViewVersion, version)
			}
		}
	}
	set = NewSet(m.models, cards.Jobs)
	set.addViews(views)
	return set
}

// merger holds the models of the set that comes to be.
type merger struct {
	models []*Model
	index  map[key]int
	// owned says which models are copies that may be changed.
	owned []bool
}

func (m *merger) put(model *Model) {
	setDefault(m.index, key{model.Environment, model.Name}, len(m.models))
	m.models = append(m.models, model)
	m.owned = append(m.owned, false)
}

// own copies a model, once, with its versions.
func (m *merger) own(i int) {
	if m.owned[i] {
		return
	}
	m.owned[i] = true
	model := *m.models[i]
	model.Attributes = maps.Clone(model.Attributes)
	model.Versions = slices.Clone(model.Versions)
	for j, v := range model.Versions {
		version := *v
		version.Model = &model
		version.Attributes = maps.Clone(v.Attributes)
		version.Aliases = slices.Clone(v.Aliases)
		model.Versions[j] = &version
	}
	m.models[i] = &model
}

// lay puts facts under the model with the key.
func (m *merger) lay(k key, f *ModelFacts, stale bool) {
	i, ok := m.index[k]
	if !ok {
		model := &Model{Name: k.name, Environment: k.environment}
		if j, there := m.index[key{"", k.name}]; there && k.environment != "" {
			general := *m.models[j]
			general.Environment = k.environment
			model = &general
		}
		i = len(m.models)
		m.put(model)
	}
	m.own(i)
	model := m.models[i]
	card := maps.Clone(model.Attributes) // before the model's own are laid under it
	if model.Task == "" && (model.PositiveClass == "" || f.Task == BinaryClassification) {
		model.Task = f.Task
	}
	if model.PositiveClass == "" && (model.Task == "" || model.Task == BinaryClassification) {
		model.PositiveClass = f.PositiveClass
	}
	model.Owner = cmp.Or(model.Owner, f.Owner)
	model.Description = cmp.Or(model.Description, f.Description)
	if model.FeatureViews == nil {
		model.FeatureViews = slices.Clone(f.FeatureViews)
	}
	taken := map[string]string{} // names and aliases, with the version that has them
	known := map[string]*Version{}
	for _, v := range model.Versions {
		setDefault(taken, v.Version, v.Version)
		setDefault(known, v.Version, v)
	}
	for _, v := range model.Versions {
		for _, alias := range v.Aliases {
			setDefault(taken, alias, v.Version)
		}
	}
	for j := range f.Versions {
		fact := &f.Versions[j]
		v, ok := known[fact.Version]
		if !ok {
			v = &Version{
				Model: model, Version: fact.Version, Attributes: maps.Clone(card),
				Baseline: model.Baseline, Prices: model.Prices,
			}
			known[v.Version] = v
			model.Versions = append(model.Versions, v)
		}
		if len(v.Aliases) == 0 {
			for _, alias := range fact.Aliases {
				if other, there := taken[alias]; !there || other == v.Version {
					v.Aliases = append(v.Aliases, alias)
					taken[alias] = v.Version
				}
			}
		}
		if v.TrainedAt.IsZero() {
			v.TrainedAt = fact.TrainedAt
		}
		v.Attributes = under(v.Attributes, fact.Attributes)
	}
	for name, value := range f.Attributes {
		m.under(i, name, value)
	}
	if stale {
		m.under(i, mlconv.AttrCatalogStale, true)
	}
}

// under gives an attribute to a model and all its versions, where they have none of that name.
func (m *merger) under(i int, name string, value any) {
	model := m.models[i]
	one := map[string]any{name: value}
	model.Attributes = under(model.Attributes, one)
	for _, v := range model.Versions {
		v.Attributes = under(v.Attributes, one)
	}
}

// under adds what is missing in attributes; the map is the caller's own.
func under(attributes, facts map[string]any) map[string]any {
	if attributes == nil && len(facts) > 0 {
		attributes = make(map[string]any, len(facts))
	}
	for k, v := range facts {
		setDefault(attributes, k, v)
	}
	return attributes
}

// FeatureView is a feature view of a feature store: features that are computed together and become
// old together.
type FeatureView struct {
	Name string `json:"name"`
	// Environment is that of the feature store; empty is any.
	Environment string `json:"environment,omitempty"`
	Project     string `json:"project,omitempty"`
	// Version is empty where the store has none.
	Version string `json:"version,omitempty"`
	// Kind is featureView, streamFeatureView or onDemandFeatureView.
	Kind        string `json:"kind,omitempty"`
	Owner       string `json:"owner,omitempty"`
	Description string `json:"description,omitempty"`
	// Features are the names of the view's features, in the view's order.
	Features []string `json:"features,omitempty"`
	Entities []Entity `json:"entities,omitempty"`
	// TTL is how old a feature's value may be when it is served; 0 is any age.
	TTL time.Duration `json:"ttl,omitempty"`
	// MaterializedUntil is the end of the latest interval that was written to the online store;
	// zero where none was.
	MaterializedUntil time.Time `json:"materialized_until,omitzero"`
	// Services are the feature services that use the view.
	Services []string `json:"services,omitempty"`
	// Attributes are the view's tags that were asked for.
	Attributes map[string]any `json:"attributes,omitempty"`
}

// Entity is what a feature view is keyed by.
type Entity struct {
	Name string `json:"name"`
	// JoinKey is the column; the entity's name where the store names none.
	JoinKey string `json:"join_key,omitempty"`
}

// Age is how old the view's features are at a time: since the end of the last materialization. It
// is false where that is unknown or later.
func (v *FeatureView) Age(at time.Time) (time.Duration, bool) {
	if v.MaterializedUntil.IsZero() || at.Before(v.MaterializedUntil) {
		return 0, false
	}
	return at.Sub(v.MaterializedUntil), true
}

// FeatureView returns the view of that name: the environment's own, else the one without an
// environment, else nil.
func (s *Set) FeatureView(environment, name string) *FeatureView {
	if v, ok := s.views[key{environment, name}]; ok {
		return v
	}
	return s.views[key{"", name}]
}

// featureViewOf returns the view that a feature belongs to whose name is written as Feast does in
// its logs and full names: view__feature. It returns nil where there is no such view or the view
// has no such feature.
func (s *Set) featureViewOf(environment, feature string) *FeatureView {
	if len(s.views) == 0 {
		return nil
	}
	for i := 0; i+2 < len(feature); i++ { // views may have two underscores in their names
		if feature[i:i+2] != "__" {
			continue
		}
		if v := s.FeatureView(environment, feature[:i]); v != nil && slices.Contains(v.Features, feature[i+2:]) {
			return v
		}
	}
	return nil
}

// FeatureViewsOf returns the views that a model of the set reads: those that its card or registry
// lists, in that order, else those that the names of its features (of the card and the baselines)
// belong to, by name. Views that no source knows are left out.
func (s *Set) FeatureViewsOf(m *Model) []*FeatureView {
	if len(s.views) == 0 {
		return nil
	}
	var out []*FeatureView
	add := func(v *FeatureView) {
		if v != nil && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if m.FeatureViews != nil {
		for _, name := range m.FeatureViews {
			add(s.FeatureView(m.Environment, name))
		}
		return out
	}
	for name := range m.Features {
		add(s.featureViewOf(m.Environment, name))
	}
	seen := map[*profile.Profile]bool{nil: true}
	collect := func(p *profile.Profile) {
		if seen[p] {
			return
		}
		seen[p] = true
		for _, column := range p.Features {
			add(s.featureViewOf(m.Environment, column.Name))
		}
	}
	collect(m.Baseline)
	for _, v := range m.Versions {
		collect(v.Baseline)
	}
	slices.SortFunc(out, func(a, b *FeatureView) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// viewAttributes returns the names of a model's views, with commas, and the version of a single
// one.
func (s *Set) viewAttributes(m *Model) (names, version string) {
	views := s.FeatureViewsOf(m)
	list := make([]string, len(views))
	for i, v := range views {
		list[i] = v.Name
	}
	if len(views) == 1 {
		version = views[0].Version
	}
	return strings.Join(list, ","), version
}

// addViews indexes views; the first of a name and environment wins.
func (s *Set) addViews(views []*FeatureView) {
	s.FeatureViews = views
	s.views = make(map[key]*FeatureView, len(views))
	for _, v := range views {
		setDefault(s.views, key{v.Environment, v.Name}, v)
	}
}
