// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// driftAlerts are the alerts of ml_drift on a model against its baseline, by what they are about;
// of several the newest that fired. What has grown and which prediction shows it are the
// collector's words, not the demo's.
func driftAlerts(all []alert.Alert, model string) map[key]alert.Alert {
	found := map[key]alert.Alert{}
	for _, a := range all {
		if a.Labels["model"] != model || a.Labels["reference"] != "baseline" || a.State != alert.Firing {
			continue
		}
		k := key{a.Labels["subject"], a.Labels["feature"], a.Labels["segment"]}
		if before := found[k]; a.TraceID.IsEmpty() && before.StartsAt.Equal(a.StartsAt) { // the newest window has no row to show
			a.TraceID, a.SpanID = before.TraceID, before.SpanID
		}
		found[k] = a
	}
	return found
}

// alertOf waits for an alert on a job in a state, in the file to which the collector writes alerts.
func (c *collector) alertOf(ctx context.Context, limit time.Duration, name string, state alert.State) (found alert.Alert, err error) {
	err = poll(ctx, limit, 100*time.Millisecond, func() (bool, error) {
		all, err := readAlerts(c.alerts)
		for _, a := range all {
			if a.Labels["job"] == name && a.State == state {
				found = a
				return true, nil
			}
		}
		return false, err
	})
	if errors.Is(err, errTime) {
		return found, fmt.Errorf("%w: there is no %s alert of %s in %s", errNoJobs, state, name, c.alerts)
	}
	return found, err
}

// readAlerts reads what the file exporter has written; nothing if there is no file yet.
func readAlerts(path string) (all []alert.Alert, err error) {
	var decoder plog.JSONUnmarshaler
	err = eachLine(path, func(line []byte) error {
		logs, err := decoder.UnmarshalLogs(line)
		if err != nil {
			return err
		}
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					if a, err := alert.Decode(record); err == nil {
						all = append(all, a)
					}
				}
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return all, err
}
