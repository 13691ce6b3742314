// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package sharedcomponent

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type config struct{ _ int }

// recorder writes down what is called, and runs a goroutine while it is open, which goleak would
// find.
type recorder struct {
	calls                  []string
	startFails, flushFails error
	stop, stopped          chan struct{}
}

func (r *recorder) Start(context.Context, component.Host) error {
	r.calls = append(r.calls, "start")
	r.stop, r.stopped = make(chan struct{}), make(chan struct{})
	go func() { <-r.stop; close(r.stopped) }()
	return r.startFails
}

func (r *recorder) Run() { r.calls = append(r.calls, "run") }

func (r *recorder) Flush(context.Context) error {
	r.calls = append(r.calls, "flush")
	return r.flushFails
}

func (r *recorder) Close(context.Context) error {
	r.calls = append(r.calls, "close")
	if r.stop != nil {
		close(r.stop)
		<-r.stopped
	}
	return nil
}

func (r *recorder) said() string { return strings.Join(r.calls, " ") }

const (
	traces, logs, metrics = "traces", "logs", "metrics"
)

var signals = map[string]pipeline.Signal{traces: pipeline.SignalTraces, logs: pipeline.SignalLogs, metrics: pipeline.SignalMetrics}

type rig struct {
	t          *testing.T
	states     States[config, *recorder]
	made       []*recorder
	startFails error
}

func (r *rig) join(cfg *config, input, output string) (*Edge[config, *recorder], error) {
	return r.states.Join(cfg, signals[input], signals[output], func() (*recorder, error) {
		rec := &recorder{startFails: r.startFails}
		r.made = append(r.made, rec)
		return rec, nil
	})
}

// edges makes an edge for each pair. Example: "traces-logs".
func (r *rig) edges(cfg *config, pairs ...string) (all []*Edge[config, *recorder]) {
	for _, p := range pairs {
		input, output, _ := strings.Cut(p, "-")
		e, err := r.join(cfg, input, output)
		require.NoError(r.t, err)
		all = append(all, e)
	}
	return all
}

func (r *rig) start(e *Edge[config, *recorder]) {
	require.NoError(r.t, e.Start(r.t.Context(), componenttest.NewNopHost()))
}

func (r *rig) shutdown(e *Edge[config, *recorder]) { require.NoError(r.t, e.Shutdown(r.t.Context())) }

func TestOneInput(t *testing.T) {
	r, cfg := &rig{t: t}, &config{}
	e := r.edges(cfg, "traces-logs", "traces-metrics")
	require.Len(t, r.made, 1)
	state := r.made[0]
	assert.Same(t, state, e[0].State())
	assert.Same(t, state, e[1].State())
	assert.True(t, e[0].Ingests())
	assert.False(t, e[1].Ingests(), "it gets the same data")

	r.start(e[1])
	assert.Equal(t, "start", state.said(), "not all that is downstream runs")
	r.start(e[0])
	assert.Equal(t, "start run", state.said())
	r.shutdown(e[1])
	assert.Equal(t, "start run flush", state.said(), "what is downstream of the other edge may stop right after it")
	r.shutdown(e[1])
	r.shutdown(e[0])
	assert.Equal(t, "start run flush close", state.said())
	r.shutdown(e[0])
	assert.Equal(t, "start run flush close", state.said())
	assert.Empty(t, r.states.byCfg)
}

func TestTwoInputs(t *testing.T) {
	r := &rig{t: t}
	e := r.edges(&config{}, "traces-metrics", "traces-logs", "logs-metrics", "logs-logs")
	require.Len(t, r.made, 1)
	var ingests []bool
	for _, e := range e {
		ingests = append(ingests, e.Ingests())
		r.start(e)
	}
	assert.Equal(t, []bool{true, false, true, false}, ingests)
	r.shutdown(e[1])
	r.shutdown(e[0])
	assert.Equal(t, "start run", r.made[0].said(), "labels still come in")
	r.shutdown(e[3])
	assert.Equal(t, "start run flush", r.made[0].said())
	r.shutdown(e[2])
	assert.Equal(t, "start run flush close", r.made[0].said())
}

