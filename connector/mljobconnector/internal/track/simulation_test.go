// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// daily is a job without a card that runs every night, and the tracker that follows it.
type daily struct {
	t   *testing.T
	rng *rand.Rand
	tr  *Tracker
	now time.Time
	day int
	// alerts are those that began, in order: their name, stage and day; severities theirs; accepted
	// is what became the new normal.
	alerts     []string
	severities map[alert.Severity]int
	begun      map[identity]bool
	accepted   []judge.Accepted
}

func newDaily(t *testing.T, seed uint64) *daily {
	t.Helper()
	d := &daily{t: t, rng: rand.New(rand.NewPCG(seed, 11)), now: day0, severities: map[alert.Severity]int{}, begun: map[identity]bool{}}
	o := options()
	o.Resend, o.EndAfter = 48*time.Hour, 7*24*time.Hour
	o.Accepted = func(_ run.Key, a judge.Accepted) { d.accepted = append(d.accepted, a) }
	d.tr = New(o)
	_, err := d.tr.Load(t.Context(), nil, d.now)
	require.NoError(t, err)
	return d
}

func (d *daily) emit() {
	for _, a := range d.tr.Due(d.now) {
		id := identity{a.Fingerprint(), a.StartsAt}
		if !d.begun[id] {
			d.begun[id] = true
			d.alerts = append(d.alerts, fmt.Sprintf("%s %s@%d", a.Name, a.Labels["stage"], d.day))
			d.severities[a.Severity]++
		}
	}
	d.tr.Sent(d.now)
}

func (d *daily) until(target time.Time) {
	d.t.Helper()
	for d.now.Before(target) {
		next := d.tr.Next()
		if next.IsZero() || next.After(target) {
			next = target
		}
		if next.After(d.now) {
			d.now = next
		}
		require.NoError(d.t, d.tr.Tick(context.Background(), d.now))
		d.emit()
	}
}

// oneRun is one run: its stages share the time that it takes; rows are those of the first one,
// negative for none. One that hangs has neither the last stage nor an end.
type oneRun struct {
	stages []string
	takes  time.Duration
	rows   int64
	hangs  bool
}

// run lets the spans come as the stages end, and then the day pass.
func (d *daily) run(n oneRun) {
	d.t.Helper()
	o := of{id: fmt.Sprint("run-", d.day), trace: d.day + 1, start: d.now, date: d.now.Format(time.RFC3339)}
	end := d.now
	for i, name := range n.stages {
		if n.hangs && i == len(n.stages)-1 {
			break
		}
		begin := end
		end = begin.Add(n.takes / time.Duration(len(n.stages)))
		d.until(end)
		s := o.stage(i+2, name, run.Success, begin, end)
		if i == 0 {
			s.RowsOut = n.rows
		}
		require.NoError(d.t, d.tr.Observe(context.Background(), d.now, []run.Span{s}))
		d.emit()
	}
	if !n.hangs {
		require.NoError(d.t, d.tr.Observe(context.Background(), d.now, []run.Span{o.root(run.Success, end)}))
	}
	d.until(day0.Add(time.Duration(d.day+1) * 24 * time.Hour))
	d.day++
}

// noisy is a duration with a log-normal error.
func (d *daily) noisy(minutes, sd float64) time.Duration {
	return time.Duration(minutes * math.Exp(sd*d.rng.NormFloat64()) * float64(time.Minute))
}

func (d *daily) between(low, high float64) float64 { return low + (high-low)*d.rng.Float64() }

var steady = []string{"extract", "train", "publish"}

// simulation plays the days of a job of which nothing is wrong.
type simulation struct {
	name string
	// jobs is the number of jobs in the short form; it is 80 in the long one.
	jobs int
	play func(d *daily, days int)
}

// simulated is the length of the simulations: go test -run TestFalseAlerts -days 100 -v.
var simulated = flag.Int("days", 60, "days of TestFalseAlerts; 80 jobs each beyond 60")

