// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"
	"go.uber.org/zap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errFull = errors.New("full")

func TestStorage(t *testing.T) {
	id := component.MustNewID("ml_drift")
	value := []byte("1")
	s := NewStorage(map[string][]byte{"a": value})
	value[0] = 'x'
	c, err := s.GetClient(t.Context(), component.KindConnector, id, "")
	require.NoError(t, err)
	_, err = s.GetClient(t.Context(), component.KindConnector, id, "")
	require.ErrorIs(t, err, errInUse)
	other, err := s.GetClient(t.Context(), component.KindConnector, id, "other")
	require.NoError(t, err)
	require.NoError(t, other.Close(t.Context()))

	got, err := c.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "1", string(got), "not the caller's bytes")
	before := s.Copy()
	get := storage.GetOperation("a")
	require.NoError(t, c.Batch(t.Context(), get, storage.SetOperation("b", []byte("2")), storage.DeleteOperation("a")))
	assert.Equal(t, "1", string(get.Value))
	assert.Equal(t, map[string][]byte{"b": []byte("2")}, s.Values())
	assert.Equal(t, map[string][]byte{"a": []byte("1")}, before.Values())
	require.NoError(t, c.Delete(t.Context(), "b"))
	s.Put("c", nil)

	ended, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, c.Set(ended, "c", []byte("3")))
	assert.Equal(t, 1, s.Canceled())
	s.Fail(errFull)
	require.ErrorIs(t, c.Set(t.Context(), "c", nil), errFull)
	_, err = c.Get(t.Context(), "c")
	require.ErrorIs(t, err, errFull)
	s.Fail(nil)
	assert.Equal(t, map[string][]byte{"c": []byte("3")}, s.Values())
	assert.Equal(t, 3, s.Batches())

	require.NoError(t, c.Close(t.Context()))
	require.ErrorIs(t, c.Close(t.Context()), errClosed)
	require.ErrorIs(t, c.Set(t.Context(), "c", nil), errClosed)
	assert.Equal(t, 2, s.Closed())
	assert.Zero(t, s.Open())
	_, err = s.GetClient(t.Context(), component.KindConnector, id, "")
	require.NoError(t, err)
	assert.Equal(t, []StorageOwner{{component.KindConnector, id, ""}, {component.KindConnector, id, "other"}, {component.KindConnector, id, ""}}, s.Owners())
	assert.Same(t, s, Host{id: s}.GetExtensions()[id])
}

func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Answers
		require.NoError(t, a.Answer(t.Context()))
		a.Fail(errFull, nil)
		require.ErrorIs(t, a.Answer(t.Context()), errFull)
		require.NoError(t, a.Answer(t.Context()))
		require.NoError(t, a.Answer(t.Context()))
		a.Fail(errFull)
		require.ErrorIs(t, a.Answer(t.Context()), errFull)
		require.ErrorIs(t, a.Answer(t.Context()), errFull)
		a.Fail()
		require.NoError(t, a.Answer(t.Context()))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a.Hang(true)
		require.ErrorIs(t, a.Answer(ctx), context.DeadlineExceeded)
		a.Hang(false)

		until, answered := make(chan struct{}), false
		a.Hold(until)
		go func() {
			assert.NoError(t, a.Answer(ctx))
			answered = true
		}()
		Advance(time.Hour)
		assert.False(t, answered)
		close(until)
		synctest.Wait()
		assert.True(t, answered)
	})
}

func TestSinks(t *testing.T) {
	td, md, ld := ptrace.NewTraces(), pmetric.NewMetrics(), plog.NewLogs()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("s")
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetName("m")
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetEventName("l")
	var traces TracesSink
	var metrics MetricsSink
	var logs LogsSink
	for _, err := range []error{errFull, nil} {
		traces.Fail(err)
		metrics.Fail(err)
		logs.Fail(err)
		require.ErrorIs(t, traces.ConsumeTraces(t.Context(), td), err)
		require.ErrorIs(t, metrics.ConsumeMetrics(t.Context(), md), err)
		require.ErrorIs(t, logs.ConsumeLogs(t.Context(), ld), err)
	}
	spans := slices.Collect(Spans(traces.AllTraces()...))
	require.Len(t, spans, 1)
	assert.Equal(t, "s", spans[0].Name())
	series := slices.Collect(Metrics(metrics.AllMetrics()...))
	require.Len(t, series, 1)
	assert.Equal(t, "m", series[0].Name())
	records := slices.Collect(LogRecords(logs.AllLogs()...))
	require.Len(t, records, 1)
	assert.Equal(t, "l", records[0].EventName())
	for range Spans(td, td) {
		break
	}
	for range Metrics(md, md) {
		break
	}
	for range LogRecords(ld, ld) {
		break
	}
}

func TestPoints(t *testing.T) {
	md := pmetric.NewMetrics()
	list := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, name := range []string{"a", "b", "a", "a"} {
		list.AppendEmpty().SetName(name)
	}
	list.At(0).SetEmptyGauge().DataPoints().AppendEmpty().SetDoubleValue(0.5)
	list.At(1).SetEmptySum().DataPoints().AppendEmpty().SetIntValue(7)
	list.At(2).SetEmptySum().DataPoints().AppendEmpty().SetIntValue(2)
	list.At(3).SetEmptyHistogram().DataPoints().AppendEmpty()
	var got []float64
	for p := range Points("a", md) {
		got = append(got, Number(p))
	}
	assert.Equal(t, []float64{0.5, 2}, got)
	for range Points("a", md) {
		break
	}
}

func TestObserveLogs(t *testing.T) {
	set := componenttest.NewNopTelemetrySettings()
	logs := ObserveLogs(&set, zap.WarnLevel)
	set.Logger.Info("quiet")
	set.Logger.Warn("loud")
	assert.Equal(t, 1, logs.Len())
}
