// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// ObserveLogs has a component log into what it returns: lines of a level and above.
func ObserveLogs(set *component.TelemetrySettings, level zapcore.Level) *observer.ObservedLogs {
	core, logs := observer.New(level)
	set.Logger = zap.New(core)
	return logs
}

// Advance moves the clock of a synctest bubble on, and waits until all that was due then has
// happened.
func Advance(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
