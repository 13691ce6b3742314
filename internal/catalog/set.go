// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// Set is an immutable set of cards.
type Set struct {
	// Models and Jobs are in the order of file and line.
	Models []*Model
	Jobs   []*Job
	// FeatureViews are those of the feature stores among the sources.
	FeatureViews []*FeatureView

	models   map[key]*Model
	patterns map[string][]pattern // by environment
	versions map[versionKey]*Version
	jobs     map[key]*Job
	views    map[key]*FeatureView
}

type key struct{ environment, name string }

type versionKey struct{ environment, name, version string }

// NewSet indexes cards. Where two cards or versions share a key, the first one wins; Load reports
// such cards.
func NewSet(models []*Model, jobs []*Job) *Set {
	s := &Set{
		Models: models, Jobs: jobs,
		models:   make(map[key]*Model, len(models)),
		patterns: patternsOf(models),
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

// Model returns the card for a model in an environment, by its name or one that it is also known
// as: the environment's own, else the one without an environment. Where there is none, it is the
// one with the pattern that matches and has the most literal bytes, the environment's own before
// those without; else nil.
func (s *Set) Model(environment, name string) *Model {
	if m, ok := s.models[key{environment, name}]; ok {
		return m
	}
	if m, ok := s.models[key{"", name}]; ok {
		return m
	}
	if len(s.patterns) == 0 || name == "" {
		return nil
	}
	if m := matching(s.patterns[environment], name); m != nil || environment == "" {
		return m
	}
	return matching(s.patterns[""], name)
}

// Version returns the version with the given name or alias on the card that Model returns, or nil.
func (s *Set) Version(environment, name, version string) *Version {
	m := s.Model(environment, name)
	if m == nil {
		return nil
	}
	return s.versions[versionKey{m.Environment, m.Name, version}]
}

// Baseline returns the reference profile for a model's version: the version's own, else the
// model's, else nil.
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
