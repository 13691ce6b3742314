// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ruletest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
)

// blockDuration is longer than any test: all samples stay in the head, so that any time may be
// written to.
const blockDuration = 100 * 365 * 24 * time.Hour

// memory is the storage of one test: a Prometheus TSDB in a temporary folder, into which the samples
// of input series go as time passes.
type memory struct {
	*tsdb.DB
	folder string
	series []*pending
}

// pending is an input series whose samples are not all written yet.
type pending struct {
	labels labels.Labels
	values []parser.SequenceValue
	// at is the time of the first of values.
	at   time.Time
	step time.Duration
}

func newMemory(t *test, p parser.Parser) (*memory, error) {
	series, err := readSeries(t, p)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "ruletest")
	if err != nil {
		return nil, err
	}
	o := tsdb.DefaultOptions()
	o.MinBlockDuration = blockDuration.Milliseconds()
	o.MaxBlockDuration = blockDuration.Milliseconds()
	o.RetentionDuration = 0
	o.WALSegmentSize = -1 // none: nothing outlives the test
	o.NoLockfile = true
	o.StripeSize = 128
	db, err := tsdb.Open(folder, nil, nil, o, nil)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	db.DisableCompactions()
	return &memory{DB: db, folder: folder, series: series}, nil
}

// readSeries reads the input series of a test; of two with the same labels the later one counts.
func readSeries(t *test, p parser.Parser) ([]*pending, error) {
	var list []*pending
	known := map[string]*pending{}
	for _, in := range t.InputSeries {
		l, values, err := p.ParseSeriesDesc(in.Series + " " + in.Values)
		if err != nil {
			return nil, fmt.Errorf("input series %q: %w", in.Series, err)
		}
		s := &pending{labels: l, values: values, at: t.start(), step: time.Duration(t.Interval)}
		if before, ok := known[l.String()]; ok {
			*before = *s
			continue
		}
		known[l.String()] = s
		list = append(list, s)
	}
	return list, nil
}

// writeUntil writes the samples of the input series that are not later than now.
func (m *memory) writeUntil(ctx context.Context, now time.Time) error {
	app := m.Appender(ctx)
	for _, s := range m.series {
		for len(s.values) > 0 && !s.at.After(now) {
			v := s.values[0]
			ms := s.at.UnixMilli()
			s.values, s.at = s.values[1:], s.at.Add(s.step)
			if v.Omitted {
				continue
			}
			var err error
			if v.Histogram != nil {
				_, err = app.AppendHistogram(0, s.labels, ms, nil, v.Histogram)
			} else {
				_, err = app.Append(0, s.labels, ms, v.Value)
			}
			if err != nil {
				return errors.Join(fmt.Errorf("input series %s: %w", s.labels, err), app.Rollback())
			}
		}
	}
	return app.Commit()
}

// Close removes the storage.
func (m *memory) Close() error { return errors.Join(m.DB.Close(), os.RemoveAll(m.folder)) }
