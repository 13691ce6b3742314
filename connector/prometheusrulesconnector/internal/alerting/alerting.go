// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package alerting turns the alerts of Prometheus rules into the collector's: it says each once it fires, again
// while it does, and when it is over, also where its rule is gone or it ended while the collector was down.
//
//	rules.Alert ── Observe ──► internal/alert/source ── Due ──► log records
//	  evidence: exemplars of the series that the rule reads
//	  Restore: what fired when the collector stopped keeps its start, or ends (Settle)
package alerting

import (
	"context"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/source"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// Rule is an alerting rule: its place, its name, and its own labels, since rules of one name may differ in them.
type Rule struct{ File, Group, Name, Labels string }

// Options are those of Alerts.
type Options struct {
	// Limit bounds the alerts that are held, Resend is how often one that fires is said again, KeepResolved for how
	// long one that is over is.
	Limit                int
	Resend, KeepResolved time.Duration
	// Early is how much before its turn an alert may be said again.
	Early time.Duration
	// Severity is of alerts without the label severity.
	Severity alert.Severity
	// ExternalLabels are added to the labels of all alerts, where those have no such label.
	ExternalLabels map[string]string
	// TraceURL is the template of the link to a trace.
	TraceURL string
	// Evidence returns the traces that show an alert of a rule, three at most.
	Evidence func(ctx context.Context, rule *rules.AlertingRule, of *rules.Alert, now time.Time) []evidence.Trace
}

// Alerts are the alerts that fire, and those that were resolved lately. Several goroutines may use them.
type Alerts struct {
	o        Options
	mu       sync.Mutex
	source   *source.Source[key, *entry]
	restored map[uint64]stopped
	overflow int
}

// stopped is an alert that fired when the collector stopped.
type stopped struct {
	labels   labels.Labels
	startsAt time.Time
}

// key is what an alert is about.
type key struct {
	rule   Rule
	labels uint64
}

type entry struct {
	source.Entry
	traces []evidence.Trace
	sought time.Time
}

// maxTransitions is how many beginnings and ends wait for a delivery, in order.
const maxTransitions = 4096

// New returns no alerts.
func New(o Options) *Alerts {
	return &Alerts{o: o, restored: map[uint64]stopped{}, source: source.New[key](source.Options[*entry]{
		Limit: o.Limit, Resend: o.Resend, Early: o.Early, KeepResolved: o.KeepResolved, Retry: o.Resend / 4, Transitions: maxTransitions,
		Outranks: func(*entry, *entry) bool { return false },
	})}
}

// Restore notes an alert that fired when the collector stopped, with the labels that it had and its start. Once it
// fires again it is the same alert.
func (a *Alerts) Restore(ls labels.Labels, startsAt time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.restored) < a.o.Limit {
		a.restored[ls.Hash()] = stopped{ls, startsAt}
	}
}

// Settle says that every rule has spoken since the start: what Restore was told of and does not fire is over.
func (a *Alerts) Settle(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for hash, x := range a.restored {
		if a.source.Len() >= a.o.Limit {
			a.overflow++
			continue
		}
		over := a.describe(x.labels, nil, x.startsAt)
		over.State, over.EndsAt = alert.Resolved, now
		over.Summary = over.Name + " ended while the collector was down"
		a.source.Restore(key{labels: hash}, &entry{Entry: source.Entry{Alert: over, Until: now.Add(a.o.KeepResolved)}})
	}
	clear(a.restored)
}

// Observe notes the alerts of one rule after an evaluation.
func (a *Alerts) Observe(ctx context.Context, rule Rule, of *rules.AlertingRule, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	firing := map[key]bool{}
	of.ForEachActiveAlert(func(x *rules.Alert) {
		if x.State != rules.StateFiring {
			return
		}
		k := key{rule, x.Labels.Hash()}
		firing[k] = true
		a.fires(ctx, k, of, x, now)
	})
	for k, e := range a.source.All() {
		if k.rule == rule && e.Firing() && !firing[k] {
			a.end(e, now)
		}
	}
}

func (a *Alerts) fires(ctx context.Context, k key, of *rules.AlertingRule, x *rules.Alert, now time.Time) {
	e, ok := a.source.Get(k)
	if !ok {
		e = &entry{}
	}
	if ok && e.Firing() {
		a.evidence(ctx, e, of, x, now)
		said := a.describe(x.Labels, x, e.Alert.StartsAt)
		a.attach(&said, e)
		a.source.Amend(now, e, said)
		return
	}
	e.traces, e.sought = nil, time.Time{}
	if a.source.Len() < a.o.Limit { // where there is no place for it, nothing is looked for at each evaluation
		a.evidence(ctx, e, of, x, now)
	}
	startsAt := x.FiredAt.Truncate(time.Second) // what ALERTS_FOR_STATE keeps for a restart
	if before, ok := a.restored[k.labels]; ok && labels.Equal(before.labels, x.Labels) {
		startsAt = before.startsAt
		delete(a.restored, k.labels)
	}
	said := a.describe(x.Labels, x, startsAt)
	a.attach(&said, e)
	if !a.source.Begin(now, k, e, said) {
		a.overflow++
	}
}

