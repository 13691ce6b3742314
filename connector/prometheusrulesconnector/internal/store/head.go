// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

// The TSDB writes chunks of the head that are complete into a file, and panics where it cannot, in a
// goroutine of its own, as on a disk that is full, or in a folder that is gone. So it is kept from doing
// so by itself (never), and is asked to by Guard, when there is room.

const (
	// never is how often the TSDB looks after itself.
	never = time.Duration(math.MaxInt64)
	// mapEvery is how often Guard has chunks written.
	mapEvery = time.Minute
	// leastFree is the space that the disk must have for samples to be taken.
	leastFree = 1 << 20
	// chunkBytes is what a chunk that is written takes, at most as a rule.
	chunkBytes = 256
)

// ErrNoRoom is that the disk has no room for more.
var ErrNoRoom = errors.New("the disk is full")

// Room returns ErrNoRoom where the disk has less space than may be needed by what is taken.
func (s *Store) Room() error { return s.room(leastFree) }

func (s *Store) room(bytes uint64) error {
	free, ok := freeSpace(s.directory)
	if ok && free < bytes {
		return fmt.Errorf("%s: %w: %d bytes are free, %d are needed", s.directory, ErrNoRoom, free, bytes)
	}
	return nil
}

// mapHead has the TSDB write chunks that are complete, if that is due and can be done.
func (s *Store) mapHead(now time.Time) {
	if !s.restoreFolders() {
		return
	}
	if now.Sub(s.mapped) < mapEvery || s.room(leastFree+chunkBytes*s.Head().NumSeries()) != nil {
		return
	}
	s.mapped = now
	s.ForceHeadMMap()
}

// restoreFolders makes the folders of the head again where somebody has deleted them: the next file is
// written there. It reports whether they are there.
func (s *Store) restoreFolders() (there bool) {
	there = true
	for _, part := range []string{partWAL, partWBL, partChunks} {
		path := filepath.Join(s.directory, part)
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) || part == partWBL && s.outOfOrder == 0 {
			continue
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			s.logger.Error("A folder of the TSDB is gone and cannot be made again", "folder", path, "error", err)
			there = false
			continue
		}
		s.logger.Error("A folder of the TSDB was gone, deleted while it was open, and was made again. What it held is in memory alone, "+
			"and is lost at the next start", "folder", path)
	}
	return there
}

// Close closes the TSDB. Where the disk is full it cannot write the last chunks, which are in the
// write-ahead log as well, and panics.
func (s *Store) Close() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the TSDB was not closed in order: %v", r)
		}
	}()
	return s.DB.Close()
}
