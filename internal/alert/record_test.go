// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

var update = flag.Bool("update", false, "write the golden records")

func encode(alerts ...*Alert) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, a := range alerts {
		a.Encode(records.AppendEmpty())
	}
	return ld
}

func record(ld plog.Logs, i int) plog.LogRecord {
	return ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(i)
}

// What Decode returns is the normal form of what was encoded, also after a trip as OTLP; and it is
// its own normal form.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		a := randomAlert(r)
		bytes, err := (&plog.ProtoMarshaler{}).MarshalLogs(encode(a))
		require.NoError(t, err)
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(bytes)
		require.NoError(t, err)
		got, err := Decode(record(ld, 0))
		require.NoError(t, err)
		require.Equal(t, a.normal(), got)
		require.Equal(t, got, got.normal())
		require.Equal(t, a.Fingerprint(), got.Fingerprint())
		fingerprint, _ := record(ld, 0).Attributes().Get(mlconv.AttrAlertFingerprint)
		require.Equal(t, got.Fingerprint(), fingerprint.Str())
	}
	a := example()
	got, err := Decode(record(encode(a), 0))
	require.NoError(t, err)
	assert.Equal(t, *a, got, "nothing of a proper alert is changed")
}

func TestGolden(t *testing.T) {
	firing, resolved := example(), example()
	resolved.State, resolved.EndsAt = Resolved, time.Date(2026, 11, 22, 3, 41, 7, 500_000_000, time.UTC)
	resolved.Summary = "recsys_daily is good again: run manual__2026-11-22 succeeded"
	for file, a := range map[string]*Alert{"testdata/firing.json": firing, "testdata/resolved.json": resolved} {
		got, err := (&plog.JSONMarshaler{}).MarshalLogs(encode(a))
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o600))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))

		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(want)
		require.NoError(t, err)
		decoded, err := Decode(record(ld, 0))
		require.NoError(t, err)
		assert.Equal(t, *a, decoded)
	}
}

func TestShapeOfTheRecord(t *testing.T) {
	a := example()
	lr := record(encode(a), 0)
	assert.True(t, Is(lr))
	assert.Equal(t, "ml.alert", lr.EventName())
	assert.Equal(t, a.StartsAt, lr.Timestamp().AsTime())
	assert.Zero(t, lr.ObservedTimestamp(), "it is the source's")
	assert.Equal(t, plog.SeverityNumberError, lr.SeverityNumber())
	assert.Equal(t, "critical", lr.SeverityText())
	assert.Equal(t, a.Summary, lr.Body().Str())
	assert.Equal(t, a.TraceID, lr.TraceID())
	assert.Equal(t, a.SpanID, lr.SpanID())
	for key, value := range lr.Attributes().All() {
		assert.Equal(t, pcommon.ValueTypeStr, value.Type(), key)
	}
	_, ended := lr.Attributes().Get(mlconv.AttrAlertEnd)
	assert.False(t, ended, "it fires")
}

