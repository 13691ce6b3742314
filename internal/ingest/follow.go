// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer/attrs"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
)

// fingerprintSize is how much of a file's start tells it from others, in bytes. Records may differ
// at their end only, so that files of wide rows need more than the thousand bytes that are usual.
const fingerprintSize = 4 << 10

// Batch is what a receiver made of lines of a file.
type Batch interface {
	// Send passes it on. It is called again after an error that is not permanent.
	Send(ctx context.Context) error
	// Done says what became of it: nil where it was taken. It is not called where the lines are
	// kept for the next start.
	Done(ctx context.Context, err error)
}

// Lines are lines of one file.
type Lines struct {
	Path  string   `json:"path"`
	Lines [][]byte `json:"lines"`
	// Offsets say at which byte of the file, from 0, each line begins. Lines that an older collector
	// has kept have none.
	Offsets []int64 `json:"offsets,omitempty"`
}

// Source is where a Follower reads, and what it does with lines.
type Source struct {
	// Key is the option that holds Files and Storage, for errors.
	Key   string
	Files Files
	// Storage keeps how far files were read, and lines that were read and not sent; nil keeps
	// nothing.
	Storage *component.ID
	// Owner is the receiver.
	Owner storageclient.Owner
	// Unsent is the storage's key for lines that were read and not sent.
	Unsent string
	// Items names what lines hold, in log lines and errors.
	Items string
	// Split finds the lines.
	Split bufio.SplitFunc
	// Read reads lines of one file. Those that are not read are the receiver's to report.
	Read func(ctx context.Context, lines Lines) Batch
	// Irregular is told of each path that is not followed because it is no regular file.
	Irregular func(ctx context.Context)
	// Logger limits how often it says the same.
	Logger    *zap.Logger
	Telemetry component.TelemetrySettings
}

// sentence is Items at the beginning of a sentence.
func (s *Source) sentence() string { return strings.ToUpper(s.Items[:1]) + s.Items[1:] }

// Follower follows files until each of their lines is taken.
type Follower struct {
	source Source
	client *storageclient.Client
	unsent *unsent
	// kept is set where there is a storage, in which unsent lines outlast the collector.
	kept bool
	// moving is set while the manager ends to begin again: lines that it has read are sent then.
	moving    atomic.Bool
	positions *positions

	stop    context.CancelFunc
	guarded sync.WaitGroup
	// manager, nil where it has ended, and leftOut are the guard's, once it has begun.
	manager *fileconsumer.Manager
	leftOut []string
}

// Follow starts to follow files.
func Follow(ctx context.Context, host component.Host, source Source) (*Follower, error) {
	f := &Follower{
		source: source, client: storageclient.New(storage.NewNopClient(), source.Key+"::storage"), unsent: &unsent{}, kept: source.Storage != nil,
		positions: newPositions(nil),
	}
	if id := source.Storage; id != nil {
		var err error
		if f.client, err = storageclient.Open(ctx, host, source.Key+"::storage", *id, source.Owner); err != nil {
			return nil, err
		}
		f.positions = newPositions(f.client.Storage())
		var damaged *state.Damaged
		f.unsent, damaged, err = loadUnsent(ctx, f.client, source.Unsent)
		if damaged != nil {
			err = errors.Join(errors.New(damaged.String()), err)
		}
		if err != nil {
			source.Logger.Warn("What the storage keeps of lines that were read and not sent cannot be used", zap.Error(err))
		}
	}
	irregular := source.Files.irregular()
	f.report(ctx, irregular)
	f.leftOut = irregular
	if err := f.startManager(); err != nil {
		return nil, errors.Join(fmt.Errorf("'%s': %w", source.Key, err), f.client.Close(ctx))
	}
	var guarding context.Context
	guarding, f.stop = context.WithCancel(context.Background())
	f.guarded.Go(func() { f.guard(guarding) })
	return f, nil
}

func (f *Follower) build() (*fileconsumer.Manager, error) {
	files := f.source.Files
	cfg := fileconsumer.NewConfig()
	cfg.Include, cfg.Exclude, cfg.ExcludeOlderThan = files.Include, files.Exclude, files.ExcludeOlderThan
	cfg.StartAt, cfg.PollInterval = files.StartAt, files.PollInterval
	if f.positions.looked.Load() {
		cfg.StartAt = startAtBeginning
	}
	for _, path := range f.leftOut {
		cfg.Exclude = append(slices.Clip(cfg.Exclude), literally(path))
	}
	cfg.MaxLogSize, cfg.MaxLogSizeBehavior = helper.ByteSize(files.MaxRecordSize), fileconsumer.MaxLogSizeBehaviorTruncate
	cfg.FingerprintSize, cfg.FlushPeriod = fingerprintSize, 0 // half a line does not go out, however long its rest takes
	cfg.Resolver = attrs.Resolver{IncludeFilePath: true}

	emit := func(ctx context.Context, lines [][]byte, attributes map[string]any, _ int64, offsets []int64) error {
		path, _ := attributes[attrs.LogFilePath].(string)
		return f.emit(ctx, Lines{path, lines, offsets[:len(lines)]})
	}
	return cfg.Build(f.source.Telemetry, emit, fileconsumer.WithSplitFunc(f.source.Split))
}

// Stop ends the following, and keeps the lines that wait for the pipeline where there is a storage.
func (f *Follower) Stop(ctx context.Context) error {
	f.stop()
	f.guarded.Wait()
	f.stopManager(f.source.Files.irregular())
	return errors.Join(f.save(ctx), f.client.Close(ctx))
}

// SendUnsent sends the lines that the last follower had read and not sent. It returns when they are
// taken or ctx ends.
func (f *Follower) SendUnsent(ctx context.Context) {
	kept := f.unsent.take()
	for i := range kept {
		if err := f.emit(ctx, kept[i]); err != nil {
			f.source.Logger.Error(f.source.sentence()+" are lost", zap.String("file", kept[i].Path), zap.Error(err))
		}
	}
	if len(kept) > 0 && ctx.Err() == nil {
		if err := f.save(ctx); err != nil {
			f.source.Logger.Warn(f.source.sentence()+" may be sent again", zap.Error(err))
		}
	}
}

// emit takes lines of one file. While the pipeline has no room it waits and tries again: the lines
// count as read when it returns. Those that the collector's stop finds waiting are kept for the
// next start where there is a storage.
func (f *Follower) emit(ctx context.Context, lines Lines) error {
	batch := f.source.Read(ctx, lines)
	err := SendUntilTaken(ctx, f.source.Logger, f.source.Items, batch.Send)
	if err != nil && ctx.Err() != nil && (f.kept || f.moving.Load()) {
		f.unsent.add(lines)
		return nil
	}
	batch.Done(ctx, err)
	return err
}

func (f *Follower) save(ctx context.Context) error {
	if !f.kept {
		return nil
	}
	if err := f.unsent.save(ctx, f.client, f.source.Unsent); err != nil {
		return fmt.Errorf("lines that were read and not sent cannot be kept: %w", err)
	}
	return nil
}
