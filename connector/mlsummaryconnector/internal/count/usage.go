// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package count

import (
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/accumulators"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// usage counts what a call used, for the service that made it: tokens, lengths and the time to the
// first chunk of a call of a generative model, or of an agent no call below of which says them; the
// cost of any prediction. No tokens at all, and a cost of 0 beside them, are what libraries write
// that do not know.
func (c *Counter) usage(s *prediction.Span, service uint32, weight accumulators.Weight) {
	var u *accumulators.Usage
	used := func() *accumulators.Usage {
		if u == nil {
			u = c.table.Usage(c.prediction(&c.last.total), service)
		}
		return u
	}
	if s.Kind == prediction.Call || s.Kind == prediction.Agent {
		known := s.UsageKnown()
		for m := range accumulators.Measures {
			v, ok := s.Amount(prediction.InputTokens + prediction.Attribute(m))
			tokens := accumulators.Measure(m) <= accumulators.OutputTokens
			if ok && (v > 0 || !tokens || known && accumulators.Measure(m) == accumulators.OutputTokens) {
				used().Add(accumulators.Measure(m), v, weight, &c.ref, c.options.Exemplars)
			}
		}
	}
	if v, ok := s.Amount(prediction.Cost); ok && (v > 0 || s.Kind == prediction.Answered || s.UsageKnown()) {
		used().AddCost(s.Text(prediction.Currency), v*float64(weight.Rows))
	}
}
