// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

// Alerts is what an alert on the model or job carries.
type Alerts struct {
	// Severity is critical, warning or info.
	Severity string
	Runbook  string
	// Disable are the names of the alerts on a job that its card turns off, such as JobSlow.
	Disable []string
}

func (o object) alerts() Alerts {
	return Alerts{Severity: o.text("severity"), Runbook: o.text("runbook"), Disable: o.texts("disable")}
}
