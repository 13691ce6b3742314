// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Logs encodes alerts that a component with the given resource, scope and version has observed at
// now, a record each.
func Logs(alerts []Alert, resource pcommon.Resource, scope, version string, now time.Time) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	resource.CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scope)
	sl.Scope().SetVersion(version)
	sl.LogRecords().EnsureCapacity(len(alerts))
	for i := range alerts {
		lr := sl.LogRecords().AppendEmpty()
		alerts[i].Encode(lr)
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	}
	return ld
}
