// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/judge"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// What finds no room for an alert of its own shares one, ManyJobsFailed: it fires with the first such
// fault, says how many jobs there are and names some, and ends an hour after the last one. What it
// says is brought up to date as often as it is emitted: of a flood the store is written once a
// minute.

const (
	// sharedFor is how long the alert lasts after the last fault.
	sharedFor = time.Hour
	// maxShared is the number of jobs that are told apart, maxExamples the number of those that are
	// named.
	maxShared, maxExamples = 2000, 20
)

// shared is what the alert speaks of.
type shared struct {
	// Jobs are hashes of the jobs, up to maxShared; More says that there are others. Faults counts
	// what found no room, by kind.
	Jobs   map[uint64]struct{}
	More   bool
	Faults map[judge.Kind]int
	// Examples are names of jobs, those that are vouched for first; Vouched is how many of them are.
	Examples []string
	Vouched  int
	// Latest came at Last.
	Latest sharedFault
	Last   time.Time

	// changed says that the alert does not say all of it.
	changed bool
}

// sharedFault is a fault without an alert of its own.
type sharedFault struct {
	Key        run.Key
	Kind       judge.Kind
	Stage, Run string
	TraceID    [16]byte
	SpanID     [8]byte
}

// faultOf is the fault that an alert speaks of.
func faultOf(e *entry) sharedFault {
	return sharedFault{
		Key: e.Key, Kind: e.Kind, Stage: e.Stage, Run: e.Alert.Annotations["run_id"], TraceID: e.Alert.TraceID, SpanID: e.Alert.SpanID,
	}
}

// faultOfSpan is what a span says that has failed, of a job that is not watched.
func faultOfSpan(s *run.Span, key run.Key, id string) sharedFault {
	f := sharedFault{Key: key, Kind: judge.JobFailed, Run: id, TraceID: s.TraceID, SpanID: s.SpanID}
	if s.Kind == run.KindStage {
		f.Kind, f.Stage = judge.StageFailed, s.Task
	}
	return f
}

// share counts a fault that has no alert of its own.
func (tr *Tracker) share(now time.Time, f sharedFault) {
	tr.notice(Notice{Limit: LimitAlert, Key: f.Key, Run: f.Run, Stage: f.Stage, Alert: string(f.Kind)})
	s := tr.shared
	if s == nil {
		s = &shared{Jobs: map[uint64]struct{}{}, Faults: map[judge.Kind]int{}}
		tr.shared = s
	}
	s.add(f, tr.standingOf(f.Key).vouched())
	s.Last = now
}

func (s *shared) add(f sharedFault, vouched bool) {
	s.changed = true
	s.Faults[f.Kind]++
	s.Latest = f
	id := hashID(f.Key.Environment + "\x00" + f.Key.Job)
	if _, ok := s.Jobs[id]; ok {
		return
	}
	if len(s.Jobs) >= maxShared {
		s.More = true
		return
	}
	s.Jobs[id] = struct{}{}
	name := words.Title(f.Key)
	switch {
	case slices.Contains(s.Examples, name):
	case vouched && s.Vouched < maxExamples:
		s.Examples = slices.Insert(s.Examples, s.Vouched, name)
		s.Examples = s.Examples[:min(len(s.Examples), maxExamples)]
		s.Vouched++
	case len(s.Examples) < maxExamples:
		s.Examples = append(s.Examples, name)
	}
}

// sharedAlert returns ManyJobsFailed while it fires.
func (tr *Tracker) sharedAlert() *entry {
	for _, e := range tr.ledger.of(run.Key{}) {
		if e.Kind == judge.ManyJobsFailed {
			return e
		}
	}
	return nil
}

// nextShared is when evaluateShared has something to do; zero for never.
func (tr *Tracker) nextShared() time.Time {
	s := tr.shared
	if s == nil {
		return time.Time{}
	}
	at := s.Last.Add(sharedFor)
	if e := tr.sharedAlert(); s.changed && e != nil {
		return earliest(at, e.ChangedAt().Add(tr.options.Resend))
	} else if e == nil {
		return s.Last
	}
	return at
}

// evaluateShared raises ManyJobsFailed, brings it up to date, or ends it.
func (tr *Tracker) evaluateShared(now time.Time) {
	s := tr.shared
	if s == nil {
		return
	}
	e := tr.sharedAlert()
	switch {
	case e != nil && !now.Before(s.Last.Add(sharedFor)):
		tr.ledger.resolve(now, e, map[string]string{"resolved_by": "silence: no other job has failed without room for an alert of its own for " + words.Duration(sharedFor)})
		tr.shared = nil
	case e == nil || s.changed && !now.Before(e.ChangedAt().Add(tr.options.Resend)):
		tr.sayShared(now)
	}
}

// sayShared writes all that is known into the alert.
func (tr *Tracker) sayShared(now time.Time) {
	s := tr.shared
	if s == nil || !s.changed {
		return
	}
	s.changed = false
	f := &s.Latest
	number := humanize.Comma(int64(len(s.Jobs)))
	of := len(s.Jobs)
	if s.More {
		number = "more than " + number
		of++
	}
	latest := string(f.Kind) + " of " + words.Title(f.Key)
	if f.Stage != "" {
		latest += " at " + f.Stage
	}
	if f.Run != "" {
		latest += ", run " + f.Run
	}
	a := map[string]string{
		"jobs": words.Cut(strings.Join(s.Examples, ", "), maxText), "jobs_total": strconv.Itoa(len(s.Jobs)), "alerts": s.kinds(),
		"latest": words.Cut(latest, maxText), "limit": strconv.Itoa(tr.ledger.limit),
	}
	if s.More {
		a["jobs_total"] = "> " + a["jobs_total"]
	}
	setDefault(a, "run_id", f.Run)
	if link := alert.TraceURL(tr.options.TraceURL, pcommon.TraceID(f.TraceID), pcommon.SpanID(f.SpanID)); link != "" {
		a["trace_url"] = link
	}
	summary := fmt.Sprintf("%s %s failed, or %s otherwise at fault, and find no room for alerts of their own: %s. The latest is %s.",
		number, words.Plural(len(s.Jobs), "job has", "jobs have"), words.Plural(len(s.Jobs), "is", "are"), words.ListOf(s.Examples, of), latest)
	tr.ledger.raise(now, alert.Alert{
		Name: string(judge.ManyJobsFailed), Severity: tr.severity(&job{}, false), Summary: words.Clip(summary, maxText), Annotations: a,
		TraceID: f.TraceID, SpanID: f.SpanID,
	}, detail{Kind: judge.ManyJobsFailed, Shared: s})
}

// kinds counts the faults by kind. Example: "JobFailed 990, JobCancelled 10".
func (s *shared) kinds() string {
	kinds := slices.SortedFunc(maps.Keys(s.Faults), func(a, b judge.Kind) int {
		return cmp.Or(cmp.Compare(s.Faults[b], s.Faults[a]), cmp.Compare(a, b))
	})
	var out []string
	for _, k := range kinds {
		out = append(out, fmt.Sprintf("%s %d", k, s.Faults[k]))
	}
	return strings.Join(out, ", ")
}
