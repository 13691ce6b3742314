// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package sharedcomponent

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
)

var errFull = errors.New("full")

// counter counts the requests it takes in, and refuses them all.
type counter struct {
	recorder
	traces, metrics int
}

func (c *counter) ConsumeTraces(context.Context, ptrace.Traces) error {
	c.traces++
	return errFull
}

func (c *counter) ConsumeMetrics(context.Context, pmetric.Metrics) error {
	c.metrics++
	return errFull
}

// One of two edges hands a request to the state, and says what the state says of it.
func TestOneEdgeIngests(t *testing.T) {
	var states States[config, *counter]
	create := func() (*counter, error) { return &counter{}, nil }
	cfg := &config{}
	var fromTraces []connector.Traces
	var fromMetrics []connector.Metrics
	var state *counter
	for _, output := range []pipeline.Signal{pipeline.SignalLogs, pipeline.SignalMetrics} {
		tr, err := JoinTraces(&states, cfg, output, create)
		require.NoError(t, err)
		me, err := JoinMetrics(&states, cfg, output, create)
		require.NoError(t, err)
		fromTraces, fromMetrics, state = append(fromTraces, tr), append(fromMetrics, me), tr.State()
	}

	require.ErrorIs(t, fromTraces[0].ConsumeTraces(t.Context(), ptrace.NewTraces()), errFull)
	require.NoError(t, fromTraces[1].ConsumeTraces(t.Context(), ptrace.NewTraces()))
	assert.Equal(t, 1, state.traces)
	require.ErrorIs(t, fromMetrics[0].ConsumeMetrics(t.Context(), pmetric.NewMetrics()), errFull)
	require.NoError(t, fromMetrics[1].ConsumeMetrics(t.Context(), pmetric.NewMetrics()))
	assert.Equal(t, 1, state.metrics)
	assert.False(t, fromTraces[0].Capabilities().MutatesData)
	assert.False(t, fromMetrics[0].Capabilities().MutatesData)

	_, err := JoinTraces(&states, cfg, pipeline.SignalLogs, create)
	require.Error(t, err, "there is one")
	_, err = JoinMetrics(&states, cfg, pipeline.SignalLogs, create)
	require.Error(t, err, "there is one")
}
