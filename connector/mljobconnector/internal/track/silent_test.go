// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

const week = 7 * 24 * time.Hour

func weekly(cards ...*catalog.Job) Options {
	o := options(cards...)
	o.EndAfter, o.NoTelemetry, o.Resend = week, 0, 12*time.Hour
	return o
}

// TestAlertOfAJobThatNeverRunsAgain ends it a week after the last run, with the reason.
func TestAlertOfAJobThatNeverRunsAgain(t *testing.T) {
	r := newRig(t, weekly())
	r.whole(of{id: "r1", trace: 1}, run.Failure)
	r.pass(week - time.Minute)
	assert.Equal(t, []string{"+JobFailed daily"}, r.all())
	r.pass(2 * time.Minute)
	assert.Equal(t, []string{"-JobFailed daily"}, r.all())
	assert.Equal(t, "silence: nothing was heard of the job for 168h", r.last("JobFailed daily").Annotations["resolved_by"])

	// It is a new one when the job fails again.
	r.pass(week)
	r.whole(of{id: "r2", trace: 2}, run.Failure)
	r.pass(time.Hour)
	assert.Equal(t, []string{"-JobFailed daily", "+JobFailed daily"}, r.all())
}

// TestAlertOfAJobThatRuns lasts while the job runs, in whatever way, and over restarts.
func TestAlertOfAJobThatRuns(t *testing.T) {
	r := newRig(t, weekly())
	r.whole(of{id: "r1", trace: 1}, run.Failure)
	for day := range 20 { // cancelled and skipped runs settle nothing
		r.pass(24 * time.Hour)
		r.whole(of{id: string(rune('a' + day)), trace: 10 + day}, []run.Outcome{run.Cancellation, run.Skip}[day%2])
		if day%5 == 4 {
			r.pass(time.Minute)
			r.start()
		}
	}
	r.pass(6 * 24 * time.Hour)
	assert.Contains(t, r.active(), "JobFailed daily")
	r.start()
	r.pass(25 * time.Hour)
	assert.NotContains(t, r.active(), "JobFailed daily", "the restart does not begin the week anew")
}

// TestAlertEndsNotAtOnceAfterADowntime gives the job a day to be heard of, as its runs may have been
// missed.
func TestAlertEndsNotAtOnceAfterADowntime(t *testing.T) {
	r := newRig(t, weekly())
	r.whole(of{id: "r1", trace: 1}, run.Failure)
	r.pass(time.Hour)
	r.now = r.now.Add(10 * 24 * time.Hour)
	r.start()
	r.pass(23 * time.Hour)
	assert.Equal(t, []string{"JobFailed daily"}, r.active())
	r.pass(2 * time.Hour)
	assert.Empty(t, r.active())
}

// TestAlertOfARunThatGoesOn is not raised again for the same run.
func TestAlertOfARunThatGoesOn(t *testing.T) {
	r := newRig(t, weekly())
	r.script.runs["r1"] = line{during: func(x *run.Run, now time.Time) ([]judge.Fault, time.Time) {
		if at := x.LastSeen.Add(time.Hour); now.Before(at) {
			return nil, at
		}
		return []judge.Fault{{Kind: judge.StageStalled, Stage: "train", Summary: "No sign of life."}}, time.Time{}
	}}
	o := of{id: "r1", trace: 1, start: r.now}
	r.observe(o.inner(2, r.now))
	r.pass(3 * time.Hour)
	assert.Equal(t, []string{"+StageStalled daily train"}, r.all())
	r.pass(week)
	assert.Equal(t, []string{"-StageStalled daily train"}, r.all())
	r.pass(week)
	assert.Equal(t, []string{"-StageStalled daily train"}, r.all())
}

// TestAlertsLastWithoutEndAfter keeps them for ever where that is asked for.
func TestAlertsLastWithoutEndAfter(t *testing.T) {
	o := weekly()
	o.EndAfter = 0
	r := newRig(t, o)
	r.whole(of{id: "r1", trace: 1}, run.Failure)
	r.pass(10 * week)
	assert.Equal(t, []string{"JobFailed daily"}, r.active())
}

// TestCardTurnsAlertsOff ends those that fire, and raises no more.
func TestCardTurnsAlertsOff(t *testing.T) {
	card := &catalog.Job{Name: "daily", Every: 24 * time.Hour, Timezone: time.UTC}
	set := catalog.NewSet(nil, []*catalog.Job{card})
	o := weekly()
	o.Cards = func() *catalog.Set { return set }
	r := newRig(t, o)
	r.whole(of{id: "r1", trace: 1}, run.Success)
	r.pass(26 * time.Hour)
	assert.Equal(t, []string{"JobMissedSchedule daily"}, r.active())
	off := *card
	off.Alerts.Disable = []string{"JobMissedSchedule"}
	set = catalog.NewSet(nil, []*catalog.Job{&off})
	r.pass(time.Minute)
	assert.Empty(t, r.active())
	assert.Equal(t, "the card, which turns off JobMissedSchedule", r.last("JobMissedSchedule daily").Annotations["resolved_by"])
	r.pass(5 * 24 * time.Hour)
	assert.Empty(t, r.active())
}
