// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
	"github.com/otelcol-ml/otelcol-ml/internal/wildcard"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Labels of metrics of models and jobs.
const (
	labelEnvironment = "deployment_environment_name"
	labelModel       = "ml_model_name"
	labelVersion     = "ml_model_version"
	labelSegment     = "ml_segment"
	labelJob         = "cicd_pipeline_name"
)

// FromCards returns the objectives of models and jobs. The error joins those that are impossible; the
// others are returned beside it.
func FromCards(cards *catalog.Set) ([]SLO, error) {
	var slos []SLO
	var errs []error
	add := func(of subject, list []catalog.SLO) {
		for _, card := range list {
			s, err := of.slo(card)
			if err == nil {
				err = s.Check()
			}
			for _, one := range yamldoc.Violations(err) {
				errs = append(errs, fmt.Errorf("%s:%d: objective %q: %w", of.file, card.Line, card.Name, one))
			}
			if err == nil {
				slos = append(slos, s)
			}
		}
	}
	for _, m := range cards.Models {
		add(ofModel(cards, m), m.SLOs)
	}
	for _, j := range cards.Jobs {
		add(ofJob(cards, j), j.SLOs)
	}
	return slos, errors.Join(errs...)
}

// subject is the model or job that objectives are of.
type subject struct {
	name, environment, file string
	// select are matchers of its series, by the labels that tell its series apart.
	selects []string
	by      []string
	alerts  catalog.Alerts
	model   *catalog.Model
}

func ofModel(cards *catalog.Set, m *catalog.Model) subject {
	var others []string
	for _, o := range cards.Models {
		if o != m && o.Name == m.Name && o.Environment != "" {
			others = append(others, o.Environment)
		}
	}
	names := slices.Concat([]string{m.Name}, m.AlsoKnownAs, m.Patterns)
	return subject{
		name: m.Name, environment: m.Environment, file: m.File, alerts: m.Alerts, model: m,
		selects: append([]string{matchNames(labelModel, names), `ml_model_role!="shadow"`}, matchEnvironment(m.Environment, others)...),
		by:      []string{labelModel, labelEnvironment},
	}
}

func ofJob(cards *catalog.Set, j *catalog.Job) subject {
	var others []string
	for _, o := range cards.Jobs {
		if o != j && o.Name == j.Name && o.Environment != "" {
			others = append(others, o.Environment)
		}
	}
	return subject{
		name: j.Name, environment: j.Environment, file: j.File, alerts: j.Alerts,
		selects: append([]string{matchNames(labelJob, []string{j.Name})}, matchEnvironment(j.Environment, others)...),
		by:      []string{labelJob, labelEnvironment},
	}
}

// matchNames matches names, of which those with * are patterns.
func matchNames(label string, names []string) string {
	if len(names) == 1 && !strings.Contains(names[0], wildcard.Any) {
		return label + "=" + strconv.Quote(names[0])
	}
	patterns := make([]string, len(names))
	for i, name := range names {
		patterns[i] = strings.ReplaceAll(regexp.QuoteMeta(name), regexp.QuoteMeta(wildcard.Any), ".*")
	}
	return label + "=~" + strconv.Quote(strings.Join(patterns, "|"))
}

// matchEnvironment matches the environment of a card; one without is for those that have no card of
// their own.
func matchEnvironment(own string, others []string) []string {
	switch {
	case own != "":
		return []string{labelEnvironment + "=" + strconv.Quote(own)}
	case len(others) == 0:
		return nil
	}
	for i, name := range others {
		others[i] = regexp.QuoteMeta(name)
	}
	slices.Sort(others)
	return []string{labelEnvironment + "!~" + strconv.Quote(strings.Join(others, "|"))}
}

// series selects a metric of the subject.
func (of subject) series(metric string, more ...string) string {
	return metric + "{" + strings.Join(append(slices.Clone(of.selects), more...), ",") + "}"
}

func (of subject) aggregate(operator, expr string, more ...string) string {
	return operator + " by (" + strings.Join(append(slices.Clone(of.by), more...), ", ") + ") (" + expr + ")"
}

