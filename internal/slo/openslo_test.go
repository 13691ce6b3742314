// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// openSLO is a set of files that refer to each other.
const openSLO = `
apiVersion: openslo/v1
kind: SLO
metadata: {name: answers, labels: {team: [identity, web], user-impact: "true"}}
spec:
  description: answers are good
  service: shop
  indicatorRef: good-answers
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives:
    - {displayName: all, target: 0.99}
    - {displayName: most, targetPercent: 95}
  alertPolicies:
    - alertPolicyRef: fast
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: fast}
spec:
  alertWhenBreaching: true
  alertWhenNoData: true
  alertWhenResolved: true
  conditions: [{conditionRef: fast-burn}]
  notificationTargets: [{targetRef: mail}]
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: mail}
spec: {target: email}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast-burn}
spec:
  severity: page
  condition: {kind: burnrate, op: gte, threshold: 2, lookbackWindow: 1h, alertAfter: 15m}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: good-answers}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(answers_total{code=~"2..",path="/a}b"}) + sum(answers_total{code="304"} offset 1m)'}}}
    total: {metricSource: {type: Prometheus, spec: {query: sum by (job) (answers_total)}}}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: prom}
spec: {type: Prometheus, connectionDetails: {url: http://localhost:9090}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {description: a shop}
`

// TestOpenSLO reads what refers to each other, and says what is not carried out.
func TestOpenSLO(t *testing.T) {
	slos, err := parse("o.yaml", []byte(openSLO))
	require.NoError(t, err)
	require.Len(t, slos, 2)
	s := slos[0]
	assert.Equal(t, "shop-answers-0", s.ID)
	assert.Equal(t, 12, s.Line)
	assert.Equal(t, map[string]string{"team": "identity,web", "user_impact": "true"}, s.Labels)
	assert.Equal(t, 28*24*time.Hour, s.Budget.Period)
	assert.InDelta(t, 0.95, slos[1].Budget.Objective, 1e-12)
	assert.Equal(t, []objective.Condition{{Name: "fast-burn", Severity: "page", Op: ">=", Factor: 2, Window: time.Hour, For: 15 * time.Minute}}, s.Budget.Conditions)
	assert.Equal(t, objective.AlertNoData, s.NoData)
	assert.Equal(t, objective.Query(`sum(increase(answers_total{code=~"2..",path="/a}b"}[{{.window}}])) + sum(increase(answers_total{code="304"}[{{.window}}] offset 1m))`), s.Budget.Indicator.Good)
	assert.Equal(t, objective.Query(`sum by (job) (increase(answers_total[{{.window}}]))`), s.Budget.Indicator.Total)
	assert.Equal(t, []string{
		"the label user-impact is user_impact on series",
		"alert policy fast: alertWhenResolved is not carried out here: Alertmanager sends what is resolved (send_resolved)",
		"alert policy fast: the notification target mail is not carried out here: routes are Alertmanager's, by the labels of the alert",
	}, s.Notes)
	generated(t, slos)
}

// TestFilesReferToEachOther reads the same from one file for each document.
func TestFilesReferToEachOther(t *testing.T) {
	var files []File
	for i, doc := range strings.Split(openSLO, "---\n") {
		files = append(files, File{Name: string(rune('a' + i)), Content: []byte(doc)})
	}
	slos, err := ParseFiles(files)
	require.NoError(t, err)
	assert.Len(t, slos, 2)
	_, err = ParseFiles(files[:1])
	assert.ErrorContains(t, err, `spec.indicatorRef: there is no SLI "good-answers" in these files`)
	assert.ErrorContains(t, err, `there is no AlertPolicy "fast" in these files`)
}

// TestOpenSLOExample refuses metrics of systems that rules cannot be made for.
func TestOpenSLOExample(t *testing.T) {
	content, err := os.ReadFile("testdata/openslo-ratio-timeslices.yaml")
	require.NoError(t, err)
	_, err = parse("e.yaml", content)
	assert.EqualError(t, err, `e.yaml:19:13: spec.indicator.spec.ratioMetric.good.metricSource: the source is of type "Any": rules can only be made of queries of the type Prometheus
e.yaml:24:13: spec.indicator.spec.ratioMetric.total.metricSource: the source is of type "Any": rules can only be made of queries of the type Prometheus`)

	slos, err := parse("e.yaml", []byte(strings.NewReplacer("type: Any", "type: prometheus", "query: Any", "query: up").Replace(string(content))))
	require.NoError(t, err)
	assert.Equal(t, objective.Slice{Length: time.Minute}, slos[0].Budget.Slice)
	assert.Equal(t, objective.Query("sum_over_time((up)[{{.window}}:1m])"), slos[0].Budget.Indicator.Good)
}

