// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/files"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/intake"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/parquet"
)

type groundTruth struct {
	cfg       *Config
	settings  receiver.Settings
	next      consumer.Logs
	logger    *zap.Logger // says the same at most ten times a minute
	telemetry *telemetry
	report    *receiverhelper.ObsReport
	parser    *label.Parser
	lines     files.Reader
	intake    *intake.Intake
	unread    unreadNames
	waiting   chan struct{} // has one for each request that waits for the pipeline

	server   *http.Server
	listener net.Listener // for its address
	follower *ingest.Follower
	storage  *storageclient.Client // of Parquet files; nil keeps nothing
	stopping context.Context       // ends when the receiver stops
	stop     context.CancelFunc
	running  sync.WaitGroup
}

var _ receiver.Logs = (*groundTruth)(nil)

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Logs) (*groundTruth, error) {
	set.Logger = visible.Logger(set.Logger)
	t, err := newTelemetry(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	if err != nil {
		return nil, err
	}
	r := &groundTruth{
		cfg: cfg, settings: set, next: next, telemetry: t, report: report,
		logger: set.Logger.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
			return zapcore.NewSamplerWithOptions(c, time.Minute, 10, 0)
		})),
		intake:  intake.New(cfg.Limits.Remembered, cfg.LateAfter),
		waiting: make(chan struct{}, cfg.Limits.Requests),
	}
	r.stopping, r.stop = context.WithCancel(context.Background())
	return r, r.newReaders()
}

// Start follows the files and opens the HTTP server.
func (r *groundTruth) Start(ctx context.Context, host component.Host) error {
	if len(r.cfg.Files.Include) > 0 {
		if err := r.follow(ctx, host); err != nil {
			return err
		}
	}
	if r.cfg.NetAddr.Endpoint == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc(r.cfg.Path, r.serve)
	var err error
	if r.server, err = r.cfg.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings, mux); err != nil {
		return err
	}
	if r.listener, err = r.cfg.ToListener(ctx); err != nil {
		return fmt.Errorf("'endpoint': %w", err)
	}
	r.settings.Logger.Info("Listening for labels", zap.Stringer("endpoint", r.listener.Addr()), zap.String("path", r.cfg.Path))
	r.running.Go(func() {
		if err := r.server.Serve(r.listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

// Shutdown stops taking labels.
func (r *groundTruth) Shutdown(ctx context.Context) error {
	var errs []error
	if r.server != nil {
		errs = append(errs, r.server.Shutdown(ctx))
	}
	r.stop()
	r.running.Wait()
	if r.follower != nil {
		errs = append(errs, r.follower.Stop(ctx))
	}
	errs = append(errs, r.storage.Close(ctx))
	r.telemetry.Shutdown()
	return errors.Join(errs...)
}

// unsentKey is where the storage has lines that were read and not sent.
const unsentKey = "ground_truth.unsent"

// follow starts to follow the files of the config: those of lines and those of Parquet.
func (r *groundTruth) follow(ctx context.Context, host component.Host) error {
	owner := storageclient.Owner{Kind: component.KindReceiver, ID: r.settings.ID}
	lines := r.cfg.Files.Files
	lines.Exclude = slices.Concat(lines.Exclude, parquet.Globs)
	var err error
	r.follower, err = ingest.Follow(ctx, host, ingest.Source{
		Key: "files", Files: lines, Storage: r.cfg.Files.Storage, Unsent: unsentKey, Owner: owner,
		Items: "labels", Split: files.Split, Read: r.readLines,
		Irregular: func(ctx context.Context) { r.telemetry.count(ctx, fromFile, badFile, 1) },
		Logger:    r.logger, Telemetry: r.settings.TelemetrySettings,
	})
	if err != nil {
		return err
	}
	r.running.Go(func() { r.follower.SendUnsent(r.stopping) })

	options := parquet.Options{
		Include: r.cfg.Files.Include, Exclude: r.cfg.Files.Exclude, ExcludeOlderThan: r.cfg.Files.ExcludeOlderThan,
		FromStart: r.cfg.Files.FromStart(), Interval: r.cfg.Files.PollInterval, Parser: r.parser,
		Send: r.sendRows, Unreadable: r.unreadable, Logger: r.logger,
	}
	if id := r.cfg.Files.Storage; id != nil {
		owner.Name = "parquet"
		if r.storage, err = storageclient.Open(ctx, host, "files::storage", *id, owner); err != nil {
			return err
		}
		options.Store = r.storage
	}
	tables, err := parquet.New(ctx, options)
	if err != nil {
		return err
	}
	r.running.Go(func() { tables.Run(r.stopping) })
	return nil
}
