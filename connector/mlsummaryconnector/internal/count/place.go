// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/placements"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxPlaces is how many placements of a model a shard finds again without a lock.
const maxPlaces = 1000

// placed is what a shard knows of where a model runs.
type placed struct {
	// resource is the number of the resource that was looked at last.
	resource uint64
	found    map[prediction.Place]*placements.Placement
}

// place notes where the model of the span at hand runs, once for each resource.
func (c *Counter) place(cache *modelCache, s *prediction.Span) {
	if cache.placed.resource == s.Resource {
		return
	}
	cache.placed.resource = s.Resource
	if cache.model.Overflow || !s.Place.Known() {
		return
	}
	if p := cache.placed.found[*s.Place]; p != nil && p.Mark() {
		return
	}
	p := c.options.Placements.Find(cache.model.Key, s.Place, c.options.Now())
	if p == nil {
		c.stats.OverflowedPlacements++
		s.Note(NotePlacements, "", mlconv.AttrPodName, s.Place.Pod)
		return
	}
	if cache.placed.found == nil || len(cache.placed.found) >= maxPlaces {
		cache.placed.found = make(map[prediction.Place]*placements.Placement)
	}
	cache.placed.found[prediction.Place{
		Namespace: strings.Clone(s.Place.Namespace), Pod: strings.Clone(s.Place.Pod),
		UID: strings.Clone(s.Place.UID), Host: strings.Clone(s.Place.Host),
	}] = p
}
