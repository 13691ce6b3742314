// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/routingconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
)

const page = "../../docs/alerts.md"

// blocks returns the fenced blocks of a language on the page.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var found []string
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[1])
	}
	require.NotEmpty(t, found)
	return found
}

func TestTheRecordOnThePageIsTheEncoders(t *testing.T) {
	examples := blocks(t, "json")
	require.Len(t, examples, 1)
	got, err := (&plog.JSONMarshaler{}).MarshalLogs(encode(example()))
	require.NoError(t, err)
	assert.JSONEq(t, `{"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": [`+examples[0]+`]}]}]}`, string(got))
}

// config returns the options of the one component with the id, from the block of the page that has
// it.
func config(t *testing.T, section, id string, cfg component.Config) component.Config {
	t.Helper()
	for _, block := range blocks(t, "yaml") {
		retrieved, err := confmap.NewRetrievedFromYAML([]byte(block))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		components, _ := conf.Get(section).(map[string]any)
		options, ok := components[id].(map[string]any)
		if !ok {
			continue
		}
		require.NoError(t, confmap.NewFromStringMap(options).Unmarshal(cfg))
		require.NoError(t, confmap.Validate(cfg))
		return cfg
	}
	require.Failf(t, "not on the page", "%s %s", section, id)
	return nil
}

// through sends logs through one processor of the page and returns what comes out.
func through(t *testing.T, factory processor.Factory, id string, ld plog.Logs) plog.Logs {
	t.Helper()
	sink := &consumertest.LogsSink{}
	p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(factory.Type()), config(t, "processors", id, factory.CreateDefaultConfig()), sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeLogs(t.Context(), ld))
	require.NoError(t, p.Shutdown(t.Context()))
	if len(sink.AllLogs()) == 0 {
		return plog.NewLogs()
	}
	return sink.AllLogs()[0]
}

func TestFilterOnThePage(t *testing.T) {
	production, staging, explain := example(), example(), example()
	staging.Labels["environment"] = "staging"
	explain.Labels["stage"] = "explain"
	ld := through(t, filterprocessor.NewFactory(), "filter/alerts", encode(staging, production, explain))
	require.Equal(t, 1, ld.LogRecordCount())
	a, err := Decode(record(ld, 0))
	require.NoError(t, err)
	assert.Equal(t, *production, a)
}

func TestTotalsOnThePage(t *testing.T) {
	total, segment := example(), example()
	segment.Labels["segment"] = "country=DE"
	ld := through(t, filterprocessor.NewFactory(), "filter/total", encode(segment, total))
	require.Equal(t, 1, ld.LogRecordCount())
	a, err := Decode(record(ld, 0))
	require.NoError(t, err)
	assert.Equal(t, *total, a)
}

func TestTransformOnThePage(t *testing.T) {
	day, night, bare := example(), example(), example()
	day.StartsAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	bare.StartsAt = day.StartsAt
	delete(bare.Annotations, "runbook_url")
	ld := through(t, transformprocessor.NewFactory(), "transform/alerts", encode(day, night, bare))
	require.Equal(t, 3, ld.LogRecordCount())
	for i, want := range []*Alert{day, night, bare} {
		got, err := Decode(record(ld, i))
		require.NoError(t, err)
		want.Labels["team"] = "ml-platform"
		switch want {
		case night:
			want.Severity = Warning
		case bare:
			want.Annotations["runbook_url"] = "https://example.com/runbooks"
		}
		assert.Equal(t, *want, got)
	}
}

func TestRoutesOnThePage(t *testing.T) {
	sinks := map[pipeline.ID]*consumertest.LogsSink{}
	consumers := map[pipeline.ID]consumer.Logs{}
	for _, name := range []string{"on-call", "office"} {
		sink := &consumertest.LogsSink{}
		sinks[pipeline.NewIDWithName(pipeline.SignalLogs, name)] = sink
		consumers[pipeline.NewIDWithName(pipeline.SignalLogs, name)] = sink
	}
	factory := routingconnector.NewFactory()
	c, err := factory.CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(factory.Type()),
		config(t, "connectors", "routing/alerts", factory.CreateDefaultConfig()), connector.NewLogsRouter(consumers).(consumer.Logs))
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	warning := example()
	warning.Severity = Warning
	require.NoError(t, c.ConsumeLogs(t.Context(), encode(example(), warning)))
	require.NoError(t, c.Shutdown(context.WithoutCancel(t.Context())))
	for id, want := range map[string]Severity{"on-call": Critical, "office": Warning} {
		logs := sinks[pipeline.NewIDWithName(pipeline.SignalLogs, id)].AllLogs()
		require.Len(t, logs, 1, id)
		a, err := Decode(record(logs[0], 0))
		require.NoError(t, err)
		assert.Equal(t, want, a.Severity)
	}
}

func TestAlertOfAnotherRecordOnThePage(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "gpu-7")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	records.AppendEmpty().Body().SetStr("nothing")
	lr := records.AppendEmpty()
	lr.Body().SetStr("/data is full on gpu-7")
	lr.Attributes().PutStr("event", "disk_full")
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(example().StartsAt))

	ld = through(t, filterprocessor.NewFactory(), "filter/full", ld)
	ld = through(t, transformprocessor.NewFactory(), "transform/full", ld)
	require.Equal(t, 1, ld.LogRecordCount())
	a, err := Decode(record(ld, 0))
	require.NoError(t, err)
	assert.Equal(t, Alert{
		Name: "DiskFull", Severity: Warning, State: Firing, Labels: map[string]string{"host": "gpu-7"}, Annotations: map[string]string{},
		Summary: "/data is full on gpu-7", StartsAt: example().StartsAt,
	}, a)
}