func TestSeverityNumber(t *testing.T) {
	assert.Equal(t, plog.SeverityNumberError, Critical.Number())
	assert.Equal(t, plog.SeverityNumberWarn, Warning.Number())
	assert.Equal(t, plog.SeverityNumberInfo, Info.Number())
	assert.Equal(t, plog.SeverityNumberError, Severity("page").Number(), "unknown counts as critical")
}

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(plog.LogRecord)
		want   []string
	}{
		"no name":      {func(lr plog.LogRecord) { lr.Attributes().Remove("ml.alert.name") }, []string{"'ml.alert.name' is missing"}},
		"no state":     {func(lr plog.LogRecord) { lr.Attributes().Remove("ml.alert.state") }, []string{"'ml.alert.state'", `""`}},
		"odd state":    {func(lr plog.LogRecord) { lr.Attributes().PutStr("ml.alert.state", "Firing") }, []string{"'ml.alert.state'", `"Firing"`}},
		"no severity":  {func(lr plog.LogRecord) { lr.Attributes().Remove("ml.alert.severity") }, []string{"'ml.alert.severity'"}},
		"odd severity": {func(lr plog.LogRecord) { lr.Attributes().PutInt("ml.alert.severity", 5) }, []string{"'ml.alert.severity'", `"5"`}},
		"no start":     {func(lr plog.LogRecord) { lr.SetTimestamp(0) }, []string{"Timestamp"}},
		"far start":    {func(lr plog.LogRecord) { lr.SetTimestamp(math.MaxInt64) }, []string{"Timestamp"}},
		"odd start":    {func(lr plog.LogRecord) { lr.SetTimestamp(math.MaxUint64) }, []string{"Timestamp"}},
		"no end":       {func(lr plog.LogRecord) { lr.Attributes().Remove("ml.alert.end") }, []string{"'ml.alert.end' is missing"}},
		"odd end":      {func(lr plog.LogRecord) { lr.Attributes().PutStr("ml.alert.end", "noon") }, []string{"'ml.alert.end'", `"noon"`}},
		"far end":      {func(lr plog.LogRecord) { lr.Attributes().PutStr("ml.alert.end", "2400-01-01T00:00:00Z") }, []string{"'ml.alert.end'"}},
		"all": {
			func(lr plog.LogRecord) { lr.Attributes().Clear(); lr.SetTimestamp(0) },
			[]string{"ml.alert.name", "ml.alert.state", "ml.alert.severity", "Timestamp"},
		},
	} {
		a := example()
		a.State, a.EndsAt = Resolved, a.StartsAt.Add(time.Hour)
		lr := record(encode(a), 0)
		_, err := Decode(lr)
		require.NoError(t, err)
		c.change(lr)
		_, err = Decode(lr)
		for _, want := range c.want {
			assert.ErrorContains(t, err, want, name)
		}
	}

	lr := record(encode(example()), 0)
	lr.SetEventName("ml.alarm")
	assert.False(t, Is(lr))
	_, err := Decode(lr)
	assert.ErrorIs(t, err, ErrNoAlert)
}

func TestDecodeReadsWhatOthersWrite(t *testing.T) {
	lr := record(encode(example()), 0)
	lr.Body().SetEmptyMap().PutStr("text", "x")
	lr.Attributes().PutInt("ml.alert.label.shard", 7)
	lr.Attributes().PutStr("ml.alert.label.feature.name", "amount")
	lr.Attributes().PutStr("ml.alert.label.alertname", "Other")
	lr.Attributes().PutStr("ml.alert.fingerprint", "stale")
	lr.Attributes().PutDouble("ml.alert.annotation.loss", 0.5)
	lr.Attributes().PutStr("other", "x")
	a, err := Decode(lr)
	require.NoError(t, err)
	assert.JSONEq(t, `{"text":"x"}`, a.Summary)
	assert.Equal(t, map[string]string{"job": "recsys_daily", "stage": "train", "environment": "production", "shard": "7", "feature_name": "amount"}, a.Labels)
	assert.Equal(t, "0.5", a.Annotations["loss"])
	assert.Equal(t, "JobFailed", a.Name)
}

func TestOddEnds(t *testing.T) {
	a := example()
	a.State = Resolved
	n := a.normal()
	assert.Equal(t, a.StartsAt, n.EndsAt, "no end: as soon as it began")
	a.EndsAt = a.StartsAt.Add(-time.Second)
	n = a.normal()
	assert.Equal(t, a.StartsAt, n.EndsAt, "not before it began")
	a.State, a.EndsAt = Firing, a.StartsAt.Add(time.Hour)
	n = a.normal()
	assert.Zero(t, n.EndsAt, "it fires")
}

func FuzzDecode(f *testing.F) {
	small, resolved := &Alert{Name: "A", Labels: map[string]string{"a.b": "\xff"}, StartsAt: time.Unix(1, 0)}, example()
	resolved.State, resolved.EndsAt = Resolved, resolved.StartsAt.Add(time.Hour)
	for _, a := range []*Alert{small, example(), resolved} {
		bytes, err := (&plog.ProtoMarshaler{}).MarshalLogs(encode(a))
		require.NoError(f, err)
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(bytes)
		if err != nil {
			return
		}
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					a, err := Decode(lr)
					if err != nil {
						continue
					}
					require.LessOrEqual(t, len(a.Labels), MaxLabels)
					require.LessOrEqual(t, len(a.Annotations), MaxAnnotations)
					require.NoError(t, labelSet(&a).Validate())
					again, err := Decode(record(encode(&a), 0))
					require.NoError(t, err)
					require.Equal(t, a, again)
					require.Equal(t, a.Fingerprint(), again.Fingerprint())
				}
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	a := example()
	b.ReportAllocs()
	for b.Loop() {
		a.Encode(plog.NewLogRecord())
	}
}

func BenchmarkDecode(b *testing.B) {
	lr := record(encode(example()), 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(lr); err != nil {
			b.Fatal(err)
		}
	}
}
