// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction/predictiontest"
)

// The environment of a stage's span is found as that of a prediction is.
func TestEnvironmentOfPredictions(t *testing.T) {
	for i, c := range predictiontest.Cases() {
		if c.Kind == prediction.None {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			td := c.Traces(t, byte(i))
			td.ResourceSpans().At(0).Resource().Attributes().PutStr("cicd.pipeline.name", "nightly")
			r := readers.Get().(*reader)
			defer r.release()
			r.read(td, nil, func(string) {})
			require.Len(t, r.spans, 1)
			assert.Equal(t, c.Want.Environment, r.spans[0].Environment)
		})
	}
}
