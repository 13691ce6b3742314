// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// The folders that have the head of a TSDB.
const (
	partWAL    = "wal"
	partWBL    = "wbl"
	partChunks = "chunks_head"
)

// open opens the TSDB. A write-ahead log that is damaged is cut by Prometheus. Blocks, checkpoints and
// files of chunks that are make it refuse to open, so that they are looked at before, and set aside.
func (s *Store) open(opts *tsdb.Options) error {
	if err := s.setAsideDamaged(); err != nil {
		return err
	}
	var err error
	s.Registry = prometheus.NewRegistry()
	s.DB, err = tsdb.Open(s.directory, s.logger, s.Registry, opts, nil)
	return err
}

// setAsideDamaged moves what cannot be opened into another folder. It has the lock of the TSDB meanwhile.
func (s *Store) setAsideDamaged() error {
	if err := os.MkdirAll(s.directory, 0o777); err != nil { // as Prometheus does
		return err
	}
	lock, err := tsdbutil.NewDirLocker(s.directory, "tsdb", s.logger, nil)
	if err != nil {
		return err
	}
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { _ = lock.Release() }()
	aside := s.directory + ".corrupt-" + time.Now().UTC().Format("20060102T150405.000Z")
	for part, check := range s.checks() {
		why := check(filepath.Join(s.directory, part))
		if why == nil {
			continue
		}
		if isSystem(why) {
			return fmt.Errorf("%s: %w", part, why)
		}
		if err := os.MkdirAll(aside, 0o700); err != nil {
			return err
		}
		to := filepath.Join(aside, part)
		if err := os.Rename(filepath.Join(s.directory, part), to); err != nil {
			return err
		}
		s.SetAside = append(s.SetAside, to)
		s.logger.Error("A part of the TSDB is damaged and was moved away", "part", part, "moved_to", to, "error", why)
	}
	return nil
}

// isSystem reports whether an error is one of the system, and says nothing of what files hold.
func isSystem(err error) bool {
	errno, ok := errors.AsType[syscall.Errno](err)
	return ok && errno != syscall.ENOENT && errno != syscall.EINVAL && errno != syscall.ENOTDIR && errno != syscall.EISDIR
}

// checks are the parts that are there, with what says whether they can be opened.
func (s *Store) checks() map[string]func(path string) error {
	checks := map[string]func(path string) error{}
	entries, _ := os.ReadDir(s.directory)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		switch _, err := ulid.ParseStrict(e.Name()); {
		case err == nil:
			checks[e.Name()] = s.checkBlock
		case e.Name() == partWAL:
			checks[e.Name()] = checkCheckpoint
		case e.Name() == partChunks:
			checks[e.Name()] = checkChunks
		}
	}
	return checks
}

func (s *Store) checkBlock(path string) error {
	block, err := tsdb.OpenBlock(s.logger, path, nil, nil)
	if err != nil {
		return err
	}
	return block.Close()
}

// checkCheckpoint reads the checkpoint of a write-ahead log, which Prometheus does not repair.
func checkCheckpoint(path string) error {
	checkpoint, _, err := wlog.LastCheckpoint(path)
	if err != nil {
		return nil // there is none
	}
	segments, err := wlog.NewSegmentsReader(checkpoint)
	if err != nil {
		return err
	}
	defer func() { _ = segments.Close() }()
	r := wlog.NewReader(segments)
	for r.Next() {
		continue // its error is what matters
	}
	return r.Err()
}

func checkChunks(path string) error {
	mapper, err := chunks.NewChunkDiskMapper(nil, path, nil, chunks.MinWriteBufferSize, 0)
	if err != nil {
		return err
	}
	return mapper.Close()
}
