// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package boundedfile opens files that somebody else writes: regular ones alone, since a pipe or a
// terminal may have a reader wait for ever, and whole ones only where they are not larger than a
// limit, so that none fills the memory.
package boundedfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotRegular is wrapped by the error for a path that leads to a pipe, a socket, a device or a
// folder.
var ErrNotRegular = errors.New("is no file")

// Open opens a regular file for reading. It does not wait, whatever is at the path, or is put there
// while it looks.
func Open(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, notRegular(path) // some devices do something when they are opened
	}
	f, err := os.OpenFile(path, os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notRegular(path)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func notRegular(path string) error {
	return &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
}

// Read returns the content of a regular file of at most limit bytes. The error for a larger one says
// so and does not name the file; errors of the file system do.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return read(f, limit)
}

// ReadAny is Read for a path that a person gives to a command: it may be that of a pipe.
func ReadAny(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return read(f, limit)
}

func read(f *os.File, limit int64) ([]byte, error) {
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &TooLargeError{Limit: limit}
	}
	return data, nil
}

// TooLargeError is returned for a file that is larger than the limit.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string { return fmt.Sprintf("has more than %d bytes", e.Limit) }
