// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// stage is one stage of a run, summed up over its instances. An instance without a name beside ones
// with a name is the stage's own span, and what it says of the whole counts rather than the sum of
// the parts.
type stage struct {
	name string
	// seen is nil if no span named the stage; card is nil if the card does not.
	seen *run.Stage
	card *catalog.Stage
	// expected says that the run must have it; done that the run which this one resumes has had it.
	expected, done bool
	// absence says that it is a fault if the stage does not come, by the history; nil if not.
	absence *absence
	// rank is the learned one, NaN if there is none; start is the earliest of its attempts, in
	// event time.
	rank  float64
	start time.Time

	// instances are all of which an attempt has come. failed, open and cancelled are those of which
	// the final attempt is bad, is bad with another to follow, or was cancelled; skipped and good
	// are the numbers of the others.
	instances               []run.Instance
	failed, open, cancelled []*run.Instance
	// cut is the number of instances that were still running when the run failed.
	cut int
	// spared is the number of open ones that a run which ended well could do without.
	spared        int
	skipped, good int
	// want is the number of named instances that there should be, 0 if unknown; missing is how many
	// of them have not come.
	want, named, missing int
	// duration is the longest of the final attempts'.
	duration        time.Duration
	rowsIn, rowsOut int64 // negative if nobody said
	nulls, metrics  []run.Value
	dropped         bool
}

// optional says that the card can do without the stage.
func (s *stage) optional() bool { return s.card != nil && s.card.Optional }

func (s *stage) maxFailed() int {
	if s.card == nil {
		return 0
	}
	return s.card.MaxFailed
}

// sum sums the instances up.
func (s *stage) sum() {
	s.rowsIn, s.rowsOut = -1, -1
	if s.seen == nil {
		return
	}
	s.instances = s.seen.Instances()
	var own *run.Instance
	for i := range s.instances {
		instance := &s.instances[i]
		if instance.Name == "" {
			own = instance
		} else {
			s.named++
		}
		s.classify(instance)
	}
	s.want = int(s.seen.Expected)
	if s.card != nil && s.card.Instances > 0 {
		s.want = s.card.Instances
	}
	if s.named > 0 && !s.seen.Crowded() {
		s.missing = max(0, s.want-s.named)
	}
	if own != nil && s.named > 0 {
		s.duration = own.Final().Duration()
	}
	s.sumData(own)
}

func (s *stage) classify(instance *run.Instance) {
	final := instance.Final()
	switch {
	case final.Outcome.Bad() && final.Retried():
		s.open = append(s.open, instance)
	case final.Outcome.Bad():
		s.failed = append(s.failed, instance)
	case final.Outcome == run.Cancellation:
		s.cancelled = append(s.cancelled, instance)
	case final.Outcome == run.Skip:
		s.skipped++
	case final.Outcome == run.Success:
		s.good++
	}
	s.duration = max(s.duration, final.Duration())
	s.dropped = s.dropped || final.Dropped()
	for _, t := range instance.Attempts {
		if start := t.Start(); !start.IsZero() && (s.start.IsZero() || start.Before(s.start)) {
			s.start = start
		}
	}
}

// sumData sums up rows, null ratios and metrics. own is the stage's own instance, nil if it has
// none.
func (s *stage) sumData(own *run.Instance) {
	if len(s.instances) == 1 {
		one := &s.instances[0]
		s.rowsIn, s.rowsOut, s.nulls, s.metrics = one.RowsIn(), one.RowsOut(), one.NullRatios(), one.Metrics()
		return
	}
	parts := make([]part, 0, len(s.instances))
	for i := range s.instances {
		instance := &s.instances[i]
		if instance == own && s.named > 0 {
			continue
		}
		p := part{instance.Final().End(), instance.RowsOut(), instance.NullRatios(), instance.Metrics()}
		s.rowsIn, s.rowsOut = add(s.rowsIn, instance.RowsIn()), add(s.rowsOut, p.rows)
		parts = append(parts, p)
	}
	s.nulls, s.metrics = meanRatios(parts), latestMetrics(parts)
	if own == nil || s.named == 0 {
		return
	}
	if rows := own.RowsIn(); rows >= 0 {
		s.rowsIn = rows
	}
	if rows := own.RowsOut(); rows >= 0 {
		s.rowsOut = rows
	}
	s.nulls, s.metrics = override(s.nulls, own.NullRatios()), override(s.metrics, own.Metrics())
}

// part is what one instance says of its data.
type part struct {
	end            time.Time
	rows           int64
	nulls, metrics []run.Value
}

// add adds rows, of which negative ones are unknown.
func add(sum, rows int64) int64 {
	switch {
	case rows < 0:
		return sum
	case sum < 0:
		return rows
	case rows > math.MaxInt64-sum:
		return math.MaxInt64
	}
	return sum + rows
}

