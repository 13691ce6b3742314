// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"fmt"
	"maps"
	"slices"
)

// LabelSet returns the alert's identity as Alertmanager gets it: alertname, severity and the labels in their normal
// form (names as [CleanName] makes them, values of valid UTF-8, none empty).
func (a *Alert) LabelSet() map[string]string {
	n := a.normal()
	return n.labelSet()
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

// Fingerprint returns 16 hex digits that identify the alert: the fingerprint that Alertmanager shows for LabelSet.
func (a *Alert) Fingerprint() string { return Fingerprint(a.LabelSet()) }

// Fingerprint returns Alertmanager's fingerprint of a label set as 16 hex digits: FNV-1a over names and values in the
// order of the names, each followed by the byte 255 (LabelSet.Fingerprint in github.com/prometheus/common/model).
func Fingerprint(set map[string]string) string {
	const offset, prime = 14695981039346656037, 1099511628211
	sum := uint64(offset)
	add := func(s string) {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * prime
		}
		sum = (sum ^ 0xff) * prime
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		add(name)
		add(set[name])
	}
	return fmt.Sprintf("%016x", sum)
}
