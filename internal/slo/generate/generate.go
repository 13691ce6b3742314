// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package generate makes rule groups of Prometheus from objectives: one group an objective, whose
// rules are evaluated in order, so that each reads what those before it have just recorded, and one
// for what needs the whole period of a budget.
//
//	a budget: metrics ──► slo:sli_error:ratio_rate5m … 3d ──► slo:burning:bool ──► the alerts
//	                └──► slo:events:rate5m ──► slo:history:ratio, …_remaining:ratio
//	a bound:  metrics ──► slo:sli:value, _lower, _upper ──► slo:breach:bool ──► the alert
//	both:     all of these ──► slo:verdict:info
package generate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// Labels of all that is recorded.
const (
	labelID      = "slo_id"
	labelService = "slo_service"
	labelName    = "slo_name"
	labelWindow  = "slo_window"
	labelAlert   = "slo_alert"
	labelVerdict = "slo_verdict"
)

// The verdicts of an objective.
const (
	verdictBreach       = "breach"
	verdictMissed       = "missed"
	verdictOK           = "ok"
	verdictInconclusive = "inconclusive"
	verdictInsufficient = "insufficient"
	verdictNoData       = "no_data"
)

// interval is how often rules are evaluated.
const interval = time.Minute

// held is how long an alert is held, and a silence noticed, after the last data.
const held = "1d"

// group is a rule group that grows.
type group struct {
	slo *objective.SLO
	rulefmt.RuleGroup
}

// Groups returns the rule groups of an objective.
func Groups(s *objective.SLO) []rulefmt.RuleGroup {
	g := &group{slo: s, RuleGroup: rulefmt.RuleGroup{Name: "slo-" + s.ID, Interval: model.Duration(interval)}}
	var groups []rulefmt.RuleGroup
	switch {
	case s.Budget != nil:
		groups = g.budget(s.Budget)
	case s.Breach != nil:
		g.breach(s.Breach)
	}
	return append(groups, g.RuleGroup)
}

// record adds a recording rule. Labels come in pairs.
func (g *group) record(name, expr string, labels ...string) {
	own := maps.Clone(g.slo.Labels)
	if own == nil {
		own = map[string]string{}
	}
	own[labelID], own[labelService], own[labelName] = g.slo.ID, g.slo.Service, g.slo.Name
	for i := 0; i+1 < len(labels); i += 2 {
		own[labels[i]] = labels[i+1]
	}
	g.Rules = append(g.Rules, rulefmt.Rule{Record: name, Expr: expr, Labels: own})
}

// series selects what was recorded for this objective. Labels come in pairs.
func (g *group) series(name string, labels ...string) string {
	matchers := []string{labelID + "=" + strconv.Quote(g.slo.ID)}
	for i := 0; i+1 < len(labels); i += 2 {
		matchers = append(matchers, labels[i]+"="+strconv.Quote(labels[i+1]))
	}
	return name + "{" + strings.Join(matchers, ",") + "}"
}

// Alerts are the names of alerts where their author has given none. Each has a page in docs/runbooks.
var Alerts = []string{alertBurn, alertBreach, alertNoData, alertHistory, alertNotMeasurable}

const (
	alertBurn          = "SLOErrorBudgetBurn"
	alertBreach        = "SLOBreach"
	alertNoData        = "SLONoData"
	alertHistory       = "SLOHistoryShort"
	alertNotMeasurable = "SLONotMeasurable"
)

const (
	annotationRunbook = "runbook_url"
	runbooks          = "https://github.com/otelcol-ml/otelcol-ml/blob/main/docs/runbooks/"
)

// alert adds an alerting rule. Labels of the objective are on it, what its author wants on alerts is
// in own.
func (g *group) alert(name, expr string, wait time.Duration, severity string, annotations map[string]string, own objective.Alert) {
	labels, notes := map[string]string{"severity": severity}, map[string]string{}
	for _, more := range []map[string]string{g.slo.Labels, own.Labels} {
		maps.Copy(labels, more)
	}
	labels[labelID], labels[labelService], labels[labelName] = g.slo.ID, g.slo.Service, g.slo.Name
	for _, more := range []map[string]string{annotations, own.Annotations} {
		maps.Copy(notes, more)
	}
	if _, ok := notes[annotationRunbook]; !ok && slices.Contains(Alerts, name) {
		notes[annotationRunbook] = runbooks + name + ".md"
	}
	g.Rules = append(g.Rules, rulefmt.Rule{Alert: name, Expr: expr, For: model.Duration(wait), Labels: labels, Annotations: notes})
}

// wanted is what an alert on the objective itself carries beside what is usual.
func (g *group) wanted(own objective.Alert) objective.Alert {
	out := objective.Alert{Severity: own.Severity, Labels: map[string]string{}, Annotations: map[string]string{}}
	for _, more := range []map[string]string{g.slo.Alerts.Labels, own.Labels} {
		maps.Copy(out.Labels, more)
	}
	for _, more := range []map[string]string{g.slo.Alerts.Annotations, own.Annotations} {
		maps.Copy(out.Annotations, more)
	}
	return out
}

// holding selects where a recorded 0 or 1 is 1, or was 1 when it was last there, unless the policy is
// to ignore silence.
func (g *group) holding(series string) string {
	if g.slo.NoData == objective.Ignore {
		return series + " == 1"
	}
	return fmt.Sprintf("%s == 1 or (last_over_time(%s[%s]) == 1 unless %s)", series, series, held, series)
}

// silence records that there is no data, and alerts on it where the policy says so. Data are there
// where the series is.
func (g *group) silence(series string) {
	g.record(recordVerdict, fmt.Sprintf("group without (%s) (last_over_time(%s[%s])) unless %s\nor\nabsent_over_time(%s[%s])",
		labelWindow, series, held, without(series), series, held), labelVerdict, verdictNoData)
	if g.slo.NoData != objective.AlertNoData {
		return
	}
	g.alert(alertNoData, g.series(recordVerdict, labelVerdict, verdictNoData)+" == 1", 15*time.Minute, "warning", map[string]string{
		"summary":     g.title() + ": there are no data",
		"description": "Nothing says whether the objective is met. Alerts that fired are held for " + held + ".",
	}, objective.Alert{})
}

// without drops the label of the window, so that series of other windows match.
func without(expr string) string { return "max without (" + labelWindow + ") (" + expr + ")" }

// missing alerts where the objective cannot be measured as it is written.
func (g *group) missing() {
	if g.slo.Missing == "" {
		return
	}
	g.alert(alertNotMeasurable, g.slo.Missing, 10*time.Minute, "warning", map[string]string{
		"summary":     g.title() + " cannot be measured",
		"description": g.slo.MissingText,
	}, objective.Alert{})
}

func (g *group) title() string {
	return fmt.Sprintf("%s of %s", escape(g.slo.Name), escape(g.slo.Service))
}

// escape keeps what people write from being a template of an annotation.
func escape(s string) string {
	return strings.ReplaceAll(s, "{{", "{ {")
}

// number writes a number as PromQL has it.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// uniqueWindows sorts windows, each once.
func uniqueWindows(windows []time.Duration) []time.Duration {
	slices.Sort(windows)
	return slices.Compact(windows)
}