// occasional has so many stages beside the steady ones, each in its own share of the runs.
func occasional(stages int, low, high float64) func(*daily, int) {
	return func(d *daily, days int) {
		shares := make([]float64, stages)
		for i := range shares {
			shares[i] = d.between(low, high)
		}
		for range days {
			names := slices.Clone(steady[:2])
			for i, share := range shares {
				if d.rng.Float64() < share {
					names = append(names, fmt.Sprint("sometimes-", i))
				}
			}
			d.run(oneRun{stages: append(names, "publish"), takes: d.noisy(20, 0.1), rows: -1})
		}
	}
}

var simulations = []simulation{
	{"one stage in 70–95 % of runs", 80, occasional(1, 0.7, 0.95)},
	{"three stages in 70–95 % of runs", 20, occasional(3, 0.7, 0.95)},
	{"six stages in 70–95 % of runs", 20, occasional(6, 0.7, 0.95)},
	{"one stage in 95 % of runs", 20, occasional(1, 0.95, 0.95)},
	{"slower for good, 1.6 to 4 times", 80, func(d *daily, days int) {
		times, sd, from := d.between(1.6, 4), d.between(0.02, 0.2), 10+d.rng.IntN(30)
		for day := range days {
			minutes := 20.0
			if day >= from {
				minutes *= times
			}
			d.run(oneRun{stages: steady, takes: d.noisy(minutes, sd), rows: -1})
		}
	}},
	{"two sizes, 2 to 10 times, 10–50 % of runs", 80, func(d *daily, days int) {
		times, sd, share := d.between(2, 10), d.between(0.02, 0.15), d.between(0.1, 0.5)
		for range days {
			minutes := 20.0
			if d.rng.Float64() < share {
				minutes *= times
			}
			d.run(oneRun{stages: steady, takes: d.noisy(minutes, sd), rows: -1})
		}
	}},
	{"weekly full runs, 5 times", 80, func(d *daily, days int) {
		sd := d.between(0.02, 0.2)
		for day := range days {
			minutes := 20.0
			if day%7 == 6 {
				minutes *= 5
			}
			d.run(oneRun{stages: steady, takes: d.noisy(minutes, sd), rows: -1})
		}
	}},
	{"weekly full runs, 5 times, with rows", 20, func(d *daily, days int) {
		sd := d.between(0.02, 0.2)
		for day := range days {
			scale := 1.0
			if day%7 == 6 {
				scale = 5
			}
			d.run(oneRun{stages: steady, takes: d.noisy(20*scale, sd), rows: int64(1e6 * scale * math.Exp(0.03*d.rng.NormFloat64()))})
		}
	}},
	{"nothing changes", 20, func(d *daily, days int) {
		sd := d.between(0.02, 0.3)
		for range days {
			d.run(oneRun{stages: steady, takes: d.noisy(20, sd), rows: -1})
		}
	}},
}

// TestFalseAlerts plays jobs of which nothing is wrong, for months: none has more than one alert on
// what is only unusual, and none of these is critical but where a run is overdue.
func TestFalseAlerts(t *testing.T) {
	days := *simulated
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "\njobs of which nothing is wrong\tjobs\truns\talerts\tjobs with one\tmost of a job\taccepted")
	for n, s := range simulations {
		alerts, with, most, accepted, jobs := 0, 0, 0, 0, s.jobs
		if days > 60 {
			jobs = 80
		}
		for job := range jobs {
			d := newDaily(t, uint64(1000*n+job))
			s.play(d, days)
			alerts += len(d.alerts)
			accepted += len(d.accepted)
			most = max(most, len(d.alerts))
			if len(d.alerts) > 0 {
				with++
			}
			assert.LessOrEqual(t, len(d.alerts), 1, "%s, job %d: %v", s.name, job, d.alerts)
			for _, a := range d.alerts {
				assert.False(t, strings.HasPrefix(a, "StageMissing") && d.severities[alert.Critical] > 0, "%s, job %d: critical: %v", s.name, job, d.alerts)
			}
		}
		_, _ = fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", s.name, jobs, jobs*days, alerts, with, most, accepted)
	}
	_ = tw.Flush()
	t.Log(table.String())
}

