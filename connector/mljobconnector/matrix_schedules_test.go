// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector_test

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/jobtest"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var schedules = []scenario{
	{"a run across midnight", func(w *world) {
		w.nights("50 23 * * *", time.Hour, inBerlin(2000, 2, 1, 23, 50), 4, 35*time.Minute, nil)
	}},
	{"a run across the change to summer time", func(w *world) {
		w.nights("30 1 * * *", 80*time.Minute, inBerlin(2000, 3, 24, 1, 30), 4, time.Hour, nil)
	}},
	{"a run across the change to winter time", func(w *world) {
		w.nights("30 1 * * *", 80*time.Minute, inBerlin(2000, 10, 27, 1, 30), 4, time.Hour, nil)
	}},
	{"the hour that is not there, and a scheduler that runs the job later", func(w *world) {
		w.nights("30 2 * * *", time.Hour, inBerlin(2000, 3, 24, 2, 30), 5, 30*time.Minute, func(day int) []time.Time {
			if day == 26 {
				return []time.Time{inBerlin(2000, 3, 26, 3, 30)}
			}
			return []time.Time{inBerlin(2000, 3, day, 2, 30)}
		})
	}},
	{"the hour that is not there, and a scheduler that leaves it out", func(w *world) {
		w.nights("30 2 * * *", time.Hour, inBerlin(2000, 3, 24, 2, 30), 5, 30*time.Minute, func(day int) []time.Time {
			if day == 26 {
				return nil
			}
			return []time.Time{inBerlin(2000, 3, day, 2, 30)}
		})
	}},
	{"the hour that is there twice, and a scheduler that runs the job once", func(w *world) {
		w.nights("30 2 * * *", time.Hour, inBerlin(2000, 10, 27, 2, 30), 5, 30*time.Minute, func(day int) []time.Time {
			return []time.Time{twoThirty(day, false)}
		})
	}},
	{"the hour that is there twice, and a scheduler that runs the job twice", func(w *world) {
		w.nights("30 2 * * *", time.Hour, inBerlin(2000, 10, 27, 2, 30), 5, 30*time.Minute, func(day int) []time.Time {
			if day == 29 {
				return []time.Time{twoThirty(day, false), twoThirty(day, true)}
			}
			return []time.Time{twoThirty(day, false)}
		})
	}},
	{"a missed schedule, the day after the change to winter time", func(w *world) {
		job := w.nights("30 2 * * *", time.Hour, inBerlin(2000, 10, 27, 2, 30), 5, 30*time.Minute, func(day int) []time.Time {
			if day == 30 {
				return nil
			}
			return []time.Time{twoThirty(day, false)}
		})
		due := time.Date(2000, 10, 30, 1, 30, 0, 0, time.UTC).Add(time.Hour)
		w.expect("JobMissedSchedule", "").of(job).fires(due, due.Add(absence)).noting("scheduled_at", "2000-10-30").endsWith(w.runsOf[3])
	}},
	{"a missed schedule, twice", func(w *world) {
		job := w.nights("0 3 * * *", 0, inBerlin(2000, 2, 1, 3, 0), 5, 30*time.Minute, func(day int) []time.Time {
			if day == 3 || day == 4 {
				return nil
			}
			return []time.Time{inBerlin(2000, 2, day, 3, 0)}
		})
		due := inBerlin(2000, 2, 3, 4, 0)
		w.expect("JobMissedSchedule", "").of(job).fires(due, due.Add(absence)).noting("missed", "2").endsWith(w.runsOf[2])
	}},
	{"a missed schedule of the only sender", func(w *world) {
		w.quiet = true
		job := w.nights("0 3 * * *", 0, inBerlin(2000, 2, 1, 3, 0), 3, 30*time.Minute, func(day int) []time.Time {
			if day == 3 {
				return nil
			}
			return []time.Time{inBerlin(2000, 2, day, 3, 0)}
		})
		due := inBerlin(2000, 2, 3, 4, 0)
		w.expect("JobMissedSchedule", "").of(job).fires(due, due.Add(absence))
	}},
	{"a run that is late, but not by more than schedule_grace", func(w *world) {
		w.nights("0 3 * * *", 0, inBerlin(2000, 2, 1, 3, 0), 3, 30*time.Minute, func(day int) []time.Time {
			return []time.Time{inBerlin(2000, 2, day, 3, 0).Add(time.Duration(day%3) * 25 * time.Minute)}
		})
	}},
	{"a job that never ran", func(w *world) {
		// It is known by its card alone, which has no environment, until its first run comes on the
		// third day.
		w.nights("0 3 * * *", time.Hour, inBerlin(2000, 2, 1, 3, 0), 3, 30*time.Minute, func(day int) []time.Time {
			if day < 3 {
				return nil
			}
			return []time.Time{inBerlin(2000, 2, day, 3, 0)}
		})
		due := inBerlin(2000, 2, 1, 4, 0)
		w.expect("JobMissedSchedule", "").fires(due, due.Add(absence)).endsWith(w.runsOf[0]).environment = ""
	}},
	{"schedules by clocks that are 20 minutes off", func(w *world) {
		w.nights("0 3 * * *", time.Hour, inBerlin(2000, 2, 1, 3, 0), 5, 30*time.Minute, nil)
		for i, r := range w.runsOf {
			r.Process.Skew = []time.Duration{0, -20 * time.Minute, 20 * time.Minute, 0, -20 * time.Minute}[i]
		}
	}},
	{"a run that is skipped covers its slot", func(w *world) {
		w.nights("0 3 * * *", time.Hour, inBerlin(2000, 2, 1, 3, 0), 4, 30*time.Minute, nil)
		r := w.runsOf[2]
		for _, name := range []string{"extract", "score", "load"} {
			r.Remove(name)
		}
		r.Close(time.Second)
		r.Root.Set(mlconv.AttrPipelineResult, "skip")
	}},
	{"a backfill covers no slot", func(w *world) {
		job := w.nights("0 3 * * *", time.Hour, inBerlin(2000, 2, 1, 3, 0), 4, 30*time.Minute, nil)
		rename(w.runsOf[2], "backfill", "2000-01-07T03:00:00")
		due := inBerlin(2000, 2, 3, 4, 0)
		w.expect("JobMissedSchedule", "").of(job).fires(due, due.Add(absence)).endsWith(w.runsOf[3])
	}},
	{"the collector is away at the scheduled time, its senders wait", func(w *world) {
		w.nights("0 3 * * *", time.Hour, inBerlin(2000, 2, 1, 3, 0), 4, 30*time.Minute, nil)
		w.restart(inBerlin(2000, 2, 2, 2, 50), 80*time.Minute)
		w.kill(inBerlin(2000, 2, 3, 3, 10), 5*time.Minute)
	}},
	{"every hour, and then no more", func(w *world) {
		w.fraud().card(func(c *catalog.Job) { c.Every = time.Hour })
		w.history(3)
		last := w.past[2]
		due := last.Start.Add(2 * time.Hour)
		// The slot is an hour after the last run or after the slot that it covered, and the grace
		// an hour.
		w.expect("JobMissedSchedule", "").fires(due.Add(-time.Minute), due.Add(absence+time.Minute))
		w.lasting(8)
	}},
	{"silence of everything", func(w *world) {
		first, second := nightly("scoring"), nightly("ranking")
		w.job = first
		for _, job := range []jobtest.Job{first, second} {
			w.scheduled(job.Name, func(c *catalog.Job) { c.Schedule = "0 * * * *" })
		}
		for i := range 12 {
			if i >= 3 && i < 8 {
				continue
			}
			at := w.hours(float64(i)).Add(5 * time.Minute)
			for _, job := range []jobtest.Job{first, second} {
				w.night(job, at.Add(time.Duration(w.Rand.IntN(20))*time.Second), at.Format(time.RFC3339), 20*time.Minute)
			}
		}
		// Runs at 1, 2 and 3 o'clock, then nothing until the first stage of that at 9 has ended.
		back := w.hours(8).Add(10 * time.Minute)
		from := w.hours(2).Add(25*time.Minute + 15*time.Minute)
		x := w.expect("NoTelemetry", "").fires(from, w.hours(3).Add(5*time.Minute+time.Hour+absence+decision))
		x.job, x.environment = "", ""
		x.ends(back, back.Add(30*time.Second))
		w.until = w.hours(12)
	}},
	{"silence of everything, and one job does not come back", func(w *world) {
		first, second := nightly("scoring"), nightly("ranking")
		w.job = first
		for _, job := range []jobtest.Job{first, second} {
			w.scheduled(job.Name, func(c *catalog.Job) { c.Schedule = "0 * * * *" })
		}
		for i := range 12 {
			at := w.hours(float64(i)).Add(5 * time.Minute)
			if i < 3 || i >= 8 {
				w.night(first, at.Add(3*time.Second), at.Format(time.RFC3339), 20*time.Minute)
			}
			if i < 3 {
				w.night(second, at.Add(5*time.Second), at.Format(time.RFC3339), 20*time.Minute)
			}
		}
		back := w.hours(8).Add(10 * time.Minute)
		from := w.hours(2).Add(25*time.Minute + 15*time.Minute)
		x := w.expect("NoTelemetry", "").fires(from, w.hours(3).Add(5*time.Minute+time.Hour+absence+decision))
		x.job, x.environment = "", ""
		x.ends(back, back.Add(30*time.Second))
		w.expect("JobMissedSchedule", "").of(second).fires(back, back.Add(absence+time.Minute))
		w.until = w.hours(12)
	}},
}

