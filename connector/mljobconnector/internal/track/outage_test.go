// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// stalls is a run that is stalled when nothing came for ten minutes.
func stalls(x *run.Run, now time.Time) ([]judge.Fault, time.Time) {
	at := x.LastSeen.Add(10 * time.Minute)
	if now.Before(at) {
		return nil, at
	}
	return []judge.Fault{{Kind: judge.StageStalled, Stage: "train", Summary: "No sign of life."}}, time.Time{}
}

// Two jobs train, then everything is silent: one alert in place of two, which ends with the next
// span.
func TestNoTelemetry(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"], r.script.runs["b"] = line{during: stalls}, line{during: stalls}
	a, b := of{job: "one", id: "a", trace: 1, start: day0}, of{job: "two", id: "b", trace: 2, start: day0}
	r.observe(a.inner(2, day0), b.inner(2, day0))
	r.pass(15*time.Minute - 1)
	assert.Empty(t, r.all())
	r.pass(1)
	require.Equal(t, []string{"+NoTelemetry"}, r.all())
	n := r.last("NoTelemetry")
	assert.Equal(t, alert.Critical, n.Severity)
	assert.Empty(t, n.Labels)
	assert.Equal(t, "Nothing at all has been received since 2026-11-22 01:00:00 UTC (15m), by which time one and two should have been heard of: the path of the telemetry may be broken, and nothing is known of any job.", n.Summary)
	r.pass(time.Hour)
	require.Equal(t, []string{"+NoTelemetry"}, r.all())

	// A restart does not end it.
	r.start()
	r.pass(30 * time.Minute)
	require.Equal(t, []string{"+NoTelemetry"}, r.all())

	// One of the two lives; the other one is judged Absence later.
	r.observe(a.inner(3, r.now))
	back := r.now
	require.Equal(t, []string{"-NoTelemetry"}, r.all())
	r.pass(2*time.Minute - 1)
	require.Equal(t, []string{"-NoTelemetry"}, r.all())
	r.pass(time.Minute)
	require.Equal(t, []string{"-NoTelemetry", "+StageStalled two train"}, r.all())
	assert.WithinDuration(t, back.Add(2*time.Minute), r.last("StageStalled two train").StartsAt, time.Minute)
}

// Ordinary traffic of two services, which stops as well.
func TestNoTelemetryOfServices(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{during: stalls}
	o := of{id: "a", trace: 1, start: day0}
	for range steadily {
		r.pass(time.Minute)
		r.w.Alive(r.now, "fraud")
		r.w.Alive(r.now, "trainer")
	}
	r.observe(o.inner(2, r.now))
	r.pass(time.Minute)
	r.w.Alive(r.now, "fraud")
	r.pass(9 * time.Minute)
	assert.Empty(t, r.all(), "held: the others may be silent as well")
	r.pass(6 * time.Minute)
	require.Equal(t, []string{"+NoTelemetry"}, r.all())
	assert.Equal(t, "fraud, trainer", r.last("NoTelemetry").Annotations["services"])
	// Traffic without any span of a job ends it.
	r.w.Alive(r.now, "fraud")
	r.pass(10 * time.Second)
	assert.Equal(t, []string{"-NoTelemetry"}, r.all())
	r.pass(3 * time.Minute)
	assert.Equal(t, []string{"StageStalled daily train"}, r.active())
}

// The others are heard of, or traffic is thin, so that a silence of minutes says nothing about
// them: the job is stalled, without any wait.
func TestStalledAmongTraffic(t *testing.T) {
	for every, times := range map[time.Duration]int{30 * time.Second: 20, 3 * time.Minute: 7} {
		t.Run(every.String(), func(t *testing.T) {
			r := newRig(t, options())
			r.script.runs["a"] = line{during: stalls}
			r.observe(of{id: "a", trace: 1, start: day0}.inner(2, day0))
			for range times {
				r.pass(every)
				r.w.Alive(r.now, "fraud")
			}
			require.Equal(t, []string{"+StageStalled daily train"}, r.all())
			assert.Equal(t, day0.Add(10*time.Minute), r.last("StageStalled daily train").StartsAt)
		})
	}
}

// The only sender dies: that is a stalled stage, at once.
func TestOnlySender(t *testing.T) {
	r := newRig(t, options())
	r.script.runs["a"] = line{during: stalls}
	r.observe(of{id: "a", trace: 1, start: day0}.inner(2, day0))
	r.pass(10 * time.Minute)
	require.Equal(t, []string{"+StageStalled daily train"}, r.all())
	r.pass(2 * time.Hour)
	require.Equal(t, []string{"+StageStalled daily train"}, r.all())
}

// One service, two jobs of which one is late by the time: the fault is raised when the silence is
// long enough to tell.
func TestHeldFaultIsRaisedAfterAll(t *testing.T) {
	r := newRig(t, options(nightly()))
	r.script.runs["a"] = line{during: stalls}
	r.observe(of{job: "one", id: "a", trace: 1, start: day0}.inner(2, day0))
	r.pass(15*time.Minute - 1)
	assert.Empty(t, r.all())
	r.pass(1)
	assert.Equal(t, []string{"+StageStalled one train"}, r.all())
	// Then the nightly job is missing, too: it is everything that is silent.
	r.to(7 * time.Hour)
	assert.Equal(t, []string{"-StageStalled one train", "+NoTelemetry"}, r.all())
	assert.Equal(t, "NoTelemetry", r.last("StageStalled one train").Annotations["superseded_by"])
}

func TestNoTelemetryOff(t *testing.T) {
	o := options(nightly(), &catalog.Job{Name: "second", Environment: "prod", Schedule: "0 3 * * *"})
	o.NoTelemetry = 0
	r := newRig(t, o)
	r.to(7 * time.Hour)
	assert.Equal(t, []string{"JobMissedSchedule daily prod", "JobMissedSchedule second prod"}, r.active())
}

func TestLiveness(t *testing.T) {
	var h liveness
	assert.True(t, h.lastAt().IsZero())
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 200 {
				h.note(day0.Add(time.Duration(i)*time.Second), fmt.Sprintf("service-%d", (n+i)%10))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, day0.Add(199*time.Second), h.lastAt())
	assert.Len(t, *h.services.Load(), 10)
	assert.Empty(t, h.steady(h.lastAt()), "four minutes are not steady")
	for n := range 100 { // more than there is room for
		h.note(h.lastAt(), fmt.Sprintf("more-%d", n))
	}
	assert.Len(t, *h.services.Load(), maxServices)
	end := day0
	for minute := range steadily { // takes the place of one that is silent
		end = day0.Add(2*time.Hour + time.Duration(minute)*time.Minute)
		assert.Empty(t, h.steady(end))
		h.note(end, "late")
	}
	assert.Len(t, *h.services.Load(), maxServices)
	assert.Equal(t, []string{"late"}, h.steady(end))
	assert.Equal(t, []string{"late"}, h.steady(end.Add(40*time.Minute)))
	assert.Empty(t, h.steady(end.Add(50*time.Minute)), "not steadily in that hour")

	var again liveness
	require.NoError(t, again.decode(h.encode()))
	assert.Equal(t, []string{"late"}, again.steady(end))
	assert.Error(t, again.decode([]byte("none")))
}

func BenchmarkAlive(b *testing.B) {
	w := New(options())
	for n := range maxServices {
		w.Alive(day0, fmt.Sprintf("service-%d", n))
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		now := day0
		for pb.Next() {
			now = now.Add(time.Microsecond)
			w.Alive(now, "service-7")
		}
	})
}
