// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package alerttest makes alerts for tests.
package alerttest

import (
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// Firing is an alert on a job that began at a time.
func Firing(job string, start time.Time) *alert.Alert {
	return &alert.Alert{
		Name: "JobFailed", Severity: alert.Critical, State: alert.Firing, Labels: map[string]string{"job": job},
		Annotations: map[string]string{}, Summary: job + " failed", StartsAt: start,
	}
}

// Resolved is the same alert after its end.
func Resolved(job string, start, end time.Time) *alert.Alert {
	a := Firing(job, start)
	a.State, a.EndsAt = alert.Resolved, end
	return a
}
