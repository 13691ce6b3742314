// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/buffer"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/guard"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/journal"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// maxTraces bounds the traces that an alert may name.
const maxTraces = 10

// matching are the actions that are for an alert.
func (e *Engine) matching(a *alert.Alert) []*Action {
	set := model.LabelSet{}
	for name, value := range a.LabelSet() {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	var out []*Action
	for _, x := range e.o.Actions {
		if x.Matchers.Matches(set) {
			out = append(out, x)
		}
	}
	return out
}

// match is whether an action is for an alert, and whether there is room for its case.
type match uint8

const (
	unmatched match = iota
	matched
	noRoom
)

// hear brings the case of an alert up to date, and opens one where an action is for it.
func (e *Engine) hear(fingerprint string, h *heard) match {
	actions := e.matching(h.Alert)
	found := unmatched
	if len(actions) > 0 {
		found = matched
	}
	if !e.active {
		return found
	}
	c := e.journal.Cases()[fingerprint]
	if c == nil {
		if len(actions) == 0 || h.Alert.State != alert.Firing {
			return found
		}
		if len(e.journal.Cases()) >= e.o.MaxAlerts {
			return noRoom
		}
		c = &journal.Case{Alert: h.Alert, StartsAt: h.Alert.StartsAt, HeardAt: h.ReportedAt, Traces: named(h.Alert)}
		e.journal.Open(fingerprint, c)
		e.pin(fingerprint, c)
	}
	e.update(fingerprint, c, h)
	for _, a := range actions {
		e.runOf(c, a)
	}
	return found
}

// update notes what has changed of an alert that has a case.
func (e *Engine) update(fingerprint string, c *journal.Case, h *heard) {
	c.HeardAt = h.ReportedAt
	if c.Alert == h.Alert {
		return
	}
	before := c.Alert
	c.Alert = h.Alert
	switch {
	case h.Alert.State == alert.Resolved && c.OverSince.IsZero():
		c.OverSince = time.Now()
		e.tell(c, nil, fmt.Sprintf("The alert was resolved at %s.", clock(h.Alert.EndsAt)))
	case h.Alert.State == alert.Firing && !c.OverSince.IsZero():
		c.OverSince = time.Time{}
		e.tell(c, nil, fmt.Sprintf("The alert fires again, since %s: %s", clock(h.Alert.StartsAt), h.Alert.Summary))
	}
	if traces := named(h.Alert); len(c.Traces) < maxTraces && !slices.Equal(traces, named(before)) {
		for _, id := range traces {
			if len(c.Traces) < maxTraces && !slices.Contains(c.Traces, id) {
				c.Traces = append(c.Traces, id)
			}
		}
		e.pin(fingerprint, c)
	}
	e.journal.Change(c)
	for _, r := range c.Runs {
		e.liveOf(r).next = time.Time{}
	}
}

// runOf returns the run of an action in a case, which is new if there is none.
func (e *Engine) runOf(c *journal.Case, a *Action) *journal.Run {
	for _, r := range c.Runs {
		if r.Action == a.Name {
			return r
		}
	}
	r := &journal.Run{Action: a.Name, Kind: a.Definition.Kind, Mode: string(a.Mode), Target: e.target(c, a), Phase: journal.Waiting}
	c.Runs = append(c.Runs, r)
	e.journal.Change(c)
	return r
}

func (e *Engine) liveOf(r *journal.Run) *live {
	l := e.live[r]
	if l == nil {
		l = &live{}
		e.live[r] = l
	}
	return l
}

// action returns the configured action of a run, nil if it is not configured any more.
func (e *Engine) action(name string) *Action {
	for _, a := range e.o.Actions {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// labelNames are the labels that say what an alert is about: ours, then those that Prometheus' rules
// have.
var labelNames = struct{ model, version, environment, job []string }{
	model:       []string{"model", "ml_model_name"},
	version:     []string{"version", "ml_model_version"},
	environment: []string{"environment", "deployment_environment_name"},
	job:         []string{"job", "cicd_pipeline_name"},
}

func first(labels map[string]string, names []string) string {
	for _, name := range names {
		if v := labels[name]; v != "" {
			return v
		}
	}
	return ""
}

// labelService is the model of an alert on an objective whose series have no model.
const labelService = "slo_service"

// modelOf is the model that an alert is about; its name is empty if it is about none.
func (e *Engine) modelOf(a *alert.Alert) (version.ID, *catalog.Model) {
	id := version.ID{Environment: first(a.Labels, labelNames.environment), Name: first(a.Labels, labelNames.model)}
	set := e.o.Catalog()
	if service := a.Labels[labelService]; id.Name == "" && service != "" && set.Model(id.Environment, service) != nil {
		id.Name = service
	}
	if id.Name == "" {
		return id, nil
	}
	card := set.Model(id.Environment, id.Name)
	if _, seen := e.o.Versions.Seen(id); !seen {
		id = e.only(id)
	}
	return id, card
}

// only returns the one model of a name that was seen, where the alert names no environment.
func (e *Engine) only(id version.ID) version.ID {
	if id.Environment != "" {
		return id
	}
	if found := e.o.Versions.Named(id.Name); len(found) == 1 {
		return found[0]
	}
	return id
}

// target is what an action on an alert acts on, as guards and people know it.
func (e *Engine) target(c *journal.Case, a *Action) string {
	id, _ := e.modelOf(c.Alert)
	name := "model " + id.Name
	if id.Name == "" {
		name = "job " + first(c.Alert.Labels, labelNames.job)
	}
	if strings.HasSuffix(name, " ") {
		name = "alert " + c.Alert.Name
	}
	if id.Environment != "" {
		name += " in " + id.Environment
	}
	if !a.Definition.Kind.Changes() {
		return a.Name
	}
	return name
}

// breachAt is when the breach began that an alert speaks of: before the alert fired, where it says
// for how long something had to hold.
func breachAt(a *alert.Alert, starts time.Time) time.Time {
	if t, err := time.Parse(time.RFC3339, a.Annotations["since"]); err == nil && t.Before(starts) {
		return t
	}
	if d, err := model.ParseDuration(a.Annotations["for"]); err == nil {
		return starts.Add(-time.Duration(d))
	}
	return starts
}

// choose finds the versions of a case; nil if it is about no model.
func (e *Engine) choose(c *journal.Case, a *Action) *journal.Version {
	if c.Version != nil {
		return c.Version
	}
	id, card := e.modelOf(c.Alert)
	if id.Name == "" {
		if a.Definition.Kind != action.Rollback {
			return nil
		}
		return &journal.Version{Problem: "the alert names no model (it has neither the label model nor ml_model_name)"}
	}
	seen, _ := e.o.Versions.Seen(id)
	q := &version.Question{
		Model: id, At: first(c.Alert.Labels, labelNames.version), Card: card, Seen: seen, Serving: e.o.Versions.Serving(id, version.SwitchAfter),
		RolledBack: map[string]time.Time{}, InBreach: e.inBreach(c, a, id),
	}
	for _, d := range e.journal.Done() {
		if d.Kind == action.Rollback && d.Model == id && d.From != "" {
			q.RolledBack[d.From] = d.At
		}
	}
	choice := version.Choose(q)
	return &journal.Version{From: choice.From, To: choice.To, Why: choice.Why, Problem: choice.Problem, ChangedAt: choice.ChangedAt}
}

// inBreach are the versions of a model of which an alert fires that is the same as the case's, or
// that the action is for. One whose source has fallen silent counts: it is not known to be over.
func (e *Engine) inBreach(c *journal.Case, a *Action, id version.ID) map[string]string {
	out := map[string]string{}
	for _, h := range e.alerts.All() {
		other := h.Alert
		v := first(other.Labels, labelNames.version)
		if other.State != alert.Firing || v == "" || first(other.Labels, labelNames.model) != id.Name {
			continue
		}
		if environment := first(other.Labels, labelNames.environment); environment != "" && environment != id.Environment {
			continue
		}
		if other.Name == c.Alert.Name || slices.Contains(e.matching(other), a) {
			out[v] = other.Name
		}
	}
	return out
}

// forget drops alerts without a case that nobody speaks of any more.
func (e *Engine) forget(now time.Time) {
	if now.Sub(e.forgot) < forgetEvery {
		return
	}
	e.forgot = now
	for fingerprint, h := range e.alerts.All() {
		if now.Sub(h.ReportedAt) > abandonedAfter && e.journal.Cases()[fingerprint] == nil {
			e.alerts.Forget(fingerprint)
		}
	}
}

// losses are the alerts that fire and say that the collector loses data.
func (e *Engine) losses(p *guard.Policy, now time.Time) []string {
	var out []string
	for _, h := range e.alerts.All() {
		if h.Alert.State != alert.Firing || !slices.Contains(p.HoldOn, h.Alert.Name) || now.After(e.alerts.SilentAt(h)) {
			continue
		}
		if !slices.Contains(out, h.Alert.Name) {
			out = append(out, h.Alert.Name)
		}
	}
	slices.Sort(out)
	return out
}

// keyOf makes the idempotency key: the same for an alert, its beginning, the target, its versions
// and the action, on any replica and after any restart. 32 hex digits, which are also the id of the
// trace of the run's decisions.
func keyOf(c *journal.Case, r *journal.Run) string {
	h := sha256.New()
	for _, part := range []string{c.Alert.Fingerprint(), c.StartsAt.UTC().Format(time.RFC3339Nano), r.Target, r.From, r.To, r.Action} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// named are the traces that an alert names, its own first.
func named(a *alert.Alert) []string {
	var out []string
	add := func(id string) {
		if len(id) == 32 && !slices.Contains(out, id) && len(out) < maxTraces {
			out = append(out, id)
		}
	}
	if !a.TraceID.IsEmpty() {
		add(hex.EncodeToString(a.TraceID[:]))
	}
	for _, key := range []string{"trace_id", "trace_ids"} {
		for id := range strings.FieldsSeq(a.Annotations[key]) {
			add(strings.ToLower(id))
		}
	}
	return out
}

// pin has the traces of a case kept, and good ones to compare them with.
func (e *Engine) pin(fingerprint string, c *journal.Case) {
	id, _ := e.modelOf(c.Alert)
	e.o.Evidence.Pin(fingerprint, evidence.About{
		Traces: traceIDs(c.Traces), Span: c.Alert.SpanID,
		Like: buffer.Like{
			Model: id.Name, Environment: id.Environment, Version: first(c.Alert.Labels, labelNames.version), Job: first(c.Alert.Labels, labelNames.job),
			Around: c.StartsAt,
		},
	})
}

func traceIDs(hexes []string) []pcommon.TraceID {
	var out []pcommon.TraceID
	for _, s := range hexes {
		var id pcommon.TraceID
		if n, err := hex.Decode(id[:], []byte(s)); err == nil && n == len(id) {
			out = append(out, id)
		}
	}
	return out
}

// clock writes a time for people.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
