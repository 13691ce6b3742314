// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"math"
	"time"
	_ "time/tzdata" // New York's rules, whatever the machine has

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// autumn is a Monday, 2026-10-12 00:00 UTC: three weeks later the clocks go back in New York.
const autumn = int64(1791763200)

var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return zone
}()

// inNewYork is the hour of the day there, and with weekends 24 more on Saturday and Sunday.
func inNewYork(weekends bool) func(hour int) int {
	return func(hour int) int {
		at := time.Unix(autumn+int64(hour)*3600, 0).In(newYork)
		if day := at.Weekday(); weekends && (day == time.Saturday || day == time.Sunday) {
			return 24 + at.Hour()
		}
		return at.Hour()
	}
}

// dayAndWeekend follow the day by ±amplitude, and are half a standard deviation higher on weekends.
func dayAndWeekend(amplitude float64) func() []feature {
	return numbers(20, func(int) func(int) law {
		return func(phase int) law {
			return hourly(float64(phase%24), amplitude).moved(.5*float64(phase/24), 1)
		}
	})
}

func hourAndWeekend(hour int) int { return hour%24 + 24*weekend(hour) }

// holiday makes one working day, the Wednesday of the fourth week, like a day of a weekend.
func holiday(hour int) int {
	if hour/24 == 23 {
		return 1
	}
	return weekend(hour)
}

// lackingByDay are features of which 10 % ± 5 points are missing, by the hour of the day.
func lackingByDay() []feature {
	out := standard(20)()
	for i := range out {
		out[i].missing = func(hour int) float64 { return .1 + .05*math.Sin(2*math.Pi*(float64(hour)+.5)/24) }
	}
	return out
}

// wordsByDay are categories whose shares follow the day: .4 ± .15 of the first.
func wordsByDay() []feature {
	out := make([]feature, 20)
	for i := range out {
		out[i] = feature{name: name(i), labels: func(i int) string { return fmt.Sprintf("k%d", i) }, shares: func(hour int) []float64 {
			p := .4 + .15*math.Sin(2*math.Pi*(float64(hour)+.5)/24)
			return []float64{p, .5 * (1 - p), .3 * (1 - p), .15 * (1 - p), .05 * (1 - p)}
		}}
	}
	return out
}

// answersByDay are a classifier's answers whose shares and confidence follow the day, beside 18
// features that do not.
func answersByDay() []feature {
	class := wordsByDay()[0]
	class.name, class.subject = "prediction", drift.Class
	class.shares = func(hour int) []float64 {
		p := .05 + .03*math.Sin(2*math.Pi*(float64(hour)+.5)/24)
		return []float64{p, 1 - p}
	}
	confidence := feature{name: "confidence", subject: drift.Confidence, law: func(hour int) law {
		return hourly(float64(hour), .3).moved(.7, .05)
	}}
	return append(standard(18)(), class, confidence)
}

// more are the nulls that nobody had tried when the rules were made.
func more() []scenario {
	restarts := []int{7 * 24, 10 * 24, 20*24 + 7}
	zone := func(o *drift.Options) { setZone(o, newYork) }
	firstDay := func(s scenario) scenario {
		before := s.features
		s.after = func() []feature {
			out := before()
			out[0] = moved(out[0], 1, 1)
			return out
		}
		s.from, s.until, s.target = 0, 24, feature0
		return s
	}
	return []scenario{
		{name: "new-york-day-0.2", features: daily(.2, 20), phase: inNewYork(false), start: autumn},
		{name: "new-york-day-0.5", features: daily(.5, 20), phase: inNewYork(false), start: autumn},
		{name: "new-york-day-0.5-zone", features: daily(.5, 20), phase: inNewYork(false), start: autumn, options: zone},
		{name: "new-york-day-and-weekend", features: dayAndWeekend(.3), phase: inNewYork(true), start: autumn, days: 60},
		{name: "new-york-day-and-weekend-zone", features: dayAndWeekend(.3), phase: inNewYork(true), start: autumn, days: 60, options: zone},
		{name: "day-and-weekend", features: dayAndWeekend(.3), phase: hourAndWeekend, days: 60},
		{name: "holiday", features: weekends(20), phase: holiday},
		{name: "quiet-holiday", features: standard(20), volume: func(hour int) float64 { return 1 - .95*float64(holiday(hour)) }},
		{name: "missing-by-day", features: lackingByDay, phase: hourOfDay},
		{name: "categories-by-day", features: wordsByDay, phase: hourOfDay},
		{name: "answers-by-day", features: answersByDay, phase: hourOfDay},
		{name: "segments-5-diurnal", features: daily(.3, 20), phase: hourOfDay, segments: 5, watched: []int{0, 1, 4}},
		{name: "segments-5-cluster-5", features: mixed(20), cluster: 5, segments: 5, watched: []int{0, 1, 4}},
		{name: "restart-after-a-week-diurnal", features: daily(.5, 20), phase: hourOfDay, restart: restarts},
		{name: "restart-after-a-week-weekend", features: weekends(20), phase: weekend, restart: restarts},
		{name: "restart-after-a-week-cluster", features: mixed(20), cluster: 5, restart: restarts},
		firstDay(scenario{name: "first-day-drifts", features: standard(20)}),
		firstDay(scenario{name: "first-day-drifts-diurnal", features: daily(.3, 20), phase: hourOfDay}),
		firstDay(scenario{name: "first-day-drifts-cluster", features: standard(20), cluster: 5}),
	}
}

// setZone says in which zone days begin.
func setZone(o *drift.Options, in *time.Location) { o.TimeZone = in.String() }
