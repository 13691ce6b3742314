// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import "go.opentelemetry.io/collector/pdata/plog"

// maxSeverity is the length of a severity in bytes.
const maxSeverity = 64

// valid reports whether a severity is a word of ASCII letters, digits, underscores and dashes that begins with a
// letter. Rules that people write have others than ours, such as page and ticket, by which Alertmanager routes.
func (s Severity) valid() bool {
	if s == "" || len(s) > maxSeverity {
		return false
	}
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}

// Number returns the severity as log records have it: critical is ERROR (17), warning is WARN (13),
// info is INFO (9). Of other words ticket and minor are warnings, none and low are informative, and
// the rest, such as page, counts as critical.
func (s Severity) Number() plog.SeverityNumber {
	switch s {
	case Warning, "warn", "ticket", "minor", "medium":
		return plog.SeverityNumberWarn
	case Info, "informational", "notice", "none", "low", "debug":
		return plog.SeverityNumberInfo
	default:
		return plog.SeverityNumberError
	}
}
