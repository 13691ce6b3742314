// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package derivation

import (
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// intervals name the intervals between bounds, which belong to the one below them as those of
// histograms do: of 0 and 50 "<=0", "0..50" (above 0, up to 50) and ">50".
type intervals struct {
	bounds []float64
	names  []string
}

func newIntervals(bounds []float64) *intervals {
	n := &intervals{bounds: bounds}
	below := ""
	for i, b := range bounds {
		text := value.FormatFloat(b)
		if i == 0 {
			n.names = append(n.names, "<="+text)
		} else {
			n.names = append(n.names, below+".."+text)
		}
		below = text
	}
	n.names = append(n.names, ">"+below)
	return n
}

// of returns the name of the interval that a finite number is in.
func (n *intervals) of(v float64) string { return n.names[distribution.BucketOf(n.bounds, v)] }
