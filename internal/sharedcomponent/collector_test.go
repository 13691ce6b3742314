// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package sharedcomponent

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

var (
	sourceType    = component.MustNewType("source")
	joinType      = component.MustNewType("join")
	sinkType      = component.MustNewType("sink")
	stability     = component.StabilityLevelDevelopment
	doesNotMutate = consumer.Capabilities{}
)

// world is what a collector of sources, one connector with all pairs of two inputs and two outputs,
// and sinks does.
type world struct {
	t      *testing.T
	states States[config, *witness]

	mu sync.Mutex
	// up are the sources and sinks that run, by id and signal.
	up    map[string]bool
	made  []*witness
	edges int
}

func (w *world) set(key string, up bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up[key] = up
}

// running returns the sources or sinks that run.
func (w *world) running(kind component.Type) (keys []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, up := range w.up {
		if up && len(key) > len(kind.String()) && key[:len(kind.String())] == kind.String() {
			keys = append(keys, key)
		}
	}
	return keys
}

// witness is a state that looks at what runs around it.
type witness struct {
	w       *world
	calls   []string
	batches map[pipeline.Signal]int
}

func (s *witness) Start(context.Context, component.Host) error {
	s.calls = append(s.calls, "start")
	return nil
}

func (s *witness) Run() {
	s.calls = append(s.calls, "run")
	assert.Len(s.w.t, s.w.running(sinkType), 4, "all that is downstream runs")
	assert.Empty(s.w.t, s.w.running(sourceType), "nothing comes in yet")
}

func (s *witness) Flush(context.Context) error {
	s.calls = append(s.calls, "flush")
	assert.Empty(s.w.t, s.w.running(sourceType), "nothing comes in any more")
	assert.Len(s.w.t, s.w.running(sinkType), 4, "all that is downstream runs")
	return nil
}

func (s *witness) Close(context.Context) error {
	s.calls = append(s.calls, "close")
	return nil
}

// piece is a source or a sink.
type piece struct {
	w    *world
	key  string
	send func(context.Context) error // a source's
}

func (p *piece) Start(ctx context.Context, _ component.Host) error {
	p.w.set(p.key, true)
	if p.send != nil {
		return p.send(ctx)
	}
	return nil
}

func (p *piece) Shutdown(context.Context) error {
	p.w.set(p.key, false)
	return nil
}

func (*piece) Capabilities() consumer.Capabilities                   { return doesNotMutate }
func (*piece) ConsumeLogs(context.Context, plog.Logs) error          { return nil }
func (*piece) ConsumeMetrics(context.Context, pmetric.Metrics) error { return nil }

// pair is the connector between two signals.
type pair struct {
	*Edge[config, *witness]
	input pipeline.Signal
}

func (p *pair) take() error {
	if p.Ingests() {
		s := p.State()
		s.w.mu.Lock()
		s.batches[p.input]++
		s.w.mu.Unlock()
	}
	return nil
}

func (*pair) Capabilities() consumer.Capabilities                  { return doesNotMutate }
func (p *pair) ConsumeTraces(context.Context, ptrace.Traces) error { return p.take() }
func (p *pair) ConsumeLogs(context.Context, plog.Logs) error       { return p.take() }

func (w *world) join(cfg component.Config, input, output pipeline.Signal) (*pair, error) {
	w.edges++
	e, err := w.states.Join(cfg.(*config), input, output, func() (*witness, error) {
		s := &witness{w: w, batches: map[pipeline.Signal]int{}}
		w.made = append(w.made, s)
		return s, nil
	})
	return &pair{e, input}, err
}

