// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/metadatatest"
)

// TestConditions: what no condition selects is as if it had not come. A run that fails where nobody
// looks is no alert, and its service gives no sign of life.
func TestConditions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		r := newRig(t, func(c *Config) {
			c.Conditions = []string{`resource.attributes["team"] / 2 == 4`, `not IsMatch(resource.attributes["team"], "^sandbox")`}
		})
		r.set = metadatatest.NewSettings(tel)
		r.start()
		sandbox, recsys := r.run("extract", "train!"), r.run("extract", "train!")
		team := func(td ptrace.Traces, name string) {
			td.ResourceSpans().At(0).Resource().Attributes().PutStr("team", name)
		}
		team(sandbox, "sandbox-7")
		team(recsys, "recsys")
		r.consume(sandbox)
		metadatatest.AssertEqualMlJobSpans(t, tel, by("kind", map[string]int64{"not_selected": 3}), metricdatatest.IgnoreTimestamp())
		r.consume(recsys)
		metadatatest.AssertEqualMlJobSpans(t, tel, by("kind", map[string]int64{"not_selected": 3, "stage": 2, "root": 1}), metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualMlJobConditionErrors(t, tel, []metricdata.DataPoint[int64]{{Value: 6}}, metricdatatest.IgnoreTimestamp())
		r.shutdown()
	})
}

func TestSpansThatAreNotWanted(t *testing.T) {
	td, _ := request(t, attributes{"service.name": "trainer", "cicd.pipeline.name": "recsys"}, attributes{"cicd.pipeline.task.name": "train"})
	other := td.ResourceSpans().AppendEmpty()
	td.ResourceSpans().At(0).CopyTo(other)
	other.Resource().Attributes().PutStr("service.name", "other")
	other.ScopeSpans().At(0).Spans().AppendEmpty()
	var alive []string
	r := new(reader)
	r.read(td, func(rs ptrace.ResourceSpans, _ ptrace.ScopeSpans, s ptrace.Span) bool {
		return rs == other && s.Name() == "a span"
	}, func(service string) { alive = append(alive, service) })
	assert.Equal(t, []string{"other"}, alive)
	assert.Equal(t, [len(kinds)]int64{kindStage: 1, kindNotSelected: 2}, r.counts)
	require.Len(t, r.spans, 1)
	assert.Equal(t, "other", r.spans[0].Service)
}

func TestConditionErrors(t *testing.T) {
	err := config(func(c *Config) { c.Conditions, c.MaxRowDrop = []string{"name", `nam == "x"`}, 2 }).Validate()
	for _, want := range []string{
		`'conditions[0]': "name": condition has invalid syntax: 1:5: unexpected token`, `'conditions[1]': "nam == \"x\"": segment "nam"`, "'max_row_drop'",
	} {
		require.ErrorContains(t, err, want)
	}
}
