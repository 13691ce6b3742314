// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"math"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
)

// numbers are n features of one law.
func numbers(n int, law func(i int) func(phase int) law) func() []feature {
	return func() []feature {
		out := make([]feature, n)
		for i := range out {
			out[i] = feature{name: name(i), law: law(i)}
		}
		return out
	}
}

// mixed are n features of five shapes, two thirds of them with missing values.
func mixed(n int) func() []feature {
	return func() []feature {
		out := make([]feature, n)
		for i := range out {
			f := feature{name: name(i), missing: share([]float64{0, 0.01, 0.2}[i%3])}
			switch i % 5 {
			case 0:
				f.law = always(law{normal(0, 1)})
			case 1:
				f.law = always(law{logNormal(0, 1)})
			case 2:
				f.law = always(law{atom(0).times(0.6), exponential(0).times(0.4)})
			case 3:
				l := law{}
				for v := range 7 {
					l = append(l, atom(float64(v)).times(1./7))
				}
				f.law = always(l)
			case 4:
				labels := []string{"DE", "FR", "US", "GB", "IT", "rare"}
				f.shares = fixed(0.4, 0.3, 0.15, 0.1, 0.045, 0.005)
				f.labels = func(i int) string { return labels[i] }
			}
			out[i] = f
		}
		return out
	}
}

// standard are n features that are standard normal.
func standard(n int) func() []feature {
	return numbers(n, func(int) func(int) law { return always(law{normal(0, 1)}) })
}

// shapes of numbers without a drift.
var shapes = map[string]law{
	"pareto":       {pareto(1.1)},
	"zeros":        {atom(0).times(0.9), exponential(0).times(0.1)},
	"discrete":     {atom(0).times(.2), atom(1).times(.2), atom(2).times(.2), atom(3).times(.2), atom(4).times(.2)},
	"const99.5":    {atom(1).times(.995), normal(0, 1).times(.005)},
	"const99.99":   {atom(1).times(.9999), normal(0, 1).times(.0001)},
	"heavy-spread": {normal(0, 1).times(.9), normal(0, 10).times(.1)},
}

// daily is a normal whose mean follows the day by ±amplitude, in the first n of 20 features.
func daily(amplitude float64, n int) func() []feature {
	return numbers(20, func(i int) func(int) law {
		if i >= n {
			return always(law{normal(0, 1)})
		}
		return func(hour int) law { return hourly(float64(hour), amplitude) }
	})
}

// hourly mixes four quarters of an hour.
func hourly(hour, amplitude float64) law {
	l := law{}
	for q := range 4 {
		l = append(l, normal(amplitude*math.Sin(2*math.Pi*(hour+(float64(q)+.5)/4)/24), 1).times(.25))
	}
	return l
}

func hourOfDay(hour int) int { return hour % 24 }

// weekend is 1 on Saturday and Sunday; hours count from a Monday.
func weekend(hour int) int {
	if hour/24%7 >= 5 {
		return 1
	}
	return 0
}

// weekends are half a standard deviation higher in the first n of 20 features.
func weekends(n int) func() []feature {
	return numbers(20, func(i int) func(int) law {
		if i >= n {
			return always(law{normal(0, 1)})
		}
		return func(phase int) law { return law{normal(.5*float64(phase), 1)} }
	})
}

// byDay is a volume that falls to a twentieth at night.
func byDay(hour int) float64 {
	s := (1 + math.Sin(2*math.Pi*(float64(hour)+.5-9)/24)) / 2
	return (0.05 + 0.95*s) / 0.525
}

// lacking are 20 standard normals of which a share is missing, with a standard deviation from hour
// to hour.
func lacking(mean, sd float64) func() []feature {
	return func() []feature {
		out := standard(20)()
		for i := range out {
			out[i].missing, out[i].missingSD = share(mean), sd
		}
		return out
	}
}

// autocorrelated are 20 chains.
func autocorrelated(phi float64) func() []feature {
	return func() []feature {
		out := standard(20)()
		for i := range out {
			out[i].ar = phi
		}
		return out
	}
}

// categories are n features of k categories with shares 1/rank^s.
func categories(n, k int, s float64) func() []feature {
	shares := make([]float64, k)
	for i := range shares {
		shares[i] = math.Pow(float64(i+1), -s)
	}
	return func() []feature {
		out := make([]feature, n)
		for i := range out {
			out[i] = feature{name: name(i), shares: fixed(shares...), labels: func(i int) string { return fmt.Sprintf("c%04d", i) }}
		}
		return out
	}
}

