// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/slo/block"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/objective"
)

// policies reads the alerts of an objective; nil where it names none, and the usual ones are made.
func (r *Reader) policies(spec block.Block, s *objective.SLO) []objective.Condition {
	if !spec.Has("alertPolicies") {
		return nil
	}
	conditions := []objective.Condition{}
	for _, item := range spec.List("alertPolicies") {
		policy := item
		if item.Has("alertPolicyRef") {
			item.Only("alertPolicyRef")
			target, ok := r.refer(item, "alertPolicyRef", "AlertPolicy")
			if !ok {
				continue
			}
			policy = target
		} else {
			item.Only("apiVersion", "kind", "metadata", "spec")
			named(item)
		}
		if c, ok := r.policy(policy, s); ok {
			conditions = append(conditions, c)
		}
	}
	return conditions
}

func (r *Reader) policy(b block.Block, s *objective.SLO) (objective.Condition, bool) {
	name, spec := b.Child("metadata").Text("name"), b.Child("spec")
	spec.Only("description", "alertWhenNoData", "alertWhenResolved", "alertWhenBreaching", "conditions", "notificationTargets")
	spec.Need("conditions")
	note := func(format string, args ...any) {
		s.Notes = append(s.Notes, "alert policy "+name+": "+fmt.Sprintf(format, args...))
	}
	if spec.Flag("alertWhenNoData") {
		s.NoData = objective.AlertNoData
	}
	if spec.Flag("alertWhenResolved") {
		note("alertWhenResolved is not carried out here: Alertmanager sends what is resolved (send_resolved)")
	}
	for _, target := range spec.List("notificationTargets") {
		name := target.Child("metadata").Text("name")
		if target.Has("targetRef") {
			r.refer(target, "targetRef", "AlertNotificationTarget")
			name = target.Text("targetRef")
		}
		note("the notification target %s is not carried out here: routes are Alertmanager's, by the labels of the alert", name)
	}
	conditions := spec.List("conditions")
	if len(conditions) != 1 && spec.Has("conditions") {
		spec.Fail("conditions", "has %d items, it must have 1", len(conditions))
		return objective.Condition{}, false
	}
	if len(conditions) == 0 {
		return objective.Condition{}, false
	}
	c, ok := r.condition(conditions[0])
	if spec.Has("alertWhenBreaching") && !spec.Flag("alertWhenBreaching") {
		note("alertWhenBreaching is false: its condition makes no alert")
		return c, false
	}
	return c, ok
}

func (r *Reader) condition(item block.Block) (objective.Condition, bool) {
	b := item
	if item.Has("conditionRef") {
		item.Only("conditionRef")
		target, ok := r.refer(item, "conditionRef", "AlertCondition")
		if !ok {
			return objective.Condition{}, false
		}
		b = target
	} else {
		b.Only("apiVersion", "kind", "metadata", "spec")
	}
	spec := b.Child("spec")
	spec.Only("description", "severity", "condition")
	spec.Need("severity", "condition")
	in := spec.Child("condition")
	in.Only("kind", "op", "threshold", "lookbackWindow", "alertAfter")
	in.Need("threshold", "lookbackWindow")
	if in.Has("kind") {
		in.OneOf("kind", "burnrate")
	}
	if in.Has("op") && in.OneOf("op", "gt", "gte", "lt", "lte") != "gt" && in.Text("op") != "gte" {
		in.Fail("op", "a burn rate alerts when it is high: gt or gte")
	}
	c := objective.Condition{Name: named(b), Severity: spec.Text("severity"), Window: duration(in, "lookbackWindow"), Op: ">"}
	if in.Text("op") == "gte" {
		c.Op = ">="
	}
	if in.Has("alertAfter") && in.Text("alertAfter") != "0m" {
		c.For = duration(in, "alertAfter")
	}
	if threshold := in.Number("threshold"); threshold != nil {
		if c.Factor = *threshold; c.Factor <= 0 {
			in.Fail("threshold", "%v must be above 0", c.Factor)
		}
	}
	return c, true
}
