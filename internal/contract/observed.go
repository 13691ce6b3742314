// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence is how probably an interval holds what it is of, both of its ends together. A model
// with forty checks is judged a thousand times a day: with 95 % those that are just kept would be
// broken by chance twenty-five times a day, on either side.
const Confidence = 0.999

const tail = (1 - Confidence) / 2

// z is the quantile of the standard normal distribution for Confidence.
var z = distuv.UnitNormal.Quantile(1 - tail)

// Observed is a figure of a window, or of a file, with the interval that holds what it is an estimate
// of. Without sampling error both ends are the point.
type Observed struct {
	Point, Lower, Upper float64
	// Samples is the number of values, or of rows, Effective how many independent ones they are
	// worth.
	Samples   uint64
	Effective float64
}

// Exactly is a figure that is not an estimate.
func Exactly(v float64, samples uint64) Observed {
	return Observed{Point: v, Lower: v, Upper: v, Samples: samples, Effective: float64(samples)}
}

// unknown is a figure of which nothing is known.
func unknown(samples uint64) Observed {
	return Observed{Point: math.NaN(), Lower: math.Inf(-1), Upper: math.Inf(1), Samples: samples}
}

// ShareOf is the share that part has of rows, which are worth effective independent ones. The interval
// is that of Clopper and Pearson (Biometrika 26, 1934), which is exact for whole numbers of
// independent rows: never too narrow.
func ShareOf(part, rows uint64, effective float64) Observed {
	return shareBetween(part, part, rows, effective)
}

// shareBetween is ShareOf for a part that is only known to be between two numbers.
func shareBetween(least, most, rows uint64, effective float64) Observed {
	if rows == 0 {
		return unknown(0)
	}
	least, most = min(least, rows), min(most, rows)
	n := float64(rows)
	effective = min(max(effective, 0), n)
	o := Observed{Point: float64(most) / n, Samples: rows, Effective: effective}
	o.Lower, _ = clopperPearson(float64(least)/n, effective)
	_, o.Upper = clopperPearson(float64(most)/n, effective)
	return o
}

// clopperPearson is the interval of a share p of n rows, which need not be whole numbers: the
// quantiles of Beta(np, n-np+1) and Beta(np+1, n-np).
func clopperPearson(p, n float64) (lower, upper float64) {
	k := p * n
	lower, upper = 0, 1
	if k > 0 {
		lower = max(mathext.InvRegIncBeta(k, n-k+1, tail), math.SmallestNonzeroFloat64) // there is one
	}
	if p < 1 && n > k {
		upper = mathext.InvRegIncBeta(k+1, n-k, 1-tail)
	}
	return lower, upper
}

// RowsOf is a number of rows. It is exact where none was sampled; else excess, the sum of w² - w over
// the weights w of the rows that were seen, is the estimate of its variance (Horvitz and Thompson,
// JASA 47, 1952, for rows that are sampled independently of each other).
func RowsOf(rows, excess uint64) Observed {
	o := Exactly(float64(rows), rows)
	if excess > 0 {
		half := z * math.Sqrt(float64(excess))
		o.Lower, o.Upper = max(o.Point-half, 0), o.Point+half
		o.Effective = o.Point / (1 + float64(excess)/o.Point)
	}
	return o
}
