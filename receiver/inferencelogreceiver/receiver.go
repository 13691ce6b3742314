// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/join"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadata"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// sweepBatch is the largest number of calls that leave in one request to the pipeline.
const sweepBatch = 500

type inferenceLog struct {
	cfg       *Config
	settings  receiver.Settings
	next      consumer.Traces
	logger    *zap.Logger // says the same at most ten times a minute
	telemetry *telemetry
	report    *receiverhelper.ObsReport
	limits    payload.Limits
	version   string

	catalog catalog.Catalog // set by Start
	known   knowing
	calls   *calls

	server   *http.Server
	listener net.Listener // for its address
	files    *ingest.Follower
	stop     context.CancelFunc
	running  sync.WaitGroup
}

var _ receiver.Traces = (*inferenceLog)(nil)

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Traces) (*inferenceLog, error) {
	t, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	return &inferenceLog{
		cfg: cfg, settings: set, next: next, telemetry: t, report: report, version: set.BuildInfo.Version,
		logger: set.Logger.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
			return zapcore.NewSamplerWithOptions(c, time.Minute, 10, 0)
		})),
		limits:  payload.Limits{Rows: cfg.Limits.Rows, Columns: cfg.Limits.Columns, Values: cfg.Limits.Values, Text: cfg.Limits.Text},
		catalog: catalog.Empty(),
		calls: join.New(join.Options[callKey, *call, *call]{
			TimeToLive: cfg.PairingTimeout, Keys: cfg.Limits.Pending, Bytes: cfg.Limits.PendingSize,
			Remembered: cfg.Limits.Pending, Now: time.Now,
		}),
	}, nil
}

// Start finds the catalog, opens the HTTP server and follows the files.
func (r *inferenceLog) Start(ctx context.Context, host component.Host) error {
	c, found, err := catalog.Find(host, r.cfg.Catalog)
	if err != nil {
		return err
	}
	if !found {
		r.logger.Warn(catalog.NoCatalogMessage)
	}
	r.catalog = c
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
		r.running.Go(func() { r.sweep(sweeping) })
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
	for {
		waiting := r.calls.TakeOldest(sweepBatch)
		if len(waiting) == 0 {
			break
		}
		r.emitUnpaired(ctx, waiting, shutdown, false)
	}
	r.telemetry.Shutdown()
	return errors.Join(errs...)
}

// sweep lets requests and responses go that have waited long enough.
func (r *inferenceLog) sweep(ctx context.Context) {
	every := min(max(r.cfg.PairingTimeout/10, 10*time.Millisecond), time.Second)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for {
			expired := r.calls.TakeExpired(sweepBatch)
			if len(expired) == 0 || !r.emitUnpaired(ctx, expired, timeout, true) {
				break
			}
		}
		r.telemetry.pending(ctx, r.calls)
	}
}

// emitUnpaired sends requests and responses without the other one. Where the pipeline has no room, they wait again if again is
// set; otherwise they are lost. It returns false where they were not sent.
func (r *inferenceLog) emitUnpaired(ctx context.Context, unpaired []pair, why cause, again bool) bool {
	if len(unpaired) == 0 {
		return true
	}
	if r.cfg.Unpaired == UnpairedDrop {
		r.telemetry.unpaired(ctx, why, len(unpaired))
		return true
	}
	b := r.newBatch()
	for _, p := range unpaired {
		b.add(p)
	}
	err := r.send(ctx, b, cloudEvents)
	if err != nil && again && !consumererror.IsPermanent(err) {
		lost := r.calls.Restore(unpaired...)
		r.telemetry.unpaired(ctx, lostCause, len(lost))
		return false
	}
	if err != nil {
		r.telemetry.unpaired(ctx, lostCause, len(unpaired))
		r.logger.Error("Unpaired events are lost, the pipeline does not take them", zap.Int("events", len(unpaired)), zap.Error(err))
		return false
	}
	r.telemetry.unpaired(ctx, why, len(unpaired))
	return true
}

// send passes the spans on and counts them where they were taken.
func (r *inferenceLog) send(ctx context.Context, b *batch, from source) error {
	n := b.traces.SpanCount()
	if n == 0 {
		return nil
	}
	ctx = r.report.StartTracesOp(ctx)
	err := r.next.ConsumeTraces(ctx, b.traces)
	r.report.EndTracesOp(ctx, metadata.Type.String(), n, err)
	if err == nil {
		r.telemetry.sent(ctx, b, from)
	}
	return err
}
