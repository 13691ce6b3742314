// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// lines are the whole lines of a file that is being written.
func lines(t *testing.T, file string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return bytes.Split(data[:bytes.LastIndexByte(data, '\n')], []byte("\n"))
}

func text(attributes pcommon.Map, key string) string {
	if value, ok := attributes.Get(key); ok {
		return value.AsString()
	}
	return ""
}

// records are the log records of a file that the collector writes.
func records(t *testing.T, file string) []plog.LogRecord {
	t.Helper()
	var out []plog.LogRecord
	for _, line := range lines(t, file) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					out = append(out, record)
				}
			}
		}
	}
	return out
}

// withoutTime is a baseline without the time at which it was made.
func withoutTime(t *testing.T, file string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var baseline map[string]any
	require.NoError(t, json.Unmarshal(content, &baseline))
	delete(baseline, "created_at")
	return baseline
}
