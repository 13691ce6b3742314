// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluate

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// errFull and errTooMany keep results of rules out of a TSDB that may not grow. Prometheus shows them as the
// rule's error.
var (
	errFull    = errors.New("the TSDB takes nothing more: 'retention_size_mib' is reached")
	errTooMany = errors.New("the TSDB takes no new series: 'limits::series' is reached")
)

// maxRecorded is how many samples of recording rules wait to be taken.
const maxRecorded = 200_000

// The series that Prometheus writes of alerts. They are not recorded results.
const (
	alertsSeries   = "ALERTS"
	forStateSeries = "ALERTS_FOR_STATE"
)

// records is where rules write their results: into the TSDB, and what recording rules say into a list as well.
type records struct {
	*tsdb.DB
	maxSeries uint64
	full      func() bool

	mu      sync.Mutex
	samples []promql.Sample
	dropped int
}

func newRecords(db *tsdb.DB, maxSeries uint64, full func() bool) *records {
	return &records{DB: db, maxSeries: maxSeries, full: full}
}

// Appender returns one for the results of one rule.
func (r *records) Appender(ctx context.Context) storage.Appender {
	return &recordAppender{Appender: r.DB.Appender(ctx), to: r}
}

func (r *records) add(samples []promql.Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := max(maxRecorded-len(r.samples), 0)
	if len(samples) > room {
		r.dropped += len(samples) - room
		samples = samples[:room]
	}
	r.samples = append(r.samples, samples...)
}

func (r *records) take() (samples []promql.Sample, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	samples, dropped = r.samples, r.dropped
	r.samples, r.dropped = nil, 0
	return samples, dropped
}

// acceptable returns why a sample may not be written, if so.
func (r *records) acceptable(app storage.Appender, ls labels.Labels) error {
	if r.full() {
		return errFull
	}
	if r.Head().NumSeries() < r.maxSeries {
		return nil
	}
	if head, ok := app.(storage.GetRef); ok {
		if ref, _ := head.GetRef(ls, ls.Hash()); ref != 0 {
			return nil
		}
	}
	return errTooMany
}

// recordAppender keeps what is written until it is committed.
type recordAppender struct {
	storage.Appender
	to      *records
	samples []promql.Sample
}

func (a *recordAppender) Append(ref storage.SeriesRef, ls labels.Labels, t int64, v float64) (storage.SeriesRef, error) {
	if err := a.to.acceptable(a.Appender, ls); err != nil {
		return 0, err
	}
	ref, err := a.Appender.Append(ref, ls, t, v)
	if err == nil && recorded(ls) {
		a.samples = append(a.samples, promql.Sample{T: t, F: v, Metric: ls})
	}
	return ref, err
}

func (a *recordAppender) AppendHistogram(
	ref storage.SeriesRef, ls labels.Labels, t int64, h *histogram.Histogram, fh *histogram.FloatHistogram,
) (storage.SeriesRef, error) {
	if err := a.to.acceptable(a.Appender, ls); err != nil {
		return 0, err
	}
	ref, err := a.Appender.AppendHistogram(ref, ls, t, h, fh)
	if err == nil && fh != nil && recorded(ls) {
		a.samples = append(a.samples, promql.Sample{T: t, H: fh, Metric: ls})
	}
	return ref, err
}

func (a *recordAppender) Commit() error {
	err := a.Appender.Commit()
	if err == nil && len(a.samples) > 0 {
		a.to.add(a.samples)
	}
	a.samples = nil
	return err
}

// recorded reports whether a series is the result of a recording rule.
func recorded(ls labels.Labels) bool {
	name := ls.Get(model.MetricNameLabel)
	return name != alertsSeries && name != forStateSeries
}

// ended reports whether a value says that a series has no value any more.
func ended(v float64) bool { return math.IsNaN(v) && value.IsStaleNaN(v) }
