// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// A minute of flight takes a second.
const compression = 60

// The course of the flight.
const (
	fogRises   = 10 * time.Minute
	fogLifts   = 25 * time.Minute
	linkFades  = 39 * time.Minute
	linkDrops  = 40 * time.Minute
	edgeDies   = 45 * time.Minute
	linkIsBack = 50 * time.Minute
	clockAhead = 55 * time.Minute
	clockBack  = 60 * time.Minute
	clockRight = 65 * time.Minute
	landed     = 70 * time.Minute
)

// What a clock may be off by: a day, and the 1024 weeks after which GPS counts from 0 again.
const (
	day      = 24 * time.Hour
	rollover = -1024 * 7 * day
)

// patience is how long something may take that is due now.
const patience = 30 * time.Second

// teller tells the story.
type teller struct {
	edge, edgeConfig, edgeMetrics, link, groundMetrics, metrics string

	s     *story.Story
	fleet fleet
	radio *radio
	sent  int64
}

func (t *teller) tell(ctx context.Context, s *story.Story) error {
	t.s = s
	radioLink, err := openLink(ctx, t.link, s.OTLP)
	if err != nil {
		return err
	}
	var drones *story.Collector // nil for one that runs already, as that on the ground does
	if s.Collector != "" {
		if drones, err = s.StartCollector(ctx, "edge", t.edgeConfig); err != nil {
			return err
		}
	}
	s.OTLP = t.edge // drones send to their collector
	// The windows are of five minutes. The flight ends before now, by the clock of the wall.
	start := time.Now().Add(-landed - 10*time.Minute).Truncate(5 * time.Minute)
	t.fleet = fleet{rng: s.Rand}
	if t.radio, err = newRadio(ctx, s, start); err != nil {
		return err
	}
	story.Say("%d drones fly over %d districts; a minute of flight takes a second", len(units), len(districts))
	for _, act := range []func(context.Context) error{
		t.fogAct,
		func(ctx context.Context) error { return t.linkAct(ctx, radioLink, drones) },
		t.clockAct,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fogAct has fog over the harbour for a quarter of an hour.
func (t *teller) fogAct(ctx context.Context) error {
	if err := t.fly(ctx, fogRises); err != nil {
		return err
	}
	if err := t.compare(ctx); err != nil {
		return err
	}
	story.Say("fog rises over the harbour")
	t.fleet.fog = "harbour"
	if err := t.fly(ctx, fogLifts); err != nil {
		return err
	}
	expected := []string{"ConfidenceDrift", "FeatureDrift", "FramesTooLate"}
	for _, name := range expected {
		if _, err := t.s.Await(ctx, patience, name, named(name)); err != nil {
			return err
		}
	}
	story.Say("the fog lifts")
	t.fleet.fog = ""
	if err := t.fly(ctx, linkFades); err != nil {
		return err
	}
	for _, name := range expected {
		if err := t.s.AwaitEnd(ctx, patience, name, named(name)); err != nil {
			return err
		}
	}
	return nil
}

func named(name string) func(story.Alert) bool {
	return func(a story.Alert) bool { return a.Labels["alertname"] == name }
}

// linkAct has the link drop for ten minutes, in which the drones' collector is killed.
func (t *teller) linkAct(ctx context.Context, radioLink *link, drones *story.Collector) error {
	if err := t.compare(ctx); err != nil {
		return err
	}
	radioLink.fade()
	story.Say("the link fades: the ground hears the drones, and they do not hear its answers")
	if err := t.fly(ctx, linkDrops); err != nil {
		return err
	}
	radioLink.cut()
	story.Say("the link drops")
	if err := t.fly(ctx, edgeDies); err != nil {
		return err
	}
	if err := t.s.Flush(ctx); err != nil {
		return err
	}
	waiting, err := sum(ctx, t.edgeMetrics, "otelcol_exporter_queue_size")
	if err != nil {
		return err
	}
	counted, err := t.counted(ctx)
	if err != nil {
		return err
	}
	story.Say("%d frames were sent, %d are counted on the ground, %d wait on the drones' disk", t.sent, counted, waiting)
	if drones != nil {
		drones.Kill()
		story.Say("the drones' collector is killed (kill -9), and started again")
		if _, err := t.s.StartCollector(ctx, "edge-again", t.edgeConfig); err != nil {
			return err
		}
	}
	if err := t.fly(ctx, linkIsBack); err != nil {
		return err
	}
	radioLink.mend()
	story.Say("the link is back")
	if err := t.compare(ctx); err != nil {
		return err
	}
	twice, err := sum(ctx, t.groundMetrics, "otelcol_ml_summary_spans", `outcome="repeated"`)
	if err != nil {
		return err
	}
	story.Say("%d frames came twice, as their answer was lost, and count once", twice)
	return t.fly(ctx, clockAhead)
}

// clockAct has the clock of one drone jump.
func (t *teller) clockAct(ctx context.Context) error {
	const unit = "hawk-3"
	story.Say("the clock of %s jumps a day ahead", unit)
	t.radio.ahead[unit] = day
	if err := t.fly(ctx, clockBack); err != nil {
		return err
	}
	story.Say("the clock of %s jumps 1024 weeks back: GPS counts weeks up to that", unit)
	t.radio.ahead[unit] = rollover
	if err := t.fly(ctx, clockRight); err != nil {
		return err
	}
	if err := t.compare(ctx); err != nil {
		return err
	}
	wrong, err := sum(ctx, t.metrics, "ml_contract_violation_count_total", `ml_contract_check="clock"`)
	if err != nil {
		return err
	}
	story.Say("%d of them have a time that cannot be", wrong)
	if err := t.judged(ctx); err != nil {
		return err
	}
	story.Say("the clock of %s is right again", unit)
	delete(t.radio.ahead, unit)
	if err := t.fly(ctx, landed); err != nil {
		return err
	}
	return t.compare(ctx)
}

// judged says how many frames of each drone are in the windows of the last five minutes of the flight.
func (t *teller) judged(ctx context.Context) error {
	const whole = int64(5 * time.Minute / step)
	number := func(unit string) (int64, error) {
		return sum(ctx, t.metrics, "ml_drift_samples", `ml_drift_subject="confidence"`, `ml_segment="unit=`+unit+`"`)
	}
	counts := make([]string, len(units))
	for i, unit := range units {
		if i == 0 { // the others come at once
			if _, err := await(ctx, func() (int64, error) { return number(unit) }, func(n int64) bool { return n == whole }); err != nil {
				return err
			}
		}
		n, err := number(unit)
		if err != nil {
			return err
		}
		counts[i] = fmt.Sprintf("%s %d", unit, n)
	}
	story.Say("frames that the last five minutes are judged by: %s", strings.Join(counts, ", "))
	return nil
}

// compare says how many frames were sent, and how many are counted on the ground when all have come.
func (t *teller) compare(ctx context.Context) error {
	if err := t.s.Flush(ctx); err != nil {
		return err
	}
	counted, err := await(ctx, func() (int64, error) { return t.counted(ctx) }, func(n int64) bool { return n >= t.sent })
	if err != nil {
		return err
	}
	story.Say("%d frames were sent, %d are counted on the ground", t.sent, counted)
	if counted != t.sent {
		return fmt.Errorf("%d frames were sent, and %d are counted", t.sent, counted)
	}
	return nil
}

func (t *teller) counted(ctx context.Context) (int64, error) {
	return sum(ctx, t.metrics, "ml_prediction_count_total")
}

// fly has the drones fly until a time of the flight.
func (t *teller) fly(ctx context.Context, until time.Duration) error {
	began, from := time.Now(), t.fleet.at
	for t.fleet.at < until {
		due := began.Add((t.fleet.at - from) / compression)
		if t.radio.start.Add(t.fleet.at).After(due) {
			due = t.radio.start.Add(t.fleet.at) // the flight has caught up with the clock of the wall
		}
		if err := story.Wait(ctx, time.Until(due)); err != nil {
			return err
		}
		for _, frame := range t.fleet.next() {
			t.radio.send(ctx, &frame)
			t.sent++
		}
	}
	return nil
}

// keep has the drones fly on.
func (t *teller) keep(ctx context.Context, _ *story.Story) error {
	return t.fly(ctx, 1<<62)
}
