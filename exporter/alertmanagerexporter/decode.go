// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertmanagerexporter

import (
	"errors"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// decoded is what a request holds.
type decoded struct {
	alerts []*alert.Alert
	cut    []cut
	// skipped are records that are no alerts; unreadable those that lack something, the last of
	// them for reason.
	skipped, unreadable int
	reason              error
}

// cut is an alert whose strings were too long or too many.
type cut struct {
	alertname string
	cuts      alert.Cuts
}

func decode(ld plog.Logs) (in decoded) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				in.record(lr)
			}
		}
	}
	return in
}

func (in *decoded) record(lr plog.LogRecord) {
	a, cuts, err := alert.Read(lr)
	switch {
	case errors.Is(err, alert.ErrNoAlert):
		in.skipped++
		return
	case err != nil:
		in.unreadable++
		in.reason = err
		return
	}
	if cuts.Number > 0 {
		in.cut = append(in.cut, cut{a.Name, cuts})
	}
	in.alerts = append(in.alerts, &a)
}
