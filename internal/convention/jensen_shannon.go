// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import (
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/stats"
)

// Jensen-Shannon needs no filling; tools differ in groups, the base of the logarithm and the root.
var jensenShannonMethods = map[string]definition{
	"jensen_shannon@plain": grouped(nil, jsDistance),
	// Evidently, stattests/jensenshannon.py: natural logarithm, root.
	"js@evidently": grouped(evidentlyBins, jsNatural).ruled(atLeastTenth),
	// NannyML, drift/univariate/methods.py: base 2, root.
	"js@nannyml": grouped(nannymlBins, jsDistance).ruled(above(0.1)),
	// Frouros, js.py: natural logarithm, root.
	"js@frouros": {grouped: func(o options, ref, cur numbers) Result {
		p, q := frourosShares(o, ref, cur)
		return distance(jsNatural(o, shares(p), shares(q)))
	}, parameters: frourosBins},
	// TFDV, anomalies/metrics.cc: the divergence to base 2. It has no threshold of its own; 0.3 is that
	// of BigQuery's ML.TFDV_VALIDATE.
	"jsd@tfdv": tfdvJSD().ruled(above(0.3)),
}

func jsDistance(_ options, p, q []float64) float64 {
	return math.Sqrt(stats.JensenShannonDivergence(p, q))
}

func jsNatural(_ options, p, q []float64) float64 {
	return math.Sqrt(stats.JensenShannonDivergence(p, q) * math.Ln2)
}

func tfdvJSD() definition {
	d := grouped(nil, func(_ options, p, q []float64) float64 { return stats.JensenShannonDivergence(p, q) })
	d.histograms = histogramJSD
	d.grouped = func(_ options, ref, cur numbers) Result {
		return histogramJSD(standardHistogram(ref), standardHistogram(cur))
	}
	return d
}

var frourosBins = map[string]any{"num_bins": 10.}

// frourosShares are the parts of both sides between num_bins points at equal distances, each side
// spread evenly over the bins of its own that numpy's "auto" makes (Frouros,
// DistanceProbabilityBasedBase).
func frourosShares(o options, ref, cur numbers) (p, q []float64) {
	low, high := union(ref, cur)
	edges := equalWidth(low, high, max(int(o.number("num_bins"))-1, 1))
	spread := func(s numbers) []float64 {
		own := auto(s)
		counts := histogram(s, own)
		out := make([]float64, len(edges)-1)
		for i, c := range counts {
			for j := range out {
				from, to := max(own[i], edges[j]), min(own[i+1], edges[j+1])
				if to > from {
					out[j] += c / s.size() * ((to - from) / (own[i+1] - own[i]))
				}
			}
		}
		return out
	}
	return spread(ref), spread(cur)
}
