// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// changeHour is when a change begins: day 15, at three in the morning.
const changeHour = 15*24 + 3

// The series that changes are in.
const (
	feature0 = "fraud 7 feature f00"
	missing0 = "fraud 7 missing f00"
)

// change is what happens to the first feature.
type change struct {
	name          string
	before, after feature
	target        string
}

// moved adds to the mean of a feature, in standard deviations of its noise, and scales it.
func moved(f feature, mean, scale float64) feature {
	of := f.law
	f.law = func(phase int) law { return of(phase).moved(mean, scale) }
	f.added = mean
	return f
}

// changes are all kinds of change of a feature, among 19 others that do not change.
func changes() []change {
	gauss := feature{name: name(0), law: always(law{normal(0, 1)})}
	var out []change
	for _, d := range []float64{.1, .2, .25, .5, 1} {
		out = append(out, change{fmt.Sprintf("mean +%v sd", d), gauss, moved(gauss, d, 1), feature0})
	}
	for _, f := range []float64{1.2, 1.5, 2} {
		out = append(out, change{fmt.Sprintf("spread ×%v", f), gauss, moved(gauss, 0, f), feature0})
	}
	for _, p := range []float64{.02, .08} {
		after := gauss
		after.law = always(law{normal(0, 1)}.with(p, normal(20, 1)))
		out = append(out, change{fmt.Sprintf("%v %% of rows at +20 sd", 100*p), gauss, after, feature0})
	}
	low := feature{name: name(0), law: always(law{exponential(1)})}
	zeros := low
	zeros.law = always(law{exponential(1)}.with(.05, atom(0)))
	out = append(out, change{"5 % of rows become 0", low, zeros, feature0})
	words := func(shares ...float64) feature {
		return feature{name: name(0), shares: fixed(shares...), labels: func(i int) string { return fmt.Sprintf("k%d", i) }}
	}
	out = append(out,
		change{"category .40 → .45", words(.4, .3, .15, .1, .05), words(.45, .275, .1375, .0917, .0458), feature0},
		change{"category .20 → .25", words(.2, .3, .3, .15, .05), words(.25, .28125, .28125, .140625, .046875), feature0},
		change{"category .05 → .10", words(.05, .95), words(.1, .9), feature0},
		change{"class .01 → .02", words(.01, .99), words(.02, .98), feature0},
		change{"class .01 → .001", words(.01, .99), words(.001, .999), feature0},
		change{"class .01 → .05", words(.01, .99), words(.05, .95), feature0})
	for _, p := range []float64{.01, .02, .03} {
		out = append(out, change{fmt.Sprintf("new category %v %%", 100*p), words(.5, .3, .2, 0), words(.5*(1-p), .3*(1-p), .2*(1-p), p), feature0})
	}
	lacks := func(p float64) feature {
		f := gauss
		f.missing = share(p)
		return f
	}
	for _, m := range [][2]float64{{.01, .03}, {0, .03}, {.01, .06}, {.2, .25}, {.01, .11}} {
		out = append(out, change{fmt.Sprintf("missing %v → %v", m[0], m[1]), lacks(m[0]), lacks(m[1]), missing0})
	}
	return out
}

// inMixed puts a change among the mixed features.
func (c change) inMixed() scenario {
	with := func(f feature) func() []feature {
		return func() []feature {
			out := mixed(20)()
			out[0] = f
			return out
		}
	}
	return scenario{name: c.name, features: with(c.before), after: with(c.after), from: changeHour, target: c.target}
}

// shifted is a null in which the mean of the first feature rises by some standard deviations.
func shifted(null string, by float64) scenario {
	for _, s := range nulls() {
		if s.name != null {
			continue
		}
		before := s.features
		s.after = func() []feature {
			out := before()
			out[0] = moved(out[0], by, 1)
			return out
		}
		s.from, s.target, s.days = changeHour, feature0, 30
		s.name = fmt.Sprintf("mean +%v sd, %s", by, null)
		return s
	}
	panic("no null is called " + null)
}

// dependentNulls are the nulls in which shifts are looked for.
var dependentNulls = []string{
	"normal", "volume-by-day", "diurnal-0.2", "diurnal-0.5", "weekend-of-20", "cluster-5-normal", "cluster-20-normal", "ar-0.9", "ar-0.99",
	"reference-100-normal", "reference-300-normal",
}

// ramp is a mean that creeps to +1 sd within ten days, a step of 6 hours at a time.
func ramp() scenario {
	const days = 10
	s := scenario{name: "mean creeps to +1 sd in 10 days", features: standard(20), from: changeHour, target: feature0}
	s.phase = func(hour int) int { return min(max(0, hour-changeHour+6)/6, days*4) }
	s.after = func() []feature {
		out := standard(20)()
		out[0].law = func(phase int) law { return law{normal(float64(phase)/(days*4), 1)} }
		return out
	}
	return s
}

// powers are scenarios with a change.
func powers() []scenario {
	var out []scenario
	for _, c := range changes() {
		out = append(out, c.inMixed())
	}
	for _, null := range dependentNulls {
		for _, d := range []float64{.1, .2, .25, .5, 1} {
			out = append(out, shifted(null, d))
		}
	}
	out = append(out, ramp())
	for _, d := range []float64{.5, 1, 5} {
		s := shifted("normal", d)
		s.name = strings.Replace(s.name, "normal", "reference previous", 1)
		s.options = func(o *drift.Options) { o.Reference = []string{drift.Previous} }
		out = append(out, s)
	}
	return out
}
