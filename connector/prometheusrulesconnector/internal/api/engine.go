// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
)

// maxPoints is how many points an answer has at most. An answer is held as text in the memory, which
// takes more than its samples; a chart has some thousand points.
const maxPoints = 1_000_000

// boundedEngine is an engine whose results are not larger than what is sent.
type boundedEngine struct{ promql.QueryEngine }

func (e boundedEngine) NewInstantQuery(
	ctx context.Context, s storage.Queryable, o promql.QueryOpts, text string, at time.Time,
) (promql.Query, error) {
	q, err := e.QueryEngine.NewInstantQuery(ctx, s, o, text, at)
	if err != nil {
		return nil, err
	}
	return boundedQuery{q}, nil
}

func (e boundedEngine) NewRangeQuery(
	ctx context.Context, s storage.Queryable, o promql.QueryOpts, text string, start, end time.Time, step time.Duration,
) (promql.Query, error) {
	q, err := e.QueryEngine.NewRangeQuery(ctx, s, o, text, start, end, step)
	if err != nil {
		return nil, err
	}
	return boundedQuery{q}, nil
}

type boundedQuery struct{ promql.Query }

func (q boundedQuery) Exec(ctx context.Context) *promql.Result {
	result := q.Query.Exec(ctx)
	if sized, ok := result.Value.(interface{ TotalSamples() int }); ok {
		if n := sized.TotalSamples(); n > maxPoints {
			return &promql.Result{Warnings: result.Warnings, Err: fmt.Errorf(
				"the answer has %d points, at most %d are sent: ask for fewer series (sum by, topk), a shorter time or a larger step", n, maxPoints)}
		}
	}
	return result
}
