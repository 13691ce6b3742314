// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alertlog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An alert is one line when it begins and one when it ends; what is emitted no more is forgotten.
func TestRecord(t *testing.T) {
	core, lines := observer.New(zap.InfoLevel)
	l := New(zap.New(core), time.Minute)
	began := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	firing, ended := alerttest.Firing("a", began), alerttest.Resolved("a", began, began.Add(time.Hour))
	ended.Annotations["trace_url"] = "http://jaeger/1"
	for minute := range 3 {
		l.Record(began.Add(time.Duration(minute)*time.Minute), []alert.Alert{*firing, *alerttest.Firing("b", began)})
	}
	l.Record(began.Add(time.Hour), []alert.Alert{*ended})
	var messages []string
	for _, line := range lines.All() {
		messages = append(messages, line.Message)
	}
	assert.Equal(t, []string{"ALERT JobFailed: a failed", "ALERT JobFailed: b failed", "RESOLVED JobFailed: a failed http://jaeger/1"}, messages)
	assert.Len(t, l.logged, 1)
}