// TestWhatIsFound plays jobs of which something is wrong: how soon is it found?
func TestWhatIsFound(t *testing.T) {
	const jobs = 40
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "\nwhat is wrong\tjobs\tfound\tin its first run\truns at most\taccepted")
	for n, c := range []struct {
		name string
		// play returns the day on which it happens and the alerts that say it.
		play func(d *daily) (day int, names []string)
		// late is the number of runs that may pass before it is found; never is the number of jobs
		// in which it need not be.
		late, never int
		// accepted says that it is the new normal in the end.
		accepted bool
	}{
		{"a stage vanishes for good after 20 to 60 runs", func(d *daily) (int, []string) {
			day := 20 + d.rng.IntN(41)
			for range day {
				d.run(oneRun{stages: steady, takes: d.noisy(20, 0.1), rows: -1})
			}
			for range 8 {
				d.run(oneRun{stages: []string{"extract", "publish"}, takes: d.noisy(20, 0.1), rows: -1})
			}
			return day, []string{"StageMissing train"}
		}, 0, 0, true},
		{"the same, beside three stages in 70–95 % of runs", func(d *daily) (int, []string) {
			day := 25 + d.rng.IntN(36)
			occasional(3, 0.7, 0.95)(d, day)
			for range 8 {
				d.run(oneRun{stages: []string{"extract", "sometimes-1", "publish"}, takes: d.noisy(20, 0.1), rows: -1})
			}
			return day, []string{"StageMissing train"}
		}, 4, 0, true},
		{"one run takes 3 times as long, after 10 to 50 runs", func(d *daily) (int, []string) {
			day, sd := 10+d.rng.IntN(41), d.between(0.02, 0.15)
			for range day {
				d.run(oneRun{stages: steady, takes: d.noisy(20, sd), rows: -1})
			}
			d.run(oneRun{stages: steady, takes: d.noisy(60, 0), rows: -1})
			return day, []string{"JobSlow ", "JobOverdue "}
		}, 0, 1, false},
		{"one run hangs, after 10 to 50 runs", func(d *daily) (int, []string) {
			day, sd := 10+d.rng.IntN(41), d.between(0.02, 0.15)
			for range day {
				d.run(oneRun{stages: steady, takes: d.noisy(20, sd), rows: -1})
			}
			d.run(oneRun{stages: steady, takes: 20 * time.Minute, rows: -1, hangs: true})
			return day, []string{"JobOverdue "}
		}, 0, 0, false},
		{"3 times as long as is usual for its rows, with weekly full runs", func(d *daily) (int, []string) {
			day := 30 + d.rng.IntN(20)
			for i := range day {
				scale := 1.0
				if i%7 == 6 {
					scale = 5
				}
				d.run(oneRun{stages: steady, takes: d.noisy(20*scale, 0.1), rows: int64(1e6 * scale)})
			}
			d.run(oneRun{stages: steady, takes: d.noisy(60, 0), rows: 1e6})
			return day, []string{"JobSlow ", "JobOverdue "}
		}, 0, 1, false},
	} {
		found, first, most, accepted := 0, 0, 0, 0
		for job := range jobs {
			d := newDaily(t, uint64(50_000+1000*n+job))
			day, names := c.play(d)
			after := -1
			for _, a := range d.alerts {
				var at int
				name, text, _ := strings.Cut(a, "@")
				_, _ = fmt.Sscan(text, &at)
				if after < 0 && at >= day && slices.Contains(names, name) {
					after = at - day
				}
			}
			accepted += len(d.accepted)
			if after < 0 {
				continue
			}
			found++
			if most = max(most, after); after == 0 {
				first++
			}
			assert.LessOrEqual(t, after, c.late, "%s, job %d: %v", c.name, job, d.alerts)
			if c.accepted {
				assert.NotEmpty(t, d.accepted, "%s, job %d", c.name, job)
			}
		}
		assert.GreaterOrEqual(t, found, jobs-c.never, c.name)
		_, _ = fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\n", c.name, jobs, found, first, most+1, accepted)
	}
	_ = tw.Flush()
	t.Log(table.String())
}
