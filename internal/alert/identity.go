// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"maps"

	"github.com/prometheus/common/model"

	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// LabelSet returns the alert's identity as Alertmanager gets it: alertname, severity and the labels
// in their normal form (names as [CleanName] makes them, values of valid UTF-8, none empty).
func (a *Alert) LabelSet() map[string]string {
	n := a.normal()
	return n.labelSet()
}

// HasHidden reports whether the name or a label has a character that is escaped in the normal form.
// The fingerprint of such an alert was another one in versions that escaped none.
func (a *Alert) HasHidden() bool {
	for _, value := range a.Labels {
		if visible.Line(value) != value {
			return true
		}
	}
	return visible.Line(a.Name) != a.Name
}

func (a *Alert) labelSet() map[string]string {
	set := make(map[string]string, len(a.Labels)+2)
	maps.Copy(set, a.Labels)
	set[labelSeverity] = string(a.Severity)
	if a.Name != "" {
		set[labelName] = a.Name
	}
	return set
}

// Fingerprint returns 16 hex digits that identify the alert: the fingerprint that Alertmanager
// shows for LabelSet.
func (a *Alert) Fingerprint() string { return fingerprint(a.LabelSet()) }

// fingerprint returns Alertmanager's fingerprint of a label set.
func fingerprint(set map[string]string) string {
	return model.Fingerprint(model.LabelsToSignature(set)).String()
}
