// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

// Alerts is what an alert on the model or job carries.
type Alerts struct {
	// Severity is critical, warning or info.
	Severity string
	Runbook  string
}

func (o object) alerts() Alerts {
	return Alerts{Severity: o.text("severity"), Runbook: o.text("runbook")}
}
