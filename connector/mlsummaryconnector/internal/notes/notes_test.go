// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/count"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Names that are made up for one kind of line keep no other kind from the log.
func TestMadeUpNamesSilenceNothing(t *testing.T) {
	core, lines := observer.New(zap.InfoLevel)
	l := NewLog(zap.New(core))
	for i := range 5000 {
		name := fmt.Sprint("made up ", i)
		l.Write([]prediction.Note{
			{Kind: prediction.NoteKind(prediction.FlawNumber), Model: prediction.Identity{Name: name}, Key: "ml.feature.amount", Value: "x"},
			{Kind: prediction.NoteFeatures, Model: prediction.Identity{Name: "fraud"}, Key: "ml.feature." + name},
			{Kind: count.NoteModels, Model: prediction.Identity{Name: name}},
		})
	}
	assert.Len(t, lines.FilterMessageSnippet("limits::features is reached").All(), 1)
	assert.Len(t, lines.FilterMessageSnippet("limits::models is reached").All(), 1)
	given := series.Evictions{}
	given.Counts[series.LimitSegments] = 2
	given.First[series.LimitSegments] = series.Evicted{Model: prediction.Identity{Name: "fraud", Version: "7"}, Name: "DE"}
	l.WriteEvictions(&given)
	l.WriteEvictions(&given)
	evicted := lines.FilterMessageSnippet("places were given away").All()
	assert.Len(t, evicted, 1)
	assert.Equal(t, map[string]any{"limit": "segments", "places": int64(2), "model": "fraud", "version": "7", "value": "DE"}, evicted[0].ContextMap())
}