// A graph of the collector: sources of each input, edges, what is downstream of each output;
// started against the flow and stopped with it, in any order that this leaves open.
func TestAnyOrderOfTheCollector(t *testing.T) {
	pairs := []string{"traces-metrics", "traces-logs", "logs-metrics", "logs-logs"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		chosen := slices.Clone(pairs)
		if random.IntN(2) == 0 {
			chosen = chosen[:2]
		}
		random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		r := &rig{t: t}
		e := r.edges(&config{}, chosen...)
		state := r.made[0]
		upstream, downstream := map[string]bool{}, map[string]bool{}

		for _, i := range random.Perm(len(e)) {
			_, output, _ := strings.Cut(chosen[i], "-")
			downstream[output] = true // starts before the edge
			r.start(e[i])
			if slices.Contains(state.calls, "run") {
				for _, p := range chosen {
					_, output, _ := strings.Cut(p, "-")
					require.True(t, downstream[output], "it runs before %s does", output)
				}
			}
		}
		require.Equal(t, "start run", state.said())
		for _, p := range chosen {
			input, _, _ := strings.Cut(p, "-")
			upstream[input] = true
		}

		open := random.Perm(len(e))
		for n, i := range open {
			input, _, _ := strings.Cut(chosen[i], "-")
			upstream[input] = false // stops before the edge
			before := len(state.calls)
			r.shutdown(e[i])
			if slices.Contains(state.calls[before:], "flush") {
				for input, runs := range upstream {
					require.False(t, runs, "%s still come in", input)
				}
				for output, runs := range downstream {
					require.True(t, runs, "%s has stopped before the flush", output)
				}
			}
			// What is downstream of an output may stop once all edges to it have.
			for output := range downstream {
				if !slices.ContainsFunc(open[n+1:], func(i int) bool { return strings.HasSuffix(chosen[i], "-"+output) }) {
					downstream[output] = false
				}
			}
		}
		require.Equal(t, "start run flush close", state.said())
		require.Empty(t, r.states.byCfg)
	}
}

func TestNotStarted(t *testing.T) {
	r := &rig{t: t}
	e := r.edges(&config{}, "traces-logs", "traces-metrics")
	r.shutdown(e[0])
	r.shutdown(e[1])
	assert.Equal(t, "close", r.made[0].said(), "there is nothing to flush")
	assert.Empty(t, r.states.byCfg)
}

func TestPartlyStarted(t *testing.T) {
	r := &rig{t: t}
	e := r.edges(&config{}, "traces-logs", "traces-metrics")
	r.start(e[0])
	r.shutdown(e[0])
	r.shutdown(e[1])
	assert.Equal(t, "start close", r.made[0].said(), "what is downstream of the other edge never ran")
	assert.Empty(t, r.states.byCfg)
}

func TestStartFails(t *testing.T) {
	broken := errors.New("no such storage")
	r := &rig{t: t, startFails: broken}
	e := r.edges(&config{}, "traces-logs", "traces-metrics")
	require.ErrorIs(t, e[0].Start(t.Context(), componenttest.NewNopHost()), broken)
	require.ErrorIs(t, e[1].Start(t.Context(), componenttest.NewNopHost()), broken)
	r.shutdown(e[0])
	r.shutdown(e[1])
	assert.Equal(t, "start close", r.made[0].said(), "it is tried once, does not run, and may release what it opened")
}

func TestFlushFails(t *testing.T) {
	broken := errors.New("nobody listens")
	r := &rig{t: t}
	e := r.edges(&config{}, "traces-logs", "traces-metrics")
	r.made[0].flushFails = broken
	r.start(e[0])
	r.start(e[1])
	require.ErrorIs(t, e[0].Shutdown(t.Context()), broken)
	r.shutdown(e[1])
	assert.Equal(t, "start run flush close", r.made[0].said())
}

func TestConfigs(t *testing.T) {
	r, one, other := &rig{t: t}, &config{}, &config{}
	a, b := r.edges(one, "traces-logs")[0], r.edges(other, "traces-logs")[0]
	assert.NotSame(t, a.State(), b.State())
	r.start(a)
	r.start(b)
	r.shutdown(a)
	again := r.edges(one, "traces-logs")[0]
	assert.NotSame(t, a.State(), again.State(), "a new life")
	r.start(again)
	r.shutdown(again)
	r.shutdown(b)
	assert.Empty(t, r.states.byCfg)
	for _, made := range r.made {
		assert.Equal(t, "start run flush close", made.said())
	}
}

func TestWrongUse(t *testing.T) {
	r, cfg := &rig{t: t}, &config{}
	e := r.edges(cfg, "traces-logs")[0]
	_, err := r.join(cfg, traces, logs)
	require.EqualError(t, err, "there is an edge from traces to logs already")
	r.start(e)
	_, err = r.join(cfg, traces, metrics)
	require.ErrorContains(t, err, "cannot join")
	require.Error(t, e.Start(t.Context(), componenttest.NewNopHost()))
	r.shutdown(e)
	require.Error(t, e.Start(t.Context(), componenttest.NewNopHost()))
	assert.Equal(t, "start run flush close", r.made[0].said())
}

func TestCreateFails(t *testing.T) {
	broken := errors.New("no meter")
	var states States[config, *recorder]
	_, err := states.Join(&config{}, pipeline.SignalTraces, pipeline.SignalLogs, func() (*recorder, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
	assert.Empty(t, states.byCfg)
}
