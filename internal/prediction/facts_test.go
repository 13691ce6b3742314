// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package prediction_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction/predictiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFacts(t *testing.T) {
	for i, c := range predictiontest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			rs := c.Traces(t, byte(i)).ResourceSpans().At(0)
			span := rs.ScopeSpans().At(0).Spans().At(0)
			var own, resource prediction.Facts
			for k, v := range rs.Resource().Attributes().All() {
				resource.Add(k, v)
			}
			for k, v := range span.Attributes().All() {
				own.Add(k, v)
			}
			id, kind := own.Identify(span, &resource)
			assert.Equal(t, c.Kind, kind)
			if kind != prediction.None {
				assert.Equal(t, c.Want, id)
			}
		})
	}
}