// twoThirty is half past two in Berlin in October 2000; on the 29th it is there twice.
func twoThirty(day int, again bool) time.Time {
	utc := time.Date(2000, 10, day, 0, 30, 0, 0, time.UTC)
	if day > 29 || again {
		utc = utc.Add(time.Hour)
	}
	return utc
}

// nights is a job with a schedule in Berlin over days from a first one on; runs gives the times at
// which its scheduler runs it on a day.
func (w *world) nights(cron string, within time.Duration, first time.Time, days int, takes time.Duration, runs func(day int) []time.Time) jobtest.Job {
	job := nightly("scoring")
	w.job = job
	w.scheduled(job.Name, func(c *catalog.Job) { c.Schedule, c.FinishWithin = cron, within })
	w.begin = first.Add(-90 * time.Minute)
	for i := range days {
		at := first.AddDate(0, 0, i)
		times := []time.Time{at}
		if runs != nil {
			times = runs(at.Day())
		}
		for j, at := range times {
			date := at.In(berlin).Format("2006-01-02T15:04:05")
			if j > 0 {
				date = at.Format(time.RFC3339)
			}
			w.runsOf = append(w.runsOf, w.night(job, at.Add(time.Duration(w.Rand.IntN(40000))*time.Millisecond), date, takes))
		}
	}
	w.until = first.AddDate(0, 0, days-1).Add(12 * time.Hour)
	if !w.quiet {
		w.chatter(w.begin.Add(time.Minute), w.until)
	}
	return job
}
