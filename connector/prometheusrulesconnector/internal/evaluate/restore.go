// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluate

import (
	"context"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/otelcol-ml/otelcol-ml/connector/prometheusrulesconnector/internal/alerting"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
)

// alertState is the label of the series ALERTS.
const alertState = "alertstate"

// restore tells of the alerts whose series ALERTS said firing when the TSDB was written to for the last time.
func restore(ctx context.Context, db storage.Queryable, last int64, known []*rules.AlertingRule, intervals map[string]time.Duration, to *alerting.Alerts) error {
	from := last - ruleengine.LookbackDelta.Milliseconds()
	q, err := db.Querier(from, last)
	if err != nil {
		return err
	}
	defer func() { _ = q.Close() }()

	firing, err := lastValues(ctx, q, alertsSeries, alertState, "firing")
	if err != nil || len(firing) == 0 {
		return err
	}
	since, err := lastValues(ctx, q, forStateSeries, "", "")
	if err != nil {
		return err
	}
	for hash, x := range firing {
		startsAt := time.UnixMilli(x.time)
		if active, ok := since[hash]; ok {
			startsAt = firedAt(time.Unix(int64(active.value), 0), x.labels.Get(model.AlertNameLabel), known, intervals)
		}
		to.Restore(x.labels, startsAt)
	}
	return nil
}

// firedAt is when an alert fired that was active since a time: at the first evaluation after its rule's "for".
func firedAt(active time.Time, name string, known []*rules.AlertingRule, intervals map[string]time.Duration) time.Time {
	for _, r := range known {
		if interval := intervals[name]; r.Name() == name && interval > 0 {
			late := (interval - r.HoldDuration()%interval) % interval // until the first evaluation after "for"
			return active.Add(r.HoldDuration() + late).Truncate(time.Second)
		}
	}
	return active
}

type lastValue struct {
	labels labels.Labels
	value  float64
	time   int64
}

// lastValues returns the last value of each series of a metric, by the hash of the labels that the alert has. Series
// that have ended are left out.
func lastValues(ctx context.Context, q storage.Querier, metric, label, is string) (map[uint64]lastValue, error) {
	ms := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, model.MetricNameLabel, metric)}
	if label != "" {
		ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, label, is))
	}
	found := map[uint64]lastValue{}
	set := q.Select(ctx, false, nil, ms...)
	var it chunkenc.Iterator
	for set.Next() {
		series := set.At()
		it = series.Iterator(it)
		x := lastValue{}
		for it.Next() == chunkenc.ValFloat {
			x.time, x.value = it.At()
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
		if x.time == 0 || ended(x.value) {
			continue
		}
		x.labels = labels.NewBuilder(series.Labels()).Del(model.MetricNameLabel, alertState).Labels()
		found[x.labels.Hash()] = x
	}
	return found, set.Err()
}
