// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// alertMetrics are the series that alerting rules write.
var alertMetrics = []string{"ALERTS", "ALERTS_FOR_STATE"}

// overlay is a TSDB with what the rules under test have written laid over it. From the beginning of
// the backtest on, series that they write are theirs alone: what the collector recorded then, by the
// rules it had, is hidden.
type overlay struct {
	base    *database
	written *tsdb.DB
	folder  string
	begin   int64
	// names are the metrics that the rules write.
	names map[string]bool
}

func newOverlay(base *database, begin time.Time, names map[string]bool) (*overlay, error) {
	folder, err := os.MkdirTemp("", "mlrules-overlay")
	if err != nil {
		return nil, err
	}
	o := tsdb.DefaultOptions()
	// One block would be longer than any backtest: all is kept until the end.
	o.MinBlockDuration = (100 * 365 * 24 * time.Hour).Milliseconds()
	o.MaxBlockDuration = o.MinBlockDuration
	o.RetentionDuration = 0
	o.WALSegmentSize = -1
	o.NoLockfile = true
	o.StripeSize = 1024
	db, err := tsdb.Open(filepath.Join(folder, "tsdb"), nil, nil, o, nil)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	db.DisableCompactions()
	return &overlay{base: base, written: db, folder: folder, begin: begin.UnixMilli(), names: names}, nil
}

// Close removes what was written.
func (o *overlay) Close() error { return errors.Join(o.written.Close(), os.RemoveAll(o.folder)) }

// Appender writes to the overlay.
func (o *overlay) Appender(ctx context.Context) storage.Appender { return o.written.Appender(ctx) }

// Querier reads both.
func (o *overlay) Querier(mint, maxt int64) (storage.Querier, error) {
	base, err := o.base.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	written, err := o.written.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return storage.NewMergeQuerier([]storage.Querier{written, hiding{base, o}}, nil, storage.ChainedSeriesMerge), nil
}

// hiding is the TSDB without what the rules write from the beginning on.
type hiding struct {
	storage.Querier
	overlay *overlay
}

func (h hiding) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	name, ok := metricName(matchers)
	if !ok || !h.overlay.names[name] || hints == nil || hints.End < h.overlay.begin {
		return h.Querier.Select(ctx, sorted, hints, matchers...)
	}
	if hints.Start >= h.overlay.begin {
		return storage.EmptySeriesSet()
	}
	earlier := *hints
	earlier.End = h.overlay.begin - 1
	return h.Querier.Select(ctx, sorted, &earlier, matchers...)
}

// metricName returns the one metric that matchers select.
func metricName(matchers []*labels.Matcher) (string, bool) {
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value, true
		}
	}
	return "", false
}
