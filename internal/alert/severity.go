// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import "go.opentelemetry.io/collector/pdata/plog"

func (s Severity) known() bool { return s == Critical || s == Warning || s == Info }

// Number returns the severity as log records have it: critical is ERROR (17), warning is WARN (13),
// info is INFO (9).
func (s Severity) Number() plog.SeverityNumber {
	switch s {
	case Warning:
		return plog.SeverityNumberWarn
	case Info:
		return plog.SeverityNumberInfo
	default:
		return plog.SeverityNumberError
	}
}
