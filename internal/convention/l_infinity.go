// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "github.com/otelcol-ml/otelcol-ml/internal/stats"

// The largest difference of a share.
var lInfinityMethods = map[string]definition{
	"l_infinity@plain":   grouped(nil, lInfinity),
	"l_infinity@nannyml": grouped(nil, lInfinity).ruled(above(0.1)),
	// TFDV, anomalies/metrics.cc; the threshold is that of BigQuery's ML.TFDV_VALIDATE.
	"l_infinity@tfdv":                     grouped(nil, lInfinity).ruled(above(0.3)).orZero(),
	"normalized_absolute_difference@tfdv": categories(normalizedAbsolute).orZero(),
}

func lInfinity(_ options, p, q []float64) float64 { return stats.LInfinityDistance(p, q) }

// normalizedAbsolute is the largest difference of counts by the sum of both totals.
func normalizedAbsolute(o options, a, b []float64) float64 {
	return lInfinity(o, a, b) / (sum(a) + sum(b))
}

// orZero makes two sides without values equal.
func (d definition) orZero() definition {
	d.empty = func() Result { return distance(0) }
	return d
}