// violations are the errors of files, without the file.
func violations(t *testing.T, text string) []string {
	t.Helper()
	_, err := parse("f", []byte(text))
	var out []string
	for _, v := range yamldoc.Violations(err) {
		out = append(out, strings.TrimPrefix(v.Error(), "f:"))
	}
	return out
}

// TestViolations: each error names the line, the key, and what is allowed.
func TestViolations(t *testing.T) {
	slo := func(spec string) string {
		return "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: n}\nspec:\n  service: s\n  budgetingMethod: Occurrences\n" + spec
	}
	indicator := "  indicator: {metadata: {name: i}, spec: {ratioMetric: {bad: {metricSource: {type: Prometheus, spec: {query: a}}}, total: {metricSource: {type: Prometheus, spec: {query: b}}}}}}\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"no format":   {"a: 1\n", []string{"1:1: is no file of objectives: it needs version: prometheus/v1 (Sloth), apiVersion: sloth.slok.dev/v1 or openslo/v1"}},
		"old version": {"apiVersion: openslo/v1alpha\nkind: SLO\n", []string{`1:13: apiVersion: "openslo/v1alpha" is none of openslo/v1, sloth.slok.dev/v1`}},
		"kind":        {"apiVersion: openslo/v1\nkind: SLOO\nmetadata: {name: a}\nspec: {}\n", []string{`2:7: kind: "SLOO" is none of SLO, SLI, AlertPolicy, AlertCondition, AlertNotificationTarget, DataSource, Service; did you mean SLO?`}},
		"calendar": {slo(indicator + "  timeWindow: [{duration: 1M, calendar: {startTime: 2020-01-21 12:30:00, timeZone: UTC}}]\n  objectives: [{target: 0.9}]\n"), []string{
			"8:16: spec.timeWindow[0]: a window that is aligned with the calendar cannot be carried out: ranges of Prometheus are rolling; write isRolling: true",
		}},
		"targets": {slo(indicator + "  objectives: [{target: 0.9, targetPercent: 90}, {targt: 0.9}]\n"), []string{
			"8:16: spec.objectives[0]: needs either target or targetPercent",
			"8:50: spec.objectives[1]: needs either target or targetPercent",
			"8:51: spec.objectives[1].targt: unknown key; did you mean target? (allowed: displayName, op, target, targetPercent, timeSliceTarget, timeSliceWindow, value)",
		}},
		"never fires": {slo(indicator + "  objectives: [{target: 0.1}]\n"), []string{
			"8:1: n: the page can never fire: 6 times a budget of 0.9 is a share of errors of 5.4, and there are none above 1; it can from an objective of 0.8333 on",
		}},
		"sloth": {"version: prometheus/v1\nservice: s\nslos:\n- {name: a, objective: 100, sli: {events: {error_query: 'rate(a[5m])', total_query: 'sum(rate(a[{{.window}}])'}}}\n- {name: b, objective: 99, sli: {plugin: {id: x}}}\n- {name: c, objective: 99, sli: {}}\n", []string{
			"4:24: slos[0].objective: 100 must be above 0 and below 100 (percent)",
			"4:57: slos[0].sli.events.error_query: has no {{.window}}: it would be the same for all windows",
			"4:85: slos[0].sli.events.total_query: is no PromQL: 1:16: parse error: unclosed left parenthesis",
			"5:42: slos[1].sli.plugin: plugins are code of Sloth, which does not run here; write what they do as queries and labels",
			"6:33: slos[2].sli: needs either events or raw",
		}},
		"empty": {slo(strings.Replace(indicator, "{query: a}", "null", 1) + "  objectives: [{target: 0.99}]\n"), []string{
			"7:102: spec.indicator.spec.ratioMetric.bad.metricSource.spec.query: is missing",
		}},
		"unit": {"version: prometheus/v1\nservice: s\nslos:\n- {name: a, objective: 99, sli: {raw: {error_ratio_query: 'rate(a[{{.window}}s])'}}}\n", []string{
			`4:59: slos[0].sli.raw.error_ratio_query: is no PromQL: 1:8: parse error: unknown unit "hs" in duration "1hs"`,
		}},
		"template": {"version: prometheus/v1\nservice: s\nslos:\n- {name: a, objective: 99, sli: {raw: {error_ratio_query: 'rate(a[{{.windo}}])'}}}\n", []string{
			"4:59: slos[0].sli.raw.error_ratio_query: has a template that is not {{.window}}",
		}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, violations(t, c.text)) })
	}
}

