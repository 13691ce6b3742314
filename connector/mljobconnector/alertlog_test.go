// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// A failed run is a line in the collector's log when it begins and one when it is over, whatever is
// emitted in between and whether or not the alert finds its way.
func TestAlertIsOneLineInTheLog(t *testing.T) {
	const said = "JobFailed: recsys failed at train: ValueError: bad batch (run 00000000000000000000000000000001). " +
		"http://localhost:16686/trace/00000000000000000000000000000001?uiFind=0000000000000003"
	for name, edges := range map[string][]string{"with logs": nil, "with metrics only": {"logs"}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, nil)
				lines := testkit.ObserveLogs(&r.set.TelemetrySettings, zap.InfoLevel)
				r.start(edges...)
				defer r.shutdown()
				testkit.Advance(time.Hour)
				r.consume(r.run("extract", "train!"))
				testkit.Advance(10 * time.Minute)
				firing := lines.FilterLevelExact(zapcore.WarnLevel).FilterMessageSnippet("ALERT").All()
				require.Len(t, firing, 1)
				assert.Equal(t, "ALERT "+said, firing[0].Message)
				r.consume(r.run("extract", "train"))
				testkit.Advance(10 * time.Minute)
				resolved := lines.FilterMessageSnippet("RESOLVED").All()
				require.Len(t, resolved, 1)
				assert.Equal(t, zapcore.InfoLevel, resolved[0].Level)
				assert.Equal(t, "RESOLVED "+said, resolved[0].Message)
				assert.Len(t, lines.FilterMessageSnippet("ALERT").All(), 1)
				testkit.Advance(2 * time.Hour)
				r.consume(r.run("extract", "train!"))
				testkit.Advance(time.Minute)
				assert.Len(t, lines.FilterMessageSnippet("ALERT").All(), 2, "another failure is said again")
			})
		})
	}
}
