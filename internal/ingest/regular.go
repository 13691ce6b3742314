// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// Only regular files are followed. The package that follows files opens whatever matches a glob, and
// waits at a pipe until somebody writes to it, for ever, and reads a device without an end. A guard
// looks before it begins and as often as it looks: what matches and is no regular file is named in
// the log and left out. Where something else has taken a file's place in the moment between, the
// guard frees the one that waits for it:
//
//	look ──► what is left out has changed? ──► the follower ends (freed, where it waits at a pipe)
//	                                              └──► and begins again, where it was, without it

const (
	// maxLeftOut is how many paths are left out: each is compared with each file. With more, nothing
	// is followed until there are fewer.
	maxLeftOut = 100
	// maxNamed is how many a log line names.
	maxNamed = 20
	// stopPatience is how long the end of the follower is waited for. Nothing but a device that
	// neither answers nor gives way takes so long.
	stopPatience = 5 * time.Second
	// releaseInterval is the time between two attempts to free it.
	releaseInterval = 10 * time.Millisecond
)

// irregular returns the paths that are matched and are no regular files, sorted: at most maxLeftOut
// and one.
func (f *Files) irregular() []string {
	found := map[string]bool{}
	for _, glob := range f.Include {
		base, pattern := doublestar.SplitPattern(filepath.ToSlash(filepath.Clean(glob)))
		// An error is of a folder that cannot be read, whose files are not followed either.
		_ = doublestar.GlobWalk(os.DirFS(base), pattern, func(name string, d fs.DirEntry) error {
			path := filepath.Join(base, filepath.FromSlash(name))
			if len(found) <= maxLeftOut && !isRegular(path, d) && !f.excluded(path) {
				found[path] = true
			}
			return nil
		})
	}
	paths := make([]string, 0, len(found))
	for path := range found {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// isRegular is true for what may be followed, and for folders, which are not.
func isRegular(path string, d fs.DirEntry) bool {
	mode := d.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(path)
		if err != nil {
			return false // it leads nowhere
		}
		mode = info.Mode().Type()
	}
	return mode.IsRegular() || mode.IsDir()
}

func (f *Files) excluded(path string) bool {
	return slices.ContainsFunc(f.Exclude, func(glob string) bool {
		ok, _ := doublestar.PathMatch(glob, path)
		return ok
	})
}

// literally is a glob that matches a path alone.
func literally(path string) string {
	if filepath.Separator != '/' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`).Replace(path)
}

// guard keeps what is no regular file from the follower until ctx ends.
func (f *Follower) guard(ctx context.Context) {
	ticker := time.NewTicker(f.source.Files.PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := f.source.Files.irregular()
		if slices.Equal(now, f.leftOut) {
			continue
		}
		f.report(ctx, now)
		f.moving.Store(true)
		ended := f.stopManager(now)
		f.moving.Store(false)
		if !ended {
			return
		}
		f.leftOut = now
		f.SendUnsent(ctx)
		if ctx.Err() != nil {
			return
		}
		if err := f.startManager(); err != nil {
			f.source.Logger.Error("Files are followed no more", zap.String("option", f.source.Key), zap.Error(err))
			return
		}
	}
}

// report names what is left out from now on.
func (f *Follower) report(ctx context.Context, now []string) {
	var fresh []string
	for _, path := range now[:min(len(now), maxLeftOut)] {
		if slices.Contains(f.leftOut, path) {
			continue
		}
		fresh = append(fresh, path)
		if f.source.Irregular != nil {
			f.source.Irregular(ctx)
		}
	}
	if len(fresh) > 0 {
		f.source.Logger.Warn("Not followed, as they are no regular files: pipes, sockets, devices, or links to them or to nothing",
			zap.Int("number", len(fresh)), zap.Strings("files", fresh[:min(len(fresh), maxNamed)]))
	}
	if len(now) > maxLeftOut {
		f.source.Logger.Error("No file is followed until there is less among them that is no regular file", zap.String("option", f.source.Key), zap.Int("most", maxLeftOut))
	}
}

// startManager begins to follow, where the last one ended.
func (f *Follower) startManager() error {
	if len(f.leftOut) > maxLeftOut {
		return nil
	}
	manager, err := f.build()
	if err != nil {
		return err
	}
	if err := manager.Start(f.positions); err != nil {
		return err
	}
	f.manager = manager
	return nil
}

// stopManager ends the following, and returns whether it has ended. Where it waits at one of the
// paths, it is freed.
func (f *Follower) stopManager(at []string) bool {
	manager := f.manager
	if manager == nil {
		return true
	}
	ended := make(chan struct{})
	go func() {
		_ = manager.Stop() // it logs its errors, and returns none
		close(ended)
	}()
	ticker := time.NewTicker(releaseInterval)
	defer ticker.Stop()
	deadline := time.NewTimer(stopPatience)
	defer deadline.Stop()
	for {
		select {
		case <-ended:
			f.manager = nil
			return true
		case <-ticker.C:
			for _, path := range at {
				release(path)
			}
		case <-deadline.C:
			f.source.Logger.Error("What follows files does not end: something that is no regular file has taken the place of one and does not answer",
				zap.String("option", f.source.Key), zap.Strings("files", at[:min(len(at), maxNamed)]))
			return false
		}
	}
}

// positions are how far files were read: in the storage, or, without one, in memory, for the next
// follower of this collector.
type positions struct {
	storage.Client
	// looked is set once files were looked for: those that come later are read from their beginning.
	looked atomic.Bool

	mu     sync.Mutex // guards values
	values map[string][]byte
}

// newPositions keeps in client; nil keeps in memory.
func newPositions(client storage.Client) *positions {
	return &positions{Client: client, values: map[string][]byte{}}
}

// Get implements storage.Client.
func (p *positions) Get(ctx context.Context, key string) ([]byte, error) {
	if p.Client != nil {
		return p.Client.Get(ctx, key)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.values[key], nil
}

// Batch implements storage.Client.
func (p *positions) Batch(ctx context.Context, ops ...*storage.Operation) error {
	p.looked.Store(true)
	if p.Client != nil {
		return p.Client.Batch(ctx, ops...)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = p.values[op.Key]
		case storage.Set:
			p.values[op.Key] = op.Value
		case storage.Delete:
			delete(p.values, op.Key)
		default:
			return fmt.Errorf("unknown operation %d", op.Type)
		}
	}
	return nil
}

// Set implements storage.Client.
func (p *positions) Set(ctx context.Context, key string, value []byte) error {
	return p.Batch(ctx, storage.SetOperation(key, value))
}

// Delete implements storage.Client.
func (p *positions) Delete(ctx context.Context, key string) error {
	return p.Batch(ctx, storage.DeleteOperation(key))
}
