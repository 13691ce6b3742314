// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxVersions is the number of models of which the version that answered last is remembered. Calls
// of others keep the version that they name, or none.
const maxVersions = 1000

// versions remembers which version of a generative model answered last. Streamed and failed calls
// often do not say; they are taken to be of the same, so that a model is not two series. The zero
// value works; it is safe for concurrent use.
type versions struct {
	mu   sync.RWMutex
	last map[modelKey]string
}

type modelKey struct{ environment, name string }

func (v *versions) of(key modelKey) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.last[key]
}

func (v *versions) answered(key modelKey, version string) {
	if len(key.name) > boundedname.Max || len(key.environment) > boundedname.Max || len(version) > boundedname.Max || v.of(key) == version {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last == nil {
		v.last = map[modelKey]string{}
	}
	if _, known := v.last[key]; !known && len(v.last) >= maxVersions {
		return
	}
	v.last[modelKey{strings.Clone(key.environment), strings.Clone(key.name)}] = strings.Clone(version)
}

// unversioned is a call that does not say which version answered.
type unversioned struct {
	span ptrace.Span
	key  modelKey
}

// version remembers the version of the call at hand, or gives it the last one.
func (s *state) version() {
	e := s.engine
	if !s.inference || s.resource.has(e.resourceVersion) {
		return
	}
	name := s.at(e.modelName)
	if name.kind != text {
		return
	}
	key := modelKey{s.environment(), name.text}
	if version := s.at(e.modelVersion); version.kind != none {
		if version.kind == text && (s.lastVersion != version.text || s.lastModel != key) {
			e.versions.answered(key, version.text)
			s.lastModel, s.lastVersion = key, version.text
		}
		return
	}
	if version := e.versions.of(key); version != "" {
		s.set(e.modelVersion, mlconv.AttrModelVersion, textValue(version))
		s.stats.Assumed[SameVersion]++
		return
	}
	s.unversioned = append(s.unversioned, unversioned{s.span, key})
}

// nameVersions gives calls the version that a later one of the request named.
func (s *state) nameVersions() {
	for _, u := range s.unversioned {
		if version := s.engine.versions.of(u.key); version != "" {
			u.span.Attributes().PutStr(mlconv.AttrModelVersion, version)
			s.stats.Assumed[SameVersion]++
		}
	}
}

// listFinishReasons makes a list of finish reasons that are a string, or a list of strings in a
// string. What is neither stays.
func (s *state) listFinishReasons() {
	slot := s.engine.finishReasons
	if !s.has(slot) {
		return
	}
	given := fromAttribute(s.own.values[slot])
	if given.kind != text || len(given.text) > maxCopied {
		return
	}
	reasons := []datum{given}
	if encoded(given.text) {
		var c collector
		c.reset(wantList)
		if !listIn(given.text, &c) || slices.ContainsFunc(c.list, func(v datum) bool { return v.kind != text }) {
			return
		}
		reasons = c.list
	}
	to := s.own.values[slot].SetEmptySlice()
	for i := range reasons {
		to.AppendEmpty().SetStr(reasons[i].text)
	}
}
