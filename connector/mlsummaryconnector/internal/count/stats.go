// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/detectors"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// Stats counts what happened to spans and values.
type Stats struct {
	prediction.Stats

	// Values that found no room, by the limit that was reached.
	OverflowedModels, OverflowedSegments, OverflowedFeatures, OverflowedCategories, OverflowedServices, OverflowedErrors, OverflowedDetectors, OverflowedSources, OverflowedChecks, OverflowedPlacements int64
	// Adjusted is the number of spans that stand for more than themselves.
	Adjusted int64
	// UnknownUsage are calls that do not say how many tokens went in.
	UnknownUsage int64
	// Unwatched is the number of values that a detector could not take.
	Unwatched int64
	// Changes are those that detectors have seen.
	Changes []detectors.Change
	// Folded is the number of accumulators that were added to a later minute.
	Folded int64
}

// Overflowed is true where anything found no room.
func (s *Stats) Overflowed() bool {
	return s.OverflowedModels+s.OverflowedSegments+s.OverflowedFeatures+s.OverflowedCategories+s.OverflowedServices+s.OverflowedErrors+s.OverflowedDetectors+s.OverflowedSources+s.OverflowedChecks+s.OverflowedPlacements > 0
}

// TakeStats returns what has happened since the last call.
func (c *Counter) TakeStats() Stats {
	s := c.stats
	s.Stats = c.reader.Stats
	s.OverflowedFeatures += s.UnreadFeatures
	c.stats, c.reader.Stats = Stats{}, prediction.Stats{}
	return s
}

// The kinds of notes beyond those of a prediction.Reader.
const (
	NoteModels prediction.NoteKind = iota + prediction.NumNotes
	NoteSegments
	NoteCategories
	NoteServices
	NoteErrors
	NoteSwitched
	NoteDetectors
	NoteUnwatched
	NoteSources
	NoteChecks
	NotePlacements
)
