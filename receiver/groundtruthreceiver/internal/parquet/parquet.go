// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package parquet follows a folder of Parquet files. A Parquet file is read when it is whole: its end
// says what is in it. It counts as whole when two looks in a row find it the same.
//
//	look ──► files that are new or have changed ──► rows, in batches ──► sent until taken
//	                                                                        │
//	storage ◄── files that were read, rows of the one that is being read ◄──┘
package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/state"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/internal/wire"
)

// Globs are those of files that are read here, and not by lines.
var Globs = []string{"**/*.parquet", "**/*.pq"}

const (
	// batchSize is the number of rows that are sent at a time.
	batchSize = 1000
	// maxFiles is the number of files that are known.
	maxFiles = 10_000
)

// Batch is what rows of a file hold.
type Batch struct {
	Path     string
	Labels   []label.Label
	Rejected []Rejection
}

// Rejection is a row that is no label; Where names the file and the row.
type Rejection struct {
	Where string
	Err   *label.Error
}

// Options say what to follow.
type Options struct {
	Include, Exclude []string
	// ExcludeOlderThan leaves out files that have not changed for so long; 0 leaves none out.
	ExcludeOlderThan time.Duration
	// FromStart reads files that are there at the first start.
	FromStart bool
	// Interval is the time between two looks.
	Interval time.Duration
	// Store keeps what was read; nil keeps nothing.
	Store  state.Store
	Parser *label.Parser
	// Send sends a batch until it is taken, or refused for good. It fails where ctx ends before.
	Send func(ctx context.Context, b Batch) error
	// Unreadable is told of a file that cannot be read.
	Unreadable func(ctx context.Context, path string, err error)
	Logger     *zap.Logger
}

// Follower follows Parquet files.
type Follower struct {
	options Options
	files   map[string]*file
	// first is set until the first look, of a follower that has no state.
	first bool
	// full is set while there are more files than are known.
	full bool
}

// file is one that is known.
type file struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	// Rows is how many were sent, Done that all were, or that the file cannot be read.
	Rows int64 `json:"rows,omitempty"`
	Done bool  `json:"done,omitempty"`

	seen bool // by this look
}

// current is the file that is being read.
type current struct {
	Path string `json:"path"`
	File file   `json:"file"`
}

const (
	filesKey   = "ground_truth.parquet"
	currentKey = "ground_truth.parquet.current"
)

var format = wire.Format{Version: 1}

// New returns a Follower that goes on where the last one stopped. What the store has and cannot be
// read is set aside and logged; an error is the store's own.
func New(ctx context.Context, o Options) (*Follower, error) {
	f := &Follower{options: o, files: map[string]*file{}, first: true}
	if o.Store == nil {
		return f, nil
	}
	var now current
	for key, into := range map[string]any{filesKey: &f.files, currentKey: &now} {
		damaged, err := state.Take(ctx, o.Store, key, func(value []byte) error {
			f.first = false
			return format.DecodeJSON(value, into)
		})
		if err != nil {
			return nil, err
		}
		if damaged != nil {
			o.Logger.Warn("What the storage keeps of Parquet files that were read cannot be used: they are read again", zap.Stringer("damaged", damaged))
		}
	}
	if f.files == nil {
		f.files = map[string]*file{}
	}
	for path, known := range f.files {
		if known == nil {
			delete(f.files, path)
		}
	}
	if now.Path != "" {
		f.files[now.Path] = &now.File
	}
	return f, nil
}

// Run looks and reads until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	ticker := time.NewTicker(f.options.Interval)
	defer ticker.Stop()
	for {
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			f.options.Logger.Warn("Parquet files cannot be followed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look reads the files that are new or have changed, and are whole.
func (f *Follower) look(ctx context.Context) error {
	paths, err := f.paths()
	if err != nil {
		return err
	}
	for _, known := range f.files {
		known.seen = false
	}
	changed, dropped := false, 0
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue // it has gone
		}
		if age := f.options.ExcludeOlderThan; age > 0 && time.Since(info.ModTime()) > age {
			continue
		}
		known := f.files[path]
		if known == nil && len(f.files) >= maxFiles {
			dropped++
			continue
		}
		if known == nil || known.Size != info.Size() || !known.Modified.Equal(info.ModTime()) {
			known = &file{Size: info.Size(), Modified: info.ModTime(), Done: f.first && !f.options.FromStart, seen: true}
			f.files[path] = known
			changed = changed || known.Done
			continue // until it is found the same
		}
		known.seen = true
		if known.Done {
			continue
		}
		if err := f.read(ctx, path, known); err != nil {
			return err
		}
	}
	for path, known := range f.files {
		if !known.seen {
			delete(f.files, path)
			changed = true
		}
	}
	if f.full != (dropped > 0) {
		if f.full = dropped > 0; f.full {
			f.options.Logger.Warn("There are more Parquet files than can be followed; exclude_older_than leaves old ones out",
				zap.Int("followed", maxFiles), zap.Int("left_out", dropped))
		}
	}
	if changed || f.first {
		f.first = false
		return f.save(ctx, nil)
	}
	return nil
}

// paths are the Parquet files that are to be followed.
func (f *Follower) paths() ([]string, error) {
	var paths []string
	for _, glob := range f.options.Include {
		found, err := doublestar.FilepathGlob(glob, doublestar.WithFilesOnly())
		if err != nil {
			return nil, fmt.Errorf("%q: %w", glob, err)
		}
		for _, path := range found {
			if matches(Globs, path) && !matches(f.options.Exclude, path) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

func matches(globs []string, path string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, _ := doublestar.PathMatch(filepath.FromSlash(glob), path)
		return ok
	})
}

// read sends the rows of a file that were not sent yet. An error is ctx's or the store's.
func (f *Follower) read(ctx context.Context, path string, known *file) error {
	err := f.readRows(ctx, path, known)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed, ok := errors.AsType[*storeError](err); ok {
		return failed.err
	}
	if err != nil {
		f.options.Unreadable(ctx, path, err)
	}
	known.Done = true
	return f.save(ctx, nil)
}

// storeError is the store's own.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

func (f *Follower) readRows(ctx context.Context, path string, known *file) error {
	in, err := table.Open(path, table.Options{Format: table.Parquet})
	if err != nil {
		return err
	}
	defer in.Close()
	columns, err := f.options.Parser.Columns(in.Columns())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var cells []table.Cell
	for range known.Rows {
		if cells, err = in.Next(cells); err != nil {
			return err
		}
	}
	for {
		b, rows := Batch{Path: path}, int64(0)
		for ; rows < batchSize; rows++ {
			if cells, err = in.Next(cells); err != nil {
				break
			}
			l, refused := columns.Row(cells)
			if wrong, ok := errors.AsType[*label.Error](refused); ok {
				b.Rejected = append(b.Rejected, Rejection{Where: in.Where(), Err: wrong})
				continue
			}
			b.Labels = append(b.Labels, l)
		}
		if rows > 0 {
			if err := f.options.Send(ctx, b); err != nil {
				return err
			}
			known.Rows += rows
			if err := f.save(ctx, &current{path, *known}); err != nil {
				return &storeError{err}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// save writes how far the file is read that is being read; without one, which files were.
func (f *Follower) save(ctx context.Context, now *current) error {
	if f.options.Store == nil {
		return nil
	}
	set := map[string][]byte{currentKey: nil}
	var err error
	if now != nil {
		set[currentKey], err = format.EncodeJSON(now)
	} else {
		set[filesKey], err = format.EncodeJSON(f.files)
	}
	if err != nil {
		return err
	}
	return f.options.Store.Batch(ctx, set)
}