func window(name string) func(*drift.Options) {
	return func(o *drift.Options) { o.Window = eventtime.Window{Calendar: name} }
}

// nulls are scenarios without a drift.
func nulls() []scenario {
	out := []scenario{
		{name: "independent", features: mixed(20)},
		{name: "normal", features: standard(20)},
		{name: "volume-by-day", features: mixed(20), volume: byDay},
	}
	for _, shape := range []string{"pareto", "zeros", "discrete", "const99.5", "const99.99", "heavy-spread"} {
		out = append(out, scenario{name: shape, features: numbers(20, func(int) func(int) law { return always(shapes[shape]) })})
	}
	for _, amplitude := range []float64{.1, .2, .3, .5} {
		out = append(out,
			scenario{name: fmt.Sprintf("diurnal-%v", amplitude), features: daily(amplitude, 20), phase: hourOfDay},
			scenario{name: fmt.Sprintf("diurnal-%v-of-5-and-volume", amplitude), features: daily(amplitude, 5), phase: hourOfDay, volume: byDay},
			scenario{name: fmt.Sprintf("diurnal-%v-window-day", amplitude), features: daily(amplitude, 5), phase: hourOfDay, volume: byDay, options: window("day")})
	}
	for _, n := range []int{5, 20} {
		out = append(out, scenario{name: fmt.Sprintf("weekend-of-%d", n), features: weekends(n), phase: weekend, days: 60})
	}
	out = append(out,
		scenario{name: "weekend-window-day", features: weekends(5), phase: weekend, days: 60, options: window("day")},
		scenario{name: "weekend-window-week", features: weekends(5), phase: weekend, days: 60, options: window("week")})
	for _, k := range []int{2, 5, 20} {
		out = append(out,
			scenario{name: fmt.Sprintf("cluster-%d", k), features: mixed(20), cluster: k},
			scenario{name: fmt.Sprintf("cluster-%d-normal", k), features: standard(20), cluster: k},
			scenario{name: fmt.Sprintf("cluster-%d-reference-too", k), features: mixed(20), cluster: k, equalReference: true},
			scenario{name: fmt.Sprintf("cluster-%d-window-day", k), features: mixed(20), cluster: k, options: window("day")})
	}
	for _, phi := range []float64{.5, .9, .99} {
		out = append(out, scenario{name: fmt.Sprintf("ar-%v", phi), features: autocorrelated(phi)})
	}
	for _, m := range []struct{ mean, sd float64 }{{.01, 0}, {.05, 0}, {.2, 0}, {.01, .005}, {.05, .025}, {.2, .1}} {
		out = append(out, scenario{name: fmt.Sprintf("missing-%v-sd-%v", m.mean, m.sd), features: lacking(m.mean, m.sd)})
	}
	for _, n := range []int{100, 300, 1000} {
		out = append(out,
			scenario{name: fmt.Sprintf("reference-%d", n), features: mixed(20), nref: n},
			scenario{name: fmt.Sprintf("reference-%d-normal", n), features: standard(20), nref: n},
			scenario{name: fmt.Sprintf("reference-%d-categories-10", n), features: categories(20, 10, 1), nref: n})
	}
	for _, c := range []struct {
		k    int
		s    float64
		nref int
	}{
		{5000, 0, 10000},
		{5000, 1, 10000},
		{5000, 0, 100000},
		{5000, 1, 100000},
		{5000, 0, 1000},
		{5000, 1, 1000},
		{1000, 0, 10000},
		{1000, 1, 10000},
		{150, 0, 300},
		{150, 1, 300},
		{150, 1, 1000},
		{150, 0, 10000},
		{50, 1, 300},
		{50, 1, 1000},
		{200, 1, 2000},
		{300, 0, 10000},
	} {
		out = append(out, scenario{
			name: fmt.Sprintf("categories-%d-zipf-%v-reference-%d", c.k, c.s, c.nref), features: categories(5, c.k, c.s), nref: c.nref,
			rates: []float64{200, 2000}, days: 10,
		})
	}
	out = append(out,
		scenario{name: "segments-10", features: mixed(20), segments: 10, watched: []int{0, 1, 4}, rates: []float64{200, 2000}},
		scenario{name: "segments-50", features: mixed(20), segments: 50, watched: []int{0, 1, 4}, rates: []float64{2000}},
		scenario{name: "features-300", features: mixed(300), rates: []float64{200}})
	return append(out, more()...)
}
