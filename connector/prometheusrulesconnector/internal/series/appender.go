// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"errors"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/otelcol-ml/otelcol-ml/internal/validtext"
)

// appender stands between the converter and the TSDB: it refuses and counts what must not be written, and goes
// on, where the converter would drop the rest of a metric.
type appender struct {
	storage.AppenderV2
	full       bool
	headSeries func() uint64
	maxSeries  uint64
	latest     int64 // of times, ms
	sums       *deltas
	metadata   *Metadata
	family     string // of the sample before
	result     *Result
}

// Append writes one sample. It returns no error.
func (a *appender) Append(
	_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions,
) (storage.SeriesRef, error) {
	if a.family != o.MetricFamilyName {
		a.family = o.MetricFamilyName
		a.metadata.put(a.family, o.Metadata)
	}
	ls = scraped(valid(ls))
	if reason, ok := a.acceptable(ls, t); !ok {
		a.result.refuse(reason, ls.Get(model.MetricNameLabel))
		return 0, nil
	}
	if a.sums != nil {
		if v, h, fh, ok := a.sums.add(ls, t, v, h); ok {
			return a.append(ls, st, t, v, h, fh, o)
		}
		a.result.Written++ // it is in the next sample
		return 0, nil
	}
	return a.append(ls, st, t, v, h, fh, o)
}

func (a *appender) append(
	ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions,
) (storage.SeriesRef, error) {
	ref, err := a.AppenderV2.Append(0, ls, st, t, v, h, fh, o)
	if partial := (*storage.AppendPartialError)(nil); errors.As(err, &partial) {
		for _, refused := range partial.ExemplarErrors {
			// A point has its exemplars each time that it is sent: all but the latest of the series are older than that.
			if !errors.Is(refused, storage.ErrOutOfOrderExemplar) {
				a.result.refuse(ExemplarRefused, ls.Get(model.MetricNameLabel))
			}
		}
		err = nil
	}
	if err != nil {
		a.result.refuse(why(err), ls.Get(model.MetricNameLabel))
		return 0, nil
	}
	a.result.Written++
	return ref, nil
}

// Bounds of one series' labels: a sender must not fill memory and index with a few of them.
const (
	maxLabels     = 128
	maxLabelBytes = 16 << 10
)

func (a *appender) acceptable(ls labels.Labels, t int64) (Reason, bool) {
	switch {
	case a.full:
		return StorageFull, false
	case t > a.latest:
		return TooNew, false
	case ls.Len() > maxLabels || ls.ByteSize() > maxLabelBytes:
		return BadLabels, false
	case a.headSeries() >= a.maxSeries && !a.known(ls):
		return TooManySeries, false
	default:
		return 0, true
	}
}

// known reports whether the head has the series.
func (a *appender) known(ls labels.Labels) bool {
	head, ok := a.AppenderV2.(storage.GetRef)
	if !ok {
		return false
	}
	ref, _ := head.GetRef(ls, ls.Hash())
	return ref != 0
}

// valid makes the values of labels valid UTF-8. The converter makes names of ASCII.
func valid(ls labels.Labels) labels.Labels {
	var b *labels.Builder
	ls.Range(func(l labels.Label) {
		if text, replaced := validtext.Of(l.Value); replaced {
			if b == nil {
				b = labels.NewBuilder(ls)
			}
			b.Set(l.Name, text)
		}
	})
	if b == nil {
		return ls
	}
	return b.Labels()
}

// scraped writes the numbers in the labels "le" and "quantile" as Prometheus does when it scrapes: "1.0" for 1.
func scraped(ls labels.Labels) labels.Labels {
	for _, name := range [...]string{model.BucketLabel, model.QuantileLabel} {
		text := ls.Get(name)
		if text == "" {
			continue
		}
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		if spelt := labels.FormatOpenMetricsFloat(number); spelt != text {
			return labels.NewBuilder(ls).Set(name, spelt).Labels()
		}
	}
	return ls
}
