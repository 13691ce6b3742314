// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"math"
	"math/rand/v2"
)

// component is a distribution with its weight in a law.
type component struct {
	weight float64
	// cdf is P(X ≤ x), quantile its inverse for 0 < u < 1.
	cdf, quantile func(float64) float64
}

// law is the mixture of its components, whose weights add up to one.
type law []component

func normal(mean, sd float64) component {
	return component{
		weight:   1,
		cdf:      func(x float64) float64 { return 0.5 * math.Erfc((mean-x)/(sd*math.Sqrt2)) },
		quantile: func(u float64) float64 { return mean - sd*math.Sqrt2*math.Erfcinv(2*u) },
	}
}

// logNormal is the exponential of a normal distribution.
func logNormal(mean, sd float64) component {
	n := normal(mean, sd)
	return component{
		weight: 1,
		cdf: func(x float64) float64 {
			if x <= 0 {
				return 0
			}
			return n.cdf(math.Log(x))
		},
		quantile: func(u float64) float64 { return math.Exp(n.quantile(u)) },
	}
}

// exponential has mean 1 and begins at low.
func exponential(low float64) component {
	return component{
		weight:   1,
		cdf:      func(x float64) float64 { return max(0, -math.Expm1(low-x)) },
		quantile: func(u float64) float64 { return low - math.Log1p(-u) },
	}
}

// pareto has the tail x^-alpha from 1 on.
func pareto(alpha float64) component {
	return component{
		weight: 1,
		cdf: func(x float64) float64 {
			if x <= 1 {
				return 0
			}
			return 1 - math.Pow(x, -alpha)
		},
		quantile: func(u float64) float64 { return math.Pow(1-u, -1/alpha) },
	}
}

// atom is always v.
func atom(v float64) component {
	return component{
		weight: 1,
		cdf: func(x float64) float64 {
			if x >= v {
				return 1
			}
			return 0
		},
		quantile: func(float64) float64 { return v },
	}
}

// times is the component with another weight.
func (c component) times(weight float64) component {
	c.weight *= weight
	return c
}

// moved is the law of mean + scale·X.
func (l law) moved(mean, scale float64) law {
	out := make(law, len(l))
	for i, c := range l {
		out[i] = component{
			weight:   c.weight,
			cdf:      func(x float64) float64 { return c.cdf((x - mean) / scale) },
			quantile: func(u float64) float64 { return mean + scale*c.quantile(u) },
		}
	}
	return out
}

// with is the law of which a share comes from another one.
func (l law) with(share float64, other component) law {
	out := law{other.times(share)}
	for _, c := range l {
		out = append(out, c.times(1-share))
	}
	return out
}

// cdf is P(X ≤ x).
func (l law) cdf(x float64) float64 {
	p := 0.0
	for i := range l {
		p += l[i].weight * l[i].cdf(x)
	}
	return p
}

// draw returns a value.
func (l law) draw(r *rand.Rand) float64 {
	return l.drawBetween(r, math.Inf(-1), math.Inf(1))
}

// drawBetween returns a value above low and up to high.
func (l law) drawBetween(r *rand.Rand, low, high float64) float64 {
	total := l.cdf(high) - l.cdf(low)
	x := r.Float64() * total
	for i := range l {
		c := &l[i]
		from, to := c.cdf(low), c.cdf(high)
		x -= c.weight * (to - from)
		if x < 0 || i == len(l)-1 {
			u := from + (to-from)*r.Float64()
			u = min(max(u, 1e-300), 1-1e-16)
			return min(max(c.quantile(u), math.Nextafter(low, high)), high)
		}
	}
	return high
}
