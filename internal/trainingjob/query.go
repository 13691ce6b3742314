// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// extract is what was queried, as text by table and column.
type extract struct{ payments, accounts, labels columns }

// columns are equally long columns of text; an empty cell is null.
type columns map[string][]string

// rows returns the length of a column that every table has.
func (c columns) rows(key string) int { return len(c[key]) }

// queryFeatures is the stage feature_query.
func (r *run) queryFeatures(ctx context.Context) error {
	x := &extract{}
	for _, q := range []struct {
		table string
		into  *columns
	}{{"payments", &x.payments}, {"accounts", &x.accounts}, {"labels", &x.labels}} {
		err := r.step(ctx, "SELECT "+q.table, func(ctx context.Context) (err error) {
			*q.into, err = r.query(ctx, q.table)
			return err
		}, attribute.String("db.operation.name", "SELECT"), attribute.String("db.collection.name", q.table))
		if err != nil {
			return err
		}
	}
	r.extract = x
	note(ctx, attribute.String(mlconv.AttrDatasetName, "payments"), attribute.String(mlconv.AttrDatasetVersion, r.date))
	r.rows(ctx, -1, x.payments.rows("payment_id"))
	nulls(ctx, empty(x.payments))
	return nil
}

// query reads all partitions of a table.
func (r *run) query(ctx context.Context, name string) (columns, error) {
	if err := r.step(ctx, "connect", func(context.Context) error { return r.warehouse.connect() }); err != nil {
		return nil, err
	}
	var table *sqlTable
	err := r.step(ctx, "plan "+name, func(context.Context) (err error) {
		table, err = r.warehouse.table(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	found := columns{}
	for part := range len(table.parts) - 1 {
		from, to := table.parts[part], table.parts[part+1]
		err := r.step(ctx, fmt.Sprintf("scan %s/part=%d", name, part), func(ctx context.Context) error {
			for _, c := range table.columns {
				found[c] = append(found[c], table.cells[c][from:to]...)
			}
			note(ctx, attribute.Int("db.response.returned_rows", to-from))
			return r.work(ctx, 25*time.Millisecond)
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// empty turns columns of text into numbers that are NaN where the text is empty, and drops keys:
// what counts nulls reads numbers.
func empty(c columns) map[string][]float64 {
	out := map[string][]float64{}
	for name, cells := range c {
		if keys[name] {
			continue
		}
		out[name] = make([]float64, len(cells))
		for i, cell := range cells {
			if cell == "" {
				out[name][i] = math.NaN()
			}
		}
	}
	return out
}

// keys are columns that join tables; they are no features.
var keys = map[string]bool{"payment_id": true, "account_id": true}
