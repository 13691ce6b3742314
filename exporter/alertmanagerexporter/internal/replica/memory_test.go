// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
)

// The figures of the README: bytes per alert of three labels and ten annotations of 40 bytes, as it
// came over the wire, and bytes per alert in the ledger of one more replica.
func TestMemory(t *testing.T) {
	const n = 10_000
	heap := func() float64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return float64(stats.HeapAlloc)
	}
	before := heap()
	alerts, fingerprints := make([]*alert.Alert, n), make([]string, n)
	for i := range alerts {
		a := alerttest.Firing(fmt.Sprintf("job-%d", i), epoch)
		a.Labels["stage"], a.Labels["environment"] = "train", "production"
		for j := range 10 {
			a.Annotations[fmt.Sprintf("annotation_%d", j)] = fmt.Sprintf("%040d", i)
		}
		a.TraceID = pcommon.TraceID{1}
		ld := plog.NewLogs()
		a.Encode(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		bytes, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		ld, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(bytes)
		require.NoError(t, err)
		decoded, err := alert.Decode(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
		require.NoError(t, err)
		alerts[i], fingerprints[i] = &decoded, decoded.Fingerprint()
	}
	decoded := heap()
	ledgers := []*ledger{testLedger(nil), testLedger(nil)}
	for _, l := range ledgers {
		for i := range alerts {
			l.put(epoch, fingerprints[i], alerts[i])
		}
	}
	held := heap()
	perAlert, perReplica := (decoded-before)/n, (held-decoded)/n/float64(len(ledgers))
	t.Logf("%.0f bytes per alert, %.0f per replica", perAlert, perReplica)
	assert.Less(t, perAlert, 3000.0)
	assert.Less(t, perReplica, 400.0)
	runtime.KeepAlive(ledgers)
	runtime.KeepAlive(alerts)
}
