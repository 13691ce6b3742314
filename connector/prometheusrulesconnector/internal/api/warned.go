// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// warned is a storage whose answers have a place for warnings. Prometheus' handler of /series adds the
// one that the answer was cut to what the storage has returned; without a place it is lost.
type warned struct {
	storage.SampleAndChunkQueryable
}

func (w warned) Querier(mint, maxt int64) (storage.Querier, error) {
	q, err := w.SampleAndChunkQueryable.Querier(mint, maxt)
	return warnedQuerier{q}, err
}

type warnedQuerier struct{ storage.Querier }

func (q warnedQuerier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	return warnedSet{q.Querier.Select(ctx, sorted, hints, matchers...)}
}

type warnedSet struct{ storage.SeriesSet }

func (s warnedSet) Warnings() annotations.Annotations {
	if w := s.SeriesSet.Warnings(); w != nil {
		return w
	}
	return annotations.Annotations{}
}
