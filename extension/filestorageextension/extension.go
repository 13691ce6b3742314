// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package filestorageextension

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/boltfile"
	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/datafile"
	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/heldfile"
	"github.com/otelcol-ml/otelcol-ml/extension/filestorageextension/internal/metadata"
)

// fileStorage is contrib's file_storage, which opens only files that are whole.
type fileStorage struct {
	storage.Extension // contrib's

	id        component.ID
	cfg       *Config
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
}

var _ storage.Extension = (*fileStorage)(nil)

// Shutdown ends what is ours after contrib's.
func (s *fileStorage) Shutdown(ctx context.Context) error {
	defer s.telemetry.Shutdown()
	return s.Extension.Shutdown(ctx)
}

// GetClient opens the file of a component.
func (s *fileStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	path := datafile.Path(s.cfg.Directory, kind, id, name)
	err := boltfile.Check(path, s.cfg.Timeout)
	if errors.Is(err, syscall.ENAMETOOLONG) {
		path = datafile.HashedPath(s.cfg.Directory, kind, id, name)
		err = boltfile.Check(path, s.cfg.Timeout)
	}
	if err != nil {
		if err = s.handle(ctx, path, err); err != nil {
			return nil, err
		}
	}
	s.sayEmpty(ctx, path)
	client, err := s.open(ctx, kind, id, name)
	if err != nil { // somebody may have opened or changed the file since the check
		if again := boltfile.Check(path, s.cfg.Timeout); again != nil {
			return nil, s.explain(path, again)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	inner, ok := client.(heldfile.Inner)
	if !ok {
		return client, nil
	}
	return heldfile.New(inner, heldfile.Options{
		Path: path,
		Open: func(ctx context.Context) (heldfile.Inner, error) { return s.openAnew(ctx, kind, id, name) },
		Gone: func(_ context.Context, err error) {
			s.logger.Error("A data file is gone, deleted while it was open, and cannot be written anew: what its component writes fails until then",
				zap.String("file", path), zap.Error(err))
		},
		Broken: func(_ context.Context, err error) {
			s.logger.Error("A data file was cut while it was open: all that its component writes fails until the collector is started again",
				zap.String("file", path), zap.Error(err))
		},
		Rewritten: func(ctx context.Context, values int) {
			s.telemetry.FileStorageRewritten.Add(ctx, 1)
			s.logger.Warn("A data file was gone, deleted while it was open. It was written anew with all that it held",
				zap.String("file", path), zap.Int("values", values))
		},
	}), nil
}

// openAnew opens a file that is gone, in a folder that may be gone with it.
func (s *fileStorage) openAnew(ctx context.Context, kind component.Kind, id component.ID, name string) (heldfile.Inner, error) {
	if s.cfg.CreateDirectory {
		mode, err := strconv.ParseUint(s.cfg.DirectoryPermissions, 8, 32)
		if err != nil {
			return nil, err // contrib has checked it
		}
		if err := os.MkdirAll(s.cfg.Directory, os.FileMode(mode)); err != nil {
			return nil, err
		}
	}
	client, err := s.open(ctx, kind, id, name)
	if err != nil {
		return nil, err
	}
	return client.(heldfile.Inner), nil
}

// sayEmpty warns of a file without a byte, which is opened as a new one: a first start that was
// killed leaves it, or a file system that has lost what it held.
func (s *fileStorage) sayEmpty(ctx context.Context, path string) {
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		s.telemetry.FileStorageSetAside.Add(ctx, 1)
		s.logger.Warn("A data file is empty. What it may have kept is lost to the component, which starts as if for the first time",
			zap.String("file", path))
	}
}

// handle moves a damaged file away where the config says so, or explains why there is no client.
func (s *fileStorage) handle(ctx context.Context, path string, err error) error {
	if !errors.Is(err, boltfile.ErrDamaged) || !s.cfg.setsAside() {
		return s.explain(path, err)
	}
	aside := path + ".corrupt-" + time.Now().UTC().Format("20060102T150405.000Z")
	if merr := os.Rename(path, aside); merr != nil {
		return fmt.Errorf("%s %w, and cannot be moved away: %w", path, err, merr)
	}
	s.telemetry.FileStorageSetAside.Add(ctx, 1)
	s.logger.Warn("A data file is damaged. It was moved away; what it kept is lost to the component, which starts with an empty one.",
		zap.String("file", path), zap.String("moved_to", aside), zap.Error(err))
	return nil
}

// explain says what a user can do about a file.
func (s *fileStorage) explain(path string, err error) error {
	switch {
	case errors.Is(err, boltfile.ErrInUse):
		return fmt.Errorf("%s is open in another process, or by another component of the same kind and id in this one (waited %v, 'timeout'): "+
			"end the other process, or give each its own 'directory'", path, s.cfg.Timeout)
	case errors.Is(err, boltfile.ErrDamaged):
		return fmt.Errorf("%s %w; put a copy in its place, move it away, or set 'on_corrupt: %s' of extension %q to have it moved away at the start",
			path, err, OnCorruptSetAside, s.id)
	default:
		return fmt.Errorf("%s cannot be read: %w", path, err)
	}
}

// open has contrib open the file. What was overlooked and panics in this goroutine is an error.
func (s *fileStorage) open(ctx context.Context, kind component.Kind, id component.ID, name string) (client storage.Client, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bbolt cannot open it: %v", r)
		}
	}()
	return s.Extension.GetClient(ctx, kind, id, name)
}
