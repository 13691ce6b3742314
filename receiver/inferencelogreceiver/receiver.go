// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog/cataloghost"
	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/pairs"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/spans"
)

type inferenceLog struct {
	cfg       *Config
	settings  receiver.Settings
	next      consumer.Traces
	logger    *zap.Logger // says the same at most ten times a minute
	telemetry *telemetry
	report    *receiverhelper.ObsReport
	events    call.EventReader
	captures  call.CaptureReader
	// decoding has room for the requests that are decoded at a time: more than there are CPUs would
	// take memory, and be no faster.
	decoding chan struct{}
	pairs    *pairs.Pairs
	spans    *spans.Maker // set by Start

	server   *http.Server
	listener net.Listener // for its address
	files    *ingest.Follower
	stop     context.CancelFunc
	running  sync.WaitGroup
}

var _ receiver.Traces = (*inferenceLog)(nil)

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Traces) (*inferenceLog, error) {
	set.Logger = visible.Logger(set.Logger)
	t, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	limits := payload.Limits{Rows: cfg.Limits.Rows, Columns: cfg.Limits.Columns, Values: cfg.Limits.Values, Text: cfg.Limits.Text}
	r := &inferenceLog{
		cfg: cfg, settings: set, next: next, telemetry: t, report: report,
		decoding: make(chan struct{}, runtime.GOMAXPROCS(0)),
		logger: set.Logger.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
			return zapcore.NewSamplerWithOptions(c, time.Minute, 10, 0)
		})),
		events:   call.EventReader{Components: cfg.Components, ModelName: cfg.ModelName, ModelVersion: cfg.ModelVersion, MaxData: cfg.Limits.EventSize, Limits: limits},
		captures: call.CaptureReader{Model: cfg.SageMaker.Model, MaxRecordSize: cfg.SageMaker.MaxRecordSize, Limits: limits},
	}
	r.pairs = pairs.New(pairs.Options{
		Timeout: cfg.PairingTimeout, Keys: cfg.Limits.Pending, Bytes: cfg.Limits.PendingSize, DropUnpaired: cfg.Unpaired == UnpairedDrop,
		Send: r.sendCalls, Observer: t, Logger: r.logger,
	})
	return r, nil
}

// Start finds the catalog, opens the HTTP server and follows the files.
func (r *inferenceLog) Start(ctx context.Context, host component.Host) error {
	c, found, err := cataloghost.Find(host, r.cfg.Catalog)
	if err != nil {
		return err
	}
	if !found {
		r.logger.Warn(cataloghost.NoCatalogMessage)
	}
	r.spans = spans.NewMaker(spans.Options{
		Environment: r.cfg.Environment, Models: r.cfg.models(), Scope: metadata.ScopeName, Version: r.settings.BuildInfo.Version,
	}, c)
	var sweeping context.Context
	sweeping, r.stop = context.WithCancel(context.Background())
	if len(r.cfg.SageMaker.Include) > 0 {
		if r.files, err = r.follow(ctx, host); err != nil {
			return err
		}
		r.running.Go(func() { r.files.SendUnsent(sweeping) })
	}
	if r.cfg.NetAddr.Endpoint == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc(r.cfg.Path, r.serve)
	if r.server, err = r.cfg.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings, mux); err != nil {
		return err
	}
	if r.listener, err = r.cfg.ToListener(ctx); err != nil {
		return fmt.Errorf("'endpoint': %w", err)
	}
	r.settings.Logger.Info("Listening for CloudEvents", zap.Stringer("endpoint", r.listener.Addr()), zap.String("path", r.cfg.Path))
	r.running.Go(func() {
		if err := r.server.Serve(r.listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	if r.cfg.PairingTimeout > 0 { // else nothing waits
		r.running.Go(func() { r.pairs.Sweep(sweeping) })
	}
	return nil
}

// Shutdown stops taking events and sends what still waits.
func (r *inferenceLog) Shutdown(ctx context.Context) error {
	var errs []error
	if r.server != nil {
		errs = append(errs, r.server.Shutdown(ctx))
	}
	if r.stop != nil {
		r.stop()
	}
	r.running.Wait()
	if r.files != nil {
		errs = append(errs, r.files.Stop(ctx))
	}
	r.pairs.Drain(ctx)
	r.telemetry.Shutdown()
	return errors.Join(errs...)
}

// unsentKey is where the storage has lines that were read and not sent.
const unsentKey = "inference_log.unsent"

// follow starts to follow the files of the config.
func (r *inferenceLog) follow(ctx context.Context, host component.Host) (*ingest.Follower, error) {
	return ingest.Follow(ctx, host, ingest.Source{
		Key: "sagemaker", Files: r.cfg.SageMaker.Files, Storage: r.cfg.SageMaker.Storage, Unsent: unsentKey,
		Owner: storageclient.Owner{Kind: component.KindReceiver, ID: r.settings.ID},
		Items: "captured records", Split: ingest.SplitJSONLines, Read: r.readLines,
		Irregular: func(ctx context.Context) { r.telemetry.event(ctx, call.SageMaker, badFile, 1) },
		Logger:    r.logger, Telemetry: r.settings.TelemetrySettings,
	})
}

// sendCalls passes calls on as spans.
func (r *inferenceLog) sendCalls(ctx context.Context, calls []call.Pair) error {
	b := r.spans.NewBatch()
	for _, c := range calls {
		b.Add(c)
	}
	return r.send(ctx, b, call.CloudEvents)
}

// send passes spans on and counts them where they were taken.
func (r *inferenceLog) send(ctx context.Context, b *spans.Batch, from call.Source) error {
	n := b.Traces.SpanCount()
	if n == 0 {
		return nil
	}
	ctx = r.report.StartTracesOp(ctx)
	err := r.next.ConsumeTraces(ctx, b.Traces)
	r.report.EndTracesOp(ctx, metadata.Type.String(), n, err)
	if err == nil {
		r.telemetry.sent(ctx, b, from)
	}
	return err
}