func (w *world) factories() (otelcol.Factories, error) {
	source := func(id component.ID, signal string, send func(context.Context) error) *piece {
		return &piece{w: w, key: id.String() + " " + signal, send: func(ctx context.Context) error {
			w.set(id.String()+" "+signal, false) // it starts sending before it has started
			err := send(ctx)
			w.set(id.String()+" "+signal, true)
			return err
		}}
	}
	receivers := receiver.NewFactory(sourceType, func() component.Config { return &config{} },
		receiver.WithTraces(func(_ context.Context, set receiver.Settings, _ component.Config, next consumer.Traces) (receiver.Traces, error) {
			return source(set.ID, traces, func(ctx context.Context) error { return next.ConsumeTraces(ctx, ptrace.NewTraces()) }), nil
		}, stability),
		receiver.WithLogs(func(_ context.Context, set receiver.Settings, _ component.Config, next consumer.Logs) (receiver.Logs, error) {
			return source(set.ID, logs, func(ctx context.Context) error { return next.ConsumeLogs(ctx, plog.NewLogs()) }), nil
		}, stability))
	exporters := exporter.NewFactory(sinkType, func() component.Config { return &config{} },
		exporter.WithLogs(func(_ context.Context, set exporter.Settings, _ component.Config) (exporter.Logs, error) {
			return &piece{w: w, key: set.ID.String() + " " + logs}, nil
		}, stability),
		exporter.WithMetrics(func(_ context.Context, set exporter.Settings, _ component.Config) (exporter.Metrics, error) {
			return &piece{w: w, key: set.ID.String() + " " + metrics}, nil
		}, stability))
	connectors := connector.NewFactory(joinType, func() component.Config { return &config{} },
		connector.WithTracesToLogs(func(_ context.Context, _ connector.Settings, cfg component.Config, _ consumer.Logs) (connector.Traces, error) {
			return w.join(cfg, pipeline.SignalTraces, pipeline.SignalLogs)
		}, stability),
		connector.WithTracesToMetrics(func(_ context.Context, _ connector.Settings, cfg component.Config, _ consumer.Metrics) (connector.Traces, error) {
			return w.join(cfg, pipeline.SignalTraces, pipeline.SignalMetrics)
		}, stability),
		connector.WithLogsToLogs(func(_ context.Context, _ connector.Settings, cfg component.Config, _ consumer.Logs) (connector.Logs, error) {
			return w.join(cfg, pipeline.SignalLogs, pipeline.SignalLogs)
		}, stability),
		connector.WithLogsToMetrics(func(_ context.Context, _ connector.Settings, cfg component.Config, _ consumer.Metrics) (connector.Logs, error) {
			return w.join(cfg, pipeline.SignalLogs, pipeline.SignalMetrics)
		}, stability))
	return otelcol.Factories{
		Receivers:  map[component.Type]receiver.Factory{sourceType: receivers},
		Exporters:  map[component.Type]exporter.Factory{sinkType: exporters},
		Connectors: map[component.Type]connector.Factory{joinType: connectors},
		Telemetry:  otelconftelemetry.NewFactory(),
	}, nil
}

// The collector itself keeps to what the package relies on. Names differ, and with them the order
// in which it takes what it may take in any.
func TestInACollector(t *testing.T) {
	for n := range 8 {
		w := &world{t: t, up: map[string]bool{}}
		yaml := fmt.Sprintf(`yaml:
receivers: {source/%[1]d: {}, source/b%[1]d: {}, source/c%[1]d: {}}
connectors: {join/%[1]d: {}}
exporters: {sink/%[1]d: {}, sink/b%[1]d: {}, sink/c%[1]d: {}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    traces: {receivers: [source/%[1]d], exporters: [join/%[1]d]}
    traces/more: {receivers: [source/b%[1]d], exporters: [join/%[1]d]}
    logs/in: {receivers: [source/c%[1]d], exporters: [join/%[1]d]}
    logs/out: {receivers: [join/%[1]d], exporters: [sink/%[1]d]}
    metrics: {receivers: [join/%[1]d], exporters: [sink/%[1]d, sink/b%[1]d]}
    metrics/more: {receivers: [join/%[1]d], exporters: [sink/c%[1]d]}
`, n)
		c, err := otelcol.NewCollector(otelcol.CollectorSettings{
			Factories: w.factories, DisableGracefulShutdown: true, SkipSettingGRPCLogger: true,
			BuildInfo: component.NewDefaultBuildInfo(),
			ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
				URIs: []string{yaml}, ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
			}},
		})
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() { done <- c.Run(context.Background()) }()
		require.Eventually(t, func() bool { return c.GetState() == otelcol.StateRunning }, 10*time.Second, time.Millisecond)
		c.Shutdown()
		require.NoError(t, <-done)

		require.Len(t, w.made, 1)
		state := w.made[0]
		assert.Equal(t, []string{"start", "run", "flush", "close"}, state.calls)
		assert.Equal(t, 4, w.edges)
		assert.True(t, maps.Equal(map[pipeline.Signal]int{pipeline.SignalTraces: 2, pipeline.SignalLogs: 1}, state.batches), "each batch counts once: %v", state.batches)
		assert.Empty(t, w.states.byCfg)
	}
}
