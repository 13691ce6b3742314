// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "github.com/otelcol-ml/otelcol-ml/internal/stats"

// The Kullback-Leibler divergence: tools differ in which side comes first.
var klMethods = map[string]definition{
	"kl@plain": grouped(nil, func(_ options, p, q []float64) float64 { return stats.KullbackLeibler(p, q) }),
	// Evidently, stattests/kl_div.py: scipy.stats.entropy makes the filled shares add up to 1.
	"kl@evidently": grouped(evidentlyBins, func(_ options, p, q []float64) float64 {
		return stats.KullbackLeibler(shares(evidentlyZeros(p)), shares(evidentlyZeros(q)))
	}).ruled(atLeastTenth),
	// Frouros, kl.py: of the current from the reference.
	"kl@frouros": {grouped: func(o options, ref, cur numbers) Result {
		p, q := frourosShares(o, ref, cur)
		return distance(stats.KullbackLeibler(q, p))
	}, parameters: frourosBins},
	// Great Expectations, expect_column_kl_divergence_to_be_less_than, of a categorical partition.
	"kl@great_expectations": grouped(nil, greatExpectationsKL).with(map[string]any{"tail_weight_holdout": 0.}),
}

// greatExpectationsKL is that of the current shares from the reference's; categories that the
// reference does not have share out the tail weight.
func greatExpectationsKL(o options, p, q []float64) float64 {
	unseen := 0.0
	for i := range p {
		if p[i] == 0 {
			unseen++
		}
	}
	if tail := o.number("tail_weight_holdout"); unseen > 0 {
		for i := range p {
			if p[i] == 0 {
				p[i] = tail / unseen
			} else {
				p[i] *= 1 - tail
			}
		}
	}
	return stats.KullbackLeibler(q, p)
}