// TestImpossible refuses objectives on cards that can never be missed.
func TestImpossible(t *testing.T) {
	_, err := FromCards(cards(t, `
kind: model
name: m
positive_class: p
slos:
  - {name: a, measure: fpr, max: 1}
  - {name: b, measure: fpr, max: 0.9, min_samples: 10}
  - {name: c, measure: recall, max_decrease: {relative: 1}, compared_with: 7d}
  - {name: d, measure: fpr, max_increase: {absolute: 1}, compared_with: 20m}
  - {name: e, measure: agreement, min: 0}
  - {name: f, measure: fpr, max: 0.1, min_samples: 1000000000}
  - {name: g, objective: 0.5, latency_below: 70ms}
  - {name: h, objective: 0.5, latency_below: 50ms}
  - {name: i, objective: 0.99, latency_below: 50ms, period: 1d}
---
kind: model
name: n
slos:
  - {name: a, measure: fpr, max: 0.1}
`))
	var got []string
	for _, v := range yamldoc.Violations(err) {
		_, text, _ := strings.Cut(v.Error(), "card.yaml:")
		got = append(got, text)
	}
	assert.Equal(t, []string{
		`6: objective "a": the bound 1 can never be passed: the measure is 0 to 1`,
		`6: objective "a": min_samples 100 are too few for the bound 1: even if all of them were bad, it would not be passed for sure`,
		`7: objective "b": min_samples 10 are too few for the bound 0.9: even if all of them were bad, it would not be passed for sure`,
		`8: objective "c": a decrease of more than 1 of the value can never be`,
		`9: objective "d": a change of more than 1 can never be: the measure is 0 to 1`,
		`9: objective "d": compared_with 20m must be at least twice the window 15m`,
		`10: objective "e": the bound 0 can never be passed: the measure is 0 to 1`,
		`11: objective "f": min_samples 1e+09 are never reached: a window of 15m has at most 9e+07 at 100000 predictions a second`,
		`12: objective "g": latency_below 70ms is no bucket of ml_prediction_duration_seconds, so that nobody counts what is below; the nearest are 50ms and 100ms; where your ml_summary has it in duration_buckets, say own_bucket: true`,
		`13: objective "h": the page can never fire: 6 times a budget of 0.5 is a share of errors of 3, and there are none above 1; it can from an objective of 0.8333 on`,
		`14: objective "i": the period 1d is shorter than the window 3d of an alert`,
		`19: objective "a": measure false_positive_rate needs positive_class on the card`,
	}, got)
}

// TestWindowsOfOnesOwn gives Sloth's objectives the period and windows of AlertWindows beside them.
func TestWindowsOfOnesOwn(t *testing.T) {
	windows, err := os.ReadFile("testdata/sloth-7d.yaml")
	require.NoError(t, err)
	slos, err := ParseFiles([]File{{Name: "w", Content: windows}, {Name: "s", Content: []byte(`
version: prometheus/v1
service: s
slos:
- {name: a, objective: 99, sli: {events: {error_query: 'rate(a{code="500"}[{{.window}}]) # errors', total_query: 'rate(a[{{.window}}])'}}}
`)}})
	require.NoError(t, err)
	assert.Equal(t, 7*24*time.Hour, slos[0].Budget.Period)
	assert.Equal(t, objective.Pairs(7*24*time.Hour), slos[0].Budget.Pairs, "the built-in ones of 7 days are Sloth's")
	generated(t, slos)
}
