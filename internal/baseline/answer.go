// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import (
	"slices"
	"strings"
)

// answerNames are what data sets call the model's answer, or what it should have been.
var answerNames = []string{
	"target", "label", "labels", "y", "y_true", "y_pred", "prediction", "predicted", "predictions", "class", "outcome", "response",
	"survived", "churn", "churned", "default", "defaulted", "fraud", "is_fraud", "employed", "approved", "converted", "clicked", "ground_truth",
}

// noteAnswer says which feature may be the model's answer where no column was named as that: the
// last one with such a name, else the last column of all if it has two values.
func (p *planner) noteAnswer() {
	if p.options.Prediction != "" || p.options.Features != nil {
		return
	}
	var answer *PlannedColumn
	for _, c := range p.plan.Features {
		if !c.included && slices.Contains(answerNames, strings.ToLower(c.Name)) {
			answer = c
		}
	}
	if n := len(p.plan.Columns); answer == nil && n > 1 {
		if c := p.plan.Columns[n-1]; c.Role == RoleFeature && !c.included && c.Distinct == 2 {
			answer = c
		}
	}
	if answer != nil {
		answer.note("the model's answer? --prediction %s, or --exclude it if it is the truth; as it is, it is a feature", flagName(answer.Name))
	}
}
