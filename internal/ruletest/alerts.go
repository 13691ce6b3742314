// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// alert is one that fires, or that should.
type alert struct{ labels, annotations labels.Labels }

func (a alert) compare(b alert) int {
	return cmp.Or(labels.Compare(a.labels, b.labels), labels.Compare(a.annotations, b.annotations))
}

func (a alert) equal(b alert) bool { return a.compare(b) == 0 }

// checkAlerts compares the alerts of one name that fire now with those that are expected.
func (r *runner) checkAlerts(c alertCase) {
	expected := make([]alert, 0, len(c.Expected))
	for _, e := range c.Expected {
		l := map[string]string{}
		maps.Copy(l, e.Labels)
		l[labels.AlertName] = c.AlertName
		expected = append(expected, alert{labels: labels.FromMap(l), annotations: labels.FromMap(e.Annotations)})
	}
	got := r.firing(c.AlertName)
	slices.SortFunc(expected, alert.compare)
	slices.SortFunc(got, alert.compare)
	if slices.EqualFunc(expected, got, alert.equal) {
		return
	}
	r.failures = append(r.failures, r.errorf(c.line, "alert %s at %s:\n%s", c.AlertName, c.EvalTime, describeAlerts(expected, got)))
}

// firing are the alerts of a name that fire, of all groups.
func (r *runner) firing(name string) []alert {
	var list []alert
	for _, rule := range r.alertingRules() {
		if rule.Name() != name {
			continue
		}
		for _, a := range rule.ActiveAlerts() {
			if a.State == rules.StateFiring {
				list = append(list, alert{labels: a.Labels, annotations: a.Annotations})
			}
		}
	}
	return list
}

// describeAlerts says which alerts were expected and do not fire (-), which fire and were not
// expected (+), and, of those whose labels are right, which annotations differ.
func describeAlerts(expected, got []alert) string {
	missing := without(expected, got)
	surplus := without(got, expected)
	var lines []string
	for _, e := range missing {
		i := slices.IndexFunc(surplus, func(a alert) bool { return labels.Equal(a.labels, e.labels) })
		if i < 0 {
			lines = append(lines, "- expected, does not fire: "+e.String())
			continue
		}
		lines = append(lines, "  annotations of "+e.labels.String()+":")
		lines = append(lines, describeAnnotations(e.annotations, surplus[i].annotations)...)
		surplus = slices.Delete(surplus, i, i+1)
	}
	for _, a := range surplus {
		lines = append(lines, "+ fires, not expected:     "+a.String())
	}
	return "    " + strings.Join(lines, "\n    ")
}

// without is what list has and other has not, each as often as list has it more often.
func without(list, other []alert) []alert {
	rest := slices.Clone(other)
	var out []alert
	for _, a := range list {
		if i := slices.IndexFunc(rest, a.equal); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		out = append(out, a)
	}
	return out
}

func describeAnnotations(expected, got labels.Labels) []string {
	names := map[string]bool{}
	expected.Range(func(l labels.Label) { names[l.Name] = true })
	got.Range(func(l labels.Label) { names[l.Name] = true })
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		want, have := expected.Get(name), got.Get(name)
		if want == have && expected.Has(name) == got.Has(name) {
			continue
		}
		if expected.Has(name) {
			lines = append(lines, fmt.Sprintf("  - %s: %q", name, want))
		}
		if got.Has(name) {
			lines = append(lines, fmt.Sprintf("  + %s: %q", name, have))
		}
	}
	return lines
}

// String has the labels, and the annotations, one a line.
func (a alert) String() string {
	var b strings.Builder
	b.WriteString(a.labels.String())
	a.annotations.Range(func(l labels.Label) { fmt.Fprintf(&b, "\n        %s: %q", l.Name, l.Value) })
	return b.String()
}
