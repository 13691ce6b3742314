// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/otelcol-ml/otelcol-ml/internal/alert"

// driftAlerts are the alerts of ml_drift on a model against its baseline, by what they are about; of several the newest that fired. What has
// grown and which prediction shows it are the collector's words, not the demo's.
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
