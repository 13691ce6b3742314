// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

// Names that columns of each role often have, the best first.
var (
	predictionNames = []string{"prediction", "predicted", "y_pred", "pred", "predicted_label", "predicted_class", "output", "score_label"}
	confidenceNames = []string{"confidence", "y_pred_proba", "probability", "proba", "prob", "prediction_probability", "y_score", "score"}
	timestampNames  = []string{"timestamp", "time", "datetime", "date", "ts", "created_at", "event_time", "at"}
	labelNames      = []string{"label", "target", "y_true", "actual", "ground_truth", "y", "clf_target"}
	idNames         = []string{"id", "prediction_id", "request_id", "transaction_id", "row_id", "index"}
)

// guess names the columns that the user has not named, by their names and values.
func guess(schema *table.Schema, o *baseline.Options) {
	find := func(names []string, fits func(*table.Column) bool) string {
		for _, name := range names {
			for _, c := range schema.Columns {
				if strings.EqualFold(c.Name, name) && fits(c) {
					return c.Name
				}
			}
		}
		return ""
	}
	if o.Timestamp == "" {
		o.Timestamp = find(timestampNames, func(c *table.Column) bool {
			return (c.Type == table.TypeTime || c.Type.Numeric()) && c.AsTimestamp() == nil
		})
		for _, c := range schema.Columns {
			if o.Timestamp == "" && c.Type == table.TypeTime && c.AsTimestamp() == nil {
				o.Timestamp = c.Name
			}
		}
	}
	if o.Confidence == "" {
		o.Confidence = find(confidenceNames, func(c *table.Column) bool {
			return c.Type.Numeric() && c.Min >= 0 && c.Max <= 1 && c.Name != o.Prediction
		})
	}
	if o.Prediction == "" {
		o.Prediction = find(predictionNames, func(c *table.Column) bool {
			return c.Type != table.TypeEmpty && c.Type != table.TypeTime && c.Name != o.Confidence
		})
	}
	for _, names := range [][]string{labelNames, idNames} {
		name := find(names, func(c *table.Column) bool {
			return !slices.Contains([]string{o.Prediction, o.Confidence, o.Timestamp}, c.Name)
		})
		if name != "" && !slices.Contains(o.Exclude, name) && o.Features == nil {
			o.Exclude = append(o.Exclude, name) // known later, or never, by the model
		}
	}
}

// span is a stretch of the data.
type span struct {
	from, split, to time.Time
	rows, rest      int
}

// halve finds the timestamp at which the second half of the rows begins.
func halve(ctx context.Context, schema *table.Schema, file string, o baseline.Options) (span, error) {
	if c := schema.Column(o.Timestamp); c == nil {
		return span{}, fmt.Errorf("%s: there is no column %q", file, o.Timestamp)
	} else if err := c.AsTimestamp(); err != nil {
		return span{}, fmt.Errorf("%s: column %q: %w", file, o.Timestamp, err)
	}
	r, err := schema.Open(file)
	if err != nil {
		return span{}, err
	}
	defer r.Close()
	var times []time.Time
	var row []table.Cell
	for {
		if row, err = r.Next(row); err != nil {
			break
		}
		if ctx.Err() != nil {
			return span{}, ctx.Err()
		}
		i := slices.Index(r.Columns(), o.Timestamp)
		if i < 0 || row[i].Kind == table.Missing {
			continue
		}
		t, ok := row[i].Instant()
		if !ok {
			return span{}, fmt.Errorf("%s: column %q: %q is not a point in time", r.Where(), o.Timestamp, row[i].Category())
		}
		times = append(times, t)
	}
	if !errors.Is(err, io.EOF) {
		return span{}, err
	}
	slices.SortFunc(times, time.Time.Compare)
	return splitAt(times, len(times)/2)
}

// splitAt splits sorted times at an index, moved up to where a new day begins if that is near.
func splitAt(times []time.Time, at int) (span, error) {
	if len(times) < 2 || !times[len(times)-1].After(times[0]) {
		return span{}, errors.New("the timestamps do not differ: there is nothing to split into before and after")
	}
	s := span{from: times[0], to: times[len(times)-1], rows: len(times), split: times[at]}
	if midnight := s.split.UTC().Truncate(24 * time.Hour); midnight.After(s.from) && s.to.Sub(s.from) > 6*24*time.Hour {
		s.split = midnight
	}
	s.rest = len(times) - len(timesBefore(times, s.split))
	return s, nil
}

func timesBefore(times []time.Time, t time.Time) []time.Time {
	i, _ := slices.BinarySearchFunc(times, t, time.Time.Compare)
	return times[:i]
}

// wanted is the number of rows that a window should have, if it can be.
const wanted = 500

// window chooses the shortest calendar window that has enough rows, or a sliding one for a file of
// hours.
func (s span) window() string {
	length := s.to.Sub(s.split)
	days := length.Hours() / 24
	if days < 3 {
		part := (length / 8).Round(time.Minute)
		return max(part, 12*time.Minute).String()
	}
	perDay := float64(s.rest) / days
	switch {
	case perDay >= wanted:
		return "day"
	case perDay*7 >= wanted && days >= 21:
		return "week"
	case days >= 90:
		return "month"
	case days >= 21:
		return "week"
	default:
		return "day"
	}
}
