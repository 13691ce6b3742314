// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package store is a Prometheus TSDB that stays within its limits: it holds series for a time and up to a
// size, says when it had to repair itself, and opens though parts of it are damaged (open.go).
//
//	samples ──► write-ahead log and head (the last hours, in memory) ──► blocks on disk ──► deleted by age or size
//
// The TSDB deletes the oldest blocks when blocks and write-ahead log are too large. Where the log and the head
// alone are, it cannot help itself: then nothing more is taken (Full) until the head was written as a block.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/compression"
)

// Options are those of a Store.
type Options struct {
	Directory string
	// Retention is how long samples are kept, Size how many bytes all files may take.
	Retention time.Duration
	Size      int64
	// OutOfOrder is how much older than the newest sample one may be.
	OutOfOrder time.Duration
	// Exemplars is how many are kept, in memory and in the write-ahead log.
	Exemplars int
	Logger    *slog.Logger
}

// Store is a TSDB within its limits.
type Store struct {
	*tsdb.DB
	// Registry has what the TSDB counts of itself.
	Registry *prometheus.Registry

	// SetAside are the parts of the TSDB that were damaged and could not be opened, where they are now.
	SetAside []string

	directory string
	limit     int64
	// outOfOrder is as in Options.
	outOfOrder time.Duration
	logger     *slog.Logger
	size       atomic.Int64
	full       atomic.Bool
	// mapped is when chunks of the head were written last; only Guard uses it.
	mapped time.Time
}

// Shares of the limit. Blocks are deleted at the first one; at the second nothing is taken. What is left is for
// blocks while they are made of others: they are there twice until the old ones are deleted.
const (
	deleteShare = 0.7
	fullShare   = 0.85
)

// Bounds of a segment of the write-ahead log, whose last ones cannot be deleted: a small store has small ones.
const (
	segmentPage = 32 << 10
	minSegment  = 8 * segmentPage
	maxSegment  = 128 << 20
	segments    = 64
	// chunkFiles is how many files of a block's chunks the limit has room for: one takes its full size while it is
	// written.
	chunkFiles = 32
)

const (
	minBlock = int64(2 * time.Hour / time.Millisecond)
	maxBlock = int64(31 * 24 * time.Hour / time.Millisecond)
)

// Open opens the TSDB in a directory, which it makes, and reads the write-ahead log.
func Open(o Options) (*Store, error) {
	s := &Store{directory: o.Directory, limit: o.Size, outOfOrder: o.OutOfOrder, logger: o.Logger}
	opts := tsdb.DefaultOptions()
	opts.RetentionDuration = o.Retention.Milliseconds()
	opts.MaxBytes = int64(deleteShare * float64(o.Size))
	opts.MinBlockDuration = minBlock
	opts.MaxBlockDuration = min(max(opts.RetentionDuration/10, minBlock), maxBlock)
	opts.OutOfOrderTimeWindow = o.OutOfOrder.Milliseconds()
	opts.EnableExemplarStorage = o.Exemplars > 0
	opts.MaxExemplars = int64(o.Exemplars)
	opts.WALCompression = compression.Snappy
	opts.MaxBlockChunkSegmentSize = min(max(o.Size/chunkFiles, minSegment), chunks.DefaultChunkSegmentSize)
	opts.WALSegmentSize = int(min(max(o.Size/segments, minSegment), maxSegment)) / segmentPage * segmentPage

	opts.HeadChunksWriteBufferSize = chunks.MinWriteBufferSize
	opts.BlockReloadInterval = never
	if err := s.open(opts); err != nil {
		return nil, fmt.Errorf("'directory': open the TSDB in %s: %w", o.Directory, err)
	}
	if _, err := s.measure(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Repaired returns how often a damaged write-ahead log was cut where the damage begins.
func (s *Store) Repaired() int {
	return int(s.value("prometheus_tsdb_wal_corruptions_total"))
}

// value returns a counter or gauge of the TSDB's without labels.
func (s *Store) value(name string) float64 {
	families, err := s.Registry.Gather()
	if err != nil {
		return 0
	}
	for _, f := range families {
		if f.GetName() == name && len(f.GetMetric()) == 1 {
			return number(f.GetMetric()[0])
		}
	}
	return 0
}

func number(m *dto.Metric) float64 {
	if m.GetCounter() != nil {
		return m.GetCounter().GetValue()
	}
	return m.GetGauge().GetValue()
}

// Size returns the bytes of all files, as of the last Guard.
func (s *Store) Size() int64 { return s.size.Load() }

// Full reports whether nothing may be taken.
func (s *Store) Full() bool { return s.full.Load() }

// Guard writes what of the head is complete into its file, and measures the files. Where they are too large although the TSDB has deleted what it could, it writes
// the head as a block, so that the write-ahead log can be deleted and the oldest blocks go. It is called every
// few seconds, by one goroutine.
func (s *Store) Guard() error {
	s.mapHead(time.Now())
	size, err := s.measure()
	if err != nil || float64(size) < fullShare*float64(s.limit) {
		return err
	}
	if err := s.writeHead(); err != nil {
		return err
	}
	_, err = s.measure()
	return err
}

// headKept is how much of the head stays in it when it is written as a block, so that samples that come at
// the same time find their place.
const headKept = time.Minute

func (s *Store) writeHead() error {
	head := s.Head()
	from, to := head.MinTime(), head.MaxTime()-headKept.Milliseconds()
	if head.NumSeries() == 0 || to <= from {
		return nil
	}
	return s.CompactHead(tsdb.NewRangeHead(head, from, to))
}

func (s *Store) measure() (int64, error) {
	size, err := directorySize(s.directory)
	if err != nil {
		return 0, err
	}
	s.size.Store(size)
	s.full.Store(float64(size) >= fullShare*float64(s.limit))
	return size, nil
}

// directorySize adds up the files in a directory. Those that are deleted meanwhile do not count.
func directorySize(directory string) (int64, error) {
	var size int64
	err := filepath.WalkDir(directory, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return ignoreMissing(err)
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		size += info.Size()
		return nil
	})
	return size, err
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
