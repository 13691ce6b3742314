// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/oklog/ulid/v2"
)

// The parts of a TSDB's folder that are read.
const (
	walFolder        = "wal"
	outOfOrderFolder = "wbl"
	headFolder       = "chunks_head"
)

// mirror makes a folder that looks like the TSDB in dir: its blocks and logs are links to those of
// dir, its head chunks are hard links or copies. What opens it writes nothing into dir, which a
// collector may have open and which may be on another file system.
func mirror(dir, to string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		var err error
		switch _, noBlock := ulid.ParseStrict(e.Name()); {
		case !e.IsDir():
			continue
		case noBlock == nil:
			err = mirrorBlock(filepath.Join(dir, e.Name()), filepath.Join(to, e.Name()))
		case e.Name() == walFolder || e.Name() == outOfOrderFolder:
			err = link(filepath.Join(dir, e.Name()), filepath.Join(to, e.Name()))
		case e.Name() == headFolder:
			err = mirrorHead(filepath.Join(dir, e.Name()), filepath.Join(to, e.Name()))
		default:
			continue
		}
		found = true
		if err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%s: there is no TSDB in it: neither blocks nor a folder %s", dir, walFolder)
	}
	return os.MkdirAll(filepath.Join(to, headFolder), 0o700)
}

func mirrorBlock(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if err := link(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func mirrorHead(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if os.Link(source, target) == nil {
			continue
		}
		if err := copyFile(source, target); err != nil {
			return err
		}
	}
	return nil
}

func link(from, to string) error {
	from, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	return os.Symlink(from, to)
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // it was only read
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
