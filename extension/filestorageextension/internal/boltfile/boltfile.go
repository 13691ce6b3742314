// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package boltfile tells whether a file of bbolt's is whole before bbolt opens it.
//
// bbolt maps the file into memory and trusts its pages: one that is damaged is a panic, often in a
// goroutine of bbolt's own that nobody can recover from, and one that lies behind the end of a file
// that was cut is a fault of the memory that ends the process, at the start or at some read hours
// later. This package reads the pages as a file, in the order of the tree:
//
//	meta (the newer whole one of two) ──► root bucket ──► branch pages ──► leaf pages ──► buckets
//
// and finds whatever bbolt's own check would, and bounds that bbolt does not check. What the values
// hold is not known here.
package boltfile

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrDamaged is wrapped by the error for a file that bbolt cannot use.
var ErrDamaged = errors.New("is damaged")

// ErrInUse is returned for a file that somebody has open.
var ErrInUse = errors.New("is in use")

// Check returns an error that wraps ErrDamaged where the file at path is not a whole database, and
// ErrInUse where it is still open elsewhere after timeout (0 waits without end). A file that is
// absent or empty is as good as a whole one: bbolt makes it.
func Check(path string, timeout time.Duration) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0:
		return nil
	case err != nil:
		return err
	}
	// The lock is bbolt's, and it is shared: who writes to the file has it alone. A read-only
	// database looks at the two metas and at no other page.
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: timeout})
	if err != nil {
		return openError(err)
	}
	defer func() { _ = db.Close() }()
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil {
		return err
	}
	return checkPages(file, info.Size())
}

// openError tells what is wrong with the file from what is wrong with the system.
func openError(err error) error {
	if errors.Is(err, bolterrors.ErrTimeout) {
		return ErrInUse
	}
	if _, ok := errors.AsType[*os.PathError](err); ok {
		return err
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
