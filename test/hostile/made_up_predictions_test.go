//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// madeUpPredictions fill the room in which predictions wait for their labels, and all places of
// models whose answers are compared with labels.
var madeUpPredictions = attack{"made-up predictions", func(t *testing.T, s *site) {
	for range 25 {
		s.send(spansOf(1000, func(i int, _ pcommon.Resource, span ptrace.Span) {
			id := madeUp.Add(1)
			span.Attributes().PutStr(mlconv.AttrModelName, fmt.Sprintf("made-up-%d", id%500))
			span.Attributes().PutStr(mlconv.AttrPredictionID, fmt.Sprintf("made-up-%d", id))
			span.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
		})...)
	}
}}

// The labels of predictions that were made before 25,000 made-up ones are joined after them, with
// room for 20,000.
func TestMadeUpPredictions(t *testing.T) {
	s := newSite(t, withConfig("connectors: {ml_evaluation: {limits: {predictions: 20000}}}\n"))
	s.under(madeUpPredictions)
	assert.Contains(t, s.log(), "Predictions of versions that no card names and that never had a label")
	assert.Contains(t, s.log(), "There is no room for all models")
}