// override replaces values by those of the same name.
func override(values, by []run.Value) []run.Value {
	if len(by) == 0 {
		return values
	}
	out := slices.Clone(by)
	for _, v := range values {
		if _, found := slices.BinarySearchFunc(by, v.Name, compareName); !found {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b run.Value) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func compareName(v run.Value, name string) int { return strings.Compare(v.Name, name) }

// meanRatios returns the mean of each null ratio, weighted by the rows written where all that
// report it say how many they wrote. Ratios that are no number are left out of it; it is NaN if
// there are no others.
func meanRatios(parts []part) []run.Value {
	type mean struct {
		sum, weighted, weight float64
		n                     int
		unweighted            bool
	}
	means := map[string]*mean{}
	for _, p := range parts {
		for _, v := range p.nulls {
			m := means[v.Name]
			if m == nil {
				m = &mean{}
				means[v.Name] = m
			}
			if !words.Finite(v.Value) {
				continue
			}
			m.n++
			m.sum += v.Value
			m.weighted += v.Value * float64(p.rows)
			m.weight += float64(p.rows)
			m.unweighted = m.unweighted || p.rows < 0
		}
	}
	out := make([]run.Value, 0, len(means))
	for name, m := range means {
		v := m.sum / float64(m.n)
		if !m.unweighted && m.weight > 0 {
			v = m.weighted / m.weight
		}
		out = append(out, run.Value{Name: name, Value: v})
	}
	slices.SortFunc(out, func(a, b run.Value) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// latestMetrics returns each metric of the instance that ended last; one that is no finite number
// counts before all others.
func latestMetrics(parts []part) []run.Value {
	slices.SortStableFunc(parts, func(a, b part) int { return a.end.Compare(b.end) })
	latest := map[string]float64{}
	for _, p := range parts {
		for _, v := range p.metrics {
			if old, ok := latest[v.Name]; !ok || words.Finite(old) {
				latest[v.Name] = v.Value
			}
		}
	}
	out := make([]run.Value, 0, len(latest))
	for name, v := range latest {
		out = append(out, run.Value{Name: name, Value: v})
	}
	slices.SortFunc(out, func(a, b run.Value) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// outcome is the stage's over its instances; Unknown while it has not ended. deadlinePassed says
// that what has not come by now has failed: instances that are missing, and attempts that were to
// follow.
func (s *stage) outcome(deadlinePassed bool) run.Outcome {
	switch {
	case len(s.instances) == 0:
		return run.Unknown
	case s.lost(deadlinePassed) > s.maxFailed():
		if len(s.failed) > 0 {
			return s.failed[0].Final().Outcome
		}
		return run.Failure
	case !deadlinePassed && (len(s.open) > 0 || s.missing > 0):
		return run.Unknown
	case len(s.cancelled) > s.maxFailed():
		return run.Cancellation
	case s.skipped == len(s.instances):
		return run.Skip
	case s.cut > 0:
		return run.Unknown // it was still running when the run failed: that it ended is no success
	case s.good+s.skipped+len(s.failed)+len(s.open)+len(s.cancelled) < len(s.instances):
		return run.Unknown // an attempt says nothing of how it ended
	}
	return run.Success
}

// lost is the number of instances that failed; with deadlinePassed, of those that have not come to
// an end as well.
func (s *stage) lost(deadlinePassed bool) int {
	n := len(s.failed)
	if deadlinePassed {
		n += len(s.open) - s.spared + s.missing
	}
	return n
}

// spare notes, of a run that says itself that it ended well, the named instances of which another
// attempt was to follow and that do not say which attempt they are: it has come, but as an instance
// of its own. So it is with Argo's pods, of which nobody says what they are attempts of.
func (s *stage) spare() {
	for _, i := range s.open {
		if i.Name != "" && attempt(i) == 0 {
			s.spared++
		}
	}
}

// cutOff notes which instances were still running when the run failed: those that have begun and not
// ended, and those that began before the end of the run's span, ended after it and do not say how. A
// process that dies closes its spans without a word. Where no stage has failed, so that the run has
// failed alone, an end at the same moment is after it.
func (s *stage) cutOff(root *run.Root, alone bool) {
	if s.seen == nil {
		return
	}
	s.cut = s.seen.Begun()
	for i := range s.instances {
		t := s.instances[i].Final()
		if t.Outcome != run.Success || t.Explicit() || t.OK() || !t.Start().Before(root.End) {
			continue
		}
		if t.End().After(root.End) || alone && t.End().Equal(root.End) {
			s.cut++
			s.good--
		}
	}
}

// bad reports whether the stage has failed.
func (s *stage) bad(deadlinePassed bool) bool { return s.outcome(deadlinePassed).Bad() }

// ended reports whether nothing of the stage is to come any more.
func (s *stage) ended() bool { return s.outcome(false) != run.Unknown }

// failedInstances are the instances that failed, those included of which another attempt was to
// follow, by name.
func (s *stage) failedInstances() []*run.Instance {
	all := slices.Concat(s.failed, s.open)
	slices.SortStableFunc(all, func(a, b *run.Instance) int { return run.CompareInstances(a.Name, b.Name) })
	return all
}

// first returns the failed instance that ended first: of ranks that work together, the others
// failed because of it.
func (s *stage) first() *run.Instance {
	var first *run.Instance
	for _, i := range s.failedInstances() {
		if first == nil || i.Final().End().Before(first.Final().End()) {
			first = i
		}
	}
	return first
}

// missingInstances names the instances that have not come, where they are numbered from 0 or 1; nil
// if they are not.
func (s *stage) missingInstances(most int) []string {
	came := make(map[int]bool, s.named)
	base := 0
	for i := range s.instances {
		name := s.instances[i].Name
		if name == "" {
			continue
		}
		n, err := strconv.Atoi(name)
		if err != nil || n < 0 || n > s.want {
			return nil
		}
		came[n] = true
	}
	if came[s.want] {
		if came[0] {
			return nil
		}
		base = 1
	}
	var out []string
	for n := base; n < base+s.want && len(out) < most; n++ {
		if !came[n] {
			out = append(out, strconv.Itoa(n))
		}
	}
	return out
}

// compareStarts orders stages by start; those that have none come last, by name.
func compareStarts(a, b *stage) int {
	switch {
	case a.start.IsZero() != b.start.IsZero():
		if a.start.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.start.Compare(b.start), strings.Compare(a.name, b.name))
}
