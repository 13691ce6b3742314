// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/alert/alerttest"
	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEmit(t *testing.T) {
	began := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	now := began.Add(time.Minute)
	core, lines := observer.New(zap.WarnLevel)
	e := &Emitter{Resource: pcommon.NewResource(), Scope: "scope", Version: "v1", Timeout: time.Second, Logger: zap.New(core)}
	e.Resource.Attributes().PutStr("host.name", "a")
	due := []alert.Alert{*alerttest.Firing("a", began), *alerttest.Resolved("b", began, now)}

	sink := new(consumertest.LogsSink)
	outcome := e.Emit(t.Context(), sink, now, due)
	assert.Equal(t, Sent, outcome)
	assert.True(t, outcome.Settled())
	require.Equal(t, 2, sink.LogRecordCount())
	rl := sink.AllLogs()[0].ResourceLogs().At(0)
	assert.Equal(t, map[string]any{"host.name": "a"}, rl.Resource().Attributes().AsRaw())
	assert.Equal(t, "scope", rl.ScopeLogs().At(0).Scope().Name())
	for i, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
		assert.Equal(t, now, lr.ObservedTimestamp().AsTime())
		a, err := alert.Decode(lr)
		require.NoError(t, err)
		assert.Equal(t, due[i], a)
	}

	outcome = e.Emit(t.Context(), consumertest.NewErr(consumererror.NewPermanent(errors.New("no"))), now, due)
	assert.Equal(t, Refused, outcome)
	assert.True(t, outcome.Settled(), "nothing else would become of them a second later")
	outcome = e.Emit(t.Context(), consumertest.NewErr(errors.New("down")), now, due)
	assert.Equal(t, Failed, outcome)
	assert.False(t, outcome.Settled())
	assert.Equal(t, 2, lines.Len())

	other := new(consumertest.LogsSink)
	assert.Equal(t, Sent, e.EmitRecords(t.Context(), other, "Records", func(to plog.LogRecordSlice) { to.AppendEmpty().Body().SetStr("it") }))
	require.Equal(t, 1, other.LogRecordCount())
	assert.Equal(t, "it", other.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())

	hangs, err := consumer.NewLogs(func(ctx context.Context, _ plog.Logs) error {
		<-ctx.Done()
		return ctx.Err()
	})
	require.NoError(t, err)
	e.Timeout = time.Millisecond
	assert.Equal(t, Failed, e.Emit(t.Context(), hangs, now, due))
}

// TestControlCharacters leaves line breaks in annotations only where people write them.
func TestControlCharacters(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	due := alerttest.Firing("a", now)
	due.Labels["job"] = "a\x1b[2J\xfc"
	due.Annotations["message"], due.Annotations["fine"] = "one\ntwo\x1b", "fine"
	for _, breaks := range []bool{false, true} {
		e := &Emitter{Resource: pcommon.NewResource(), Timeout: time.Second, Logger: zap.NewNop(), LineBreaks: breaks}
		e.Resource.Attributes().PutStr("host.name", "h\xfc")
		sink := new(consumertest.LogsSink)
		require.Equal(t, Sent, e.Emit(t.Context(), sink, now, []alert.Alert{*due}))
		require.NoError(t, testkit.StrictLogs(sink.AllLogs()[0]))
		attrs := sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
		assert.Equal(t, `a\u001b[2J`+"\uFFFD", attrs["ml.alert.label.job"])
		assert.Equal(t, map[bool]string{false: `one\u000atwo\u001b`, true: "one\ntwo" + `\u001b`}[breaks], attrs["ml.alert.annotation.message"])
		assert.Equal(t, "fine", attrs["ml.alert.annotation.fine"])
		assert.Equal(t, "one\ntwo\x1b", due.Annotations["message"], "the source's own is as it was")
	}
}
