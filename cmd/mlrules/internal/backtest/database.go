// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// attempts is how often a TSDB is opened: where a collector is writing, the last record of its log may
// be there in part, or a block may go while it is opened.
const attempts = 3

// database is a TSDB that is read.
type database struct {
	folder string
	db     *tsdb.DBReadOnly
	// querier reads all of the time of the backtest, and what rules look back to. Each request says
	// which part it wants.
	querier storage.Querier
	blocks  []span
}

// openDatabase opens the TSDB in dir.
func openDatabase(dir string) (*database, error) {
	var errs []error
	for range attempts {
		d, err := tryOpen(dir)
		if err == nil {
			return d, nil
		}
		errs = append(errs, err)
	}
	return nil, errs[len(errs)-1]
}

func tryOpen(dir string) (_ *database, err error) {
	folder, err := os.MkdirTemp("", "mlrules-backtest")
	if err != nil {
		return nil, err
	}
	d := &database{folder: folder}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	copied := filepath.Join(folder, "tsdb")
	if err := os.Mkdir(copied, 0o700); err != nil {
		return nil, err
	}
	if err := mirror(dir, copied); err != nil {
		return nil, err
	}
	if d.db, err = tsdb.OpenDBReadOnly(copied, folder, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	if err := d.readBlocks(); err != nil {
		return nil, err
	}
	d.querier, err = d.db.Querier(0, time.Now().Add(100*365*24*time.Hour).UnixMilli())
	return d, err
}

// readBlocks reads which times there are blocks of.
func (d *database) readBlocks() error {
	blocks, err := d.db.Blocks()
	if err != nil {
		return err
	}
	for _, b := range blocks {
		m := b.Meta()
		d.blocks = append(d.blocks, span{time.UnixMilli(m.MinTime), time.UnixMilli(m.MaxTime)})
	}
	return nil
}

// Close closes the TSDB and removes what was made to read it.
func (d *database) Close() error {
	var errs []error
	if d.querier != nil {
		errs = append(errs, d.querier.Close())
	}
	if d.db != nil {
		errs = append(errs, d.db.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(d.folder))...)
}

// Querier returns the querier of all times as one of some of them: the query engine says with each
// Select which ones it wants.
func (d *database) Querier(mint, maxt int64) (storage.Querier, error) {
	return part{Querier: d.querier, mint: mint, maxt: maxt}, nil
}

type part struct {
	storage.Querier
	mint, maxt int64
}

func (p part) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	if hints == nil {
		hints = &storage.SelectHints{Start: p.mint, End: p.maxt}
	}
	return p.Querier.Select(ctx, sorted, hints, matchers...)
}

func (part) Close() error { return nil }