// sum adds up what has been counted in a window.
func (of subject) sum(metric string, more ...string) objective.Query {
	return objective.Query(of.aggregate("sum", "rate("+of.series(metric, more...)+"[{{.window}}])"))
}

func (of subject) slo(card catalog.SLO) (SLO, error) {
	s := SLO{
		Service: of.name, Name: card.Name, Description: card.Description, File: of.file, Line: card.Line, NoData: objective.NoData(card.NoData),
		Labels: map[string]string{}, Alerts: objective.Alerts{Annotations: map[string]string{}},
	}
	s.ID = s.Service + "-" + s.Name
	if of.environment != "" {
		s.ID = of.environment + "-" + s.ID
	}
	if s.NoData == "" {
		s.NoData = objective.Hold
	}
	if of.alerts.Runbook != "" {
		s.Alerts.Annotations["runbook_url"] = of.alerts.Runbook
	}
	s.Alerts.Page.Severity = of.alerts.Severity
	return s, of.measure(&s, card)
}

// measure gives the objective its form.
func (of subject) measure(s *SLO, card catalog.SLO) error {
	if card.Measure == "" {
		return of.latency(s, card)
	}
	if share, ok := shares[card.Measure]; ok {
		return share(of, s, card)
	}
	b := of.gauge(card)
	if card.Objective == 0 {
		s.Breach = b
		return nil
	}
	if err := b.Possible(); err != nil {
		return err
	}
	i := objective.Indicator{Value: b.Value, Op: ">=", Threshold: *b.Bound}
	if b.Upward {
		i.Op = "<="
	}
	switch { // what is bad is so for sure
	case b.Upward && b.Lower != "":
		i.Value = b.Lower
	case !b.Upward && b.Upper != "":
		i.Value = b.Upper
	}
	of.budget(s, card, i)
	return nil
}

func (of subject) budget(s *SLO, card catalog.SLO, i objective.Indicator) {
	s.Budget = &objective.Budget{Objective: card.Objective, Period: card.Period, Indicator: i}
	if s.Budget.Period == 0 {
		s.Budget.Period = objective.DefaultPeriod
	}
}

// usualBuckets are the default duration_buckets of ml_summary, in seconds.
var usualBuckets = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300}

// latency is on the predictions that have not failed: fast errors improve nothing.
func (of subject) latency(s *SLO, card catalog.SLO) error {
	seconds := card.LatencyBelow.Seconds()
	if !card.OwnBucket && !slices.Contains(usualBuckets, seconds) {
		return fmt.Errorf("latency_below %s is no bucket of ml_prediction_duration_seconds, so that nobody counts what is below; "+
			"the nearest are %s; where your ml_summary has it in duration_buckets, say own_bucket: true", card.LatencyBelow, nearestBuckets(seconds))
	}
	le := strconv.FormatFloat(seconds, 'f', -1, 64)
	match := `le="` + le + `"`
	if seconds == math.Trunc(seconds) { // Prometheus 3 and others write it differently
		match = `le=~"` + le + `|` + le + `\\.0"`
	}
	good := of.sum("ml_prediction_duration_seconds_bucket", `error_type=""`, match)
	all := of.sum("ml_prediction_duration_seconds_count", `error_type=""`)
	of.budget(s, card, objective.Indicator{Good: good, Total: all, Paired: true})
	s.Missing = all.In(10*time.Minute) + " > 0 unless " + good.In(10*time.Minute)
	s.MissingText = fmt.Sprintf("ml_prediction_duration_seconds has no bucket of %s s: add it to duration_buckets of ml_summary.", le)
	return nil
}

func nearestBuckets(seconds float64) string {
	i, _ := slices.BinarySearch(usualBuckets, seconds)
	var near []string
	for _, j := range []int{i - 1, i} {
		if j >= 0 && j < len(usualBuckets) {
			near = append(near, time.Duration(usualBuckets[j]*float64(time.Second)).String())
		}
	}
	return strings.Join(near, " and ")
}