// wanted is how many traces an alert names. Fewer are looked for again whenever the alert is said again.
const wanted = 3

func (a *Alerts) evidence(ctx context.Context, e *entry, of *rules.AlertingRule, x *rules.Alert, now time.Time) {
	if len(e.traces) >= wanted || now.Sub(e.sought) < a.o.Resend {
		return
	}
	e.sought = now
	if found := a.o.Evidence(ctx, of, x, now); len(found) > len(e.traces) {
		e.traces = found
	}
}

func (a *Alerts) end(e *entry, now time.Time) {
	said := e.Alert
	said.State, said.EndsAt = alert.Resolved, now
	a.source.Resolve(now, e, said)
}

// Retain resolves the alerts of rules that are gone.
func (a *Alerts) Retain(now time.Time, there func(Rule) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, e := range a.source.All() {
		if e.Firing() && !there(k.rule) {
			a.end(e, now)
		}
	}
}

// Due returns what is to be said now, and how many alerts found no room since the last call.
func (a *Alerts) Due(now time.Time) (due []alert.Alert, overflow int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	overflow, a.overflow = a.overflow+a.source.TakeLost(), 0
	a.source.Tidy(now)
	return a.source.Due(now), overflow
}

// Delivered says that what Due has returned last was delivered, or will never be.
func (a *Alerts) Delivered(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.source.Delivered(now)
}

// Firing returns how many alerts fire.
func (a *Alerts) Firing() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, e := range a.source.All() {
		if e.Firing() {
			n++
		}
	}
	return n
}

// Names of labels and annotations with a meaning of their own.
const (
	labelSeverity     = "severity"
	annotationSummary = "summary"
	annotationMessage = "description"
	annotationValue   = "value"
)

// describe makes the alert of labels and, where a rule has spoken, of its annotations and value.
func (a *Alerts) describe(ls labels.Labels, x *rules.Alert, startsAt time.Time) alert.Alert {
	of := alert.Alert{
		Name: ls.Get(model.AlertNameLabel), Severity: a.o.Severity, State: alert.Firing, StartsAt: startsAt,
		Labels: maps.Clone(a.o.ExternalLabels), Annotations: map[string]string{},
	}
	if of.Labels == nil {
		of.Labels = map[string]string{}
	}
	ls.Range(func(l labels.Label) {
		switch l.Name {
		case model.AlertNameLabel, model.MetricNameLabel:
		case labelSeverity:
			of.Severity = alert.Severity(l.Value)
		default:
			of.Labels[l.Name] = l.Value
		}
	})
	if x == nil {
		of.Summary = of.Name
		return of
	}
	of.Annotations[annotationValue] = strconv.FormatFloat(x.Value, 'g', 6, 64)
	x.Annotations.Range(func(l labels.Label) { of.Annotations[l.Name] = visibleLabels(l.Value, ls) })
	of.Summary = summary(of)
	delete(of.Annotations, annotationSummary)
	return of
}

// visibleLabels escapes the control characters of labels in an annotation. What is left of line feeds and tabs is
// the template's own.
func visibleLabels(annotation string, ls labels.Labels) string {
	ls.Range(func(l labels.Label) {
		if line := visible.Line(l.Value); line != l.Value {
			annotation = strings.ReplaceAll(annotation, l.Value, line)
		}
	})
	return annotation
}

// summary is the annotation summary, else the description, else the name.
func summary(of alert.Alert) string {
	for _, name := range []string{annotationSummary, annotationMessage} {
		if text := strings.TrimSpace(of.Annotations[name]); text != "" {
			return text
		}
	}
	return of.Name
}

// attach adds the traces of an alert.
func (a *Alerts) attach(to *alert.Alert, e *entry) {
	ids := make([]string, 0, len(e.traces))
	for i, t := range e.traces {
		ids = append(ids, hex.EncodeToString(t.TraceID[:]))
		name := "trace_url"
		if i == 0 {
			to.TraceID, to.SpanID = t.TraceID, t.SpanID
		} else {
			name += "_" + strconv.Itoa(i+1)
		}
		if link := alert.TraceURL(a.o.TraceURL, t.TraceID, t.SpanID); link != "" {
			to.Annotations[name] = link
		}
	}
	if len(ids) > 0 {
		to.Annotations["trace_ids"] = strings.Join(ids, " ")
	}
}
