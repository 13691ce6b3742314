// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package notes logs what a batch has to say: values that cannot be used, limits that are reached.
// Each kind is said once in a while for an attribute of a model.
package notes

import (
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/count"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/detectors"
	"github.com/otelcol-ml/otelcol-ml/connector/mlsummaryconnector/internal/series"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
)

// interval is how long the same thing about the same attribute of the same model is not said again.
const interval = 10 * time.Minute

// kinds is more than there are kinds of notes.
const kinds = 64

// texts are what is said of each kind of note, with what becomes of it.
var texts = map[prediction.NoteKind]string{
	prediction.NoteKind(prediction.FlawNumber):   "A value is no number and is not counted; a feature's is counted as missing",
	prediction.NoteKind(prediction.FlawRange):    "A confidence is not from 0 to 1 and is not counted",
	prediction.NoteKind(prediction.FlawNegative): "An amount is negative and is not counted",
	prediction.NoteKind(prediction.FlawLength):   "An array has no ml.batch.size of its length and is not counted",
	prediction.NoteKind(prediction.FlawBatch): "A batch is counted only as far as an array of its length on the span, or the card's max_batch, " +
		"confirms it",
	prediction.NoteKind(prediction.FlawText): "A text is no JSON object and is not counted",
	prediction.NoteKind(prediction.FlawType): "A value is of a type that cannot be counted",
	prediction.NoteKind(prediction.FlawTime): "A span ends before it starts: its duration is not counted",
	prediction.NoteKind(prediction.FlawDerived): "A feature cannot be derived from an attribute: it is no vector of at most 4096 numbers, " +
		"no scores of two classes or more, no text or no number, as the measure needs; it is counted as missing",
	prediction.NoteKind(prediction.FlawSampling): "A span's sampling probability is malformed, and it counts once, or is below 1 in 65536, " +
		"and it counts no more than that",

	count.NoteModels: "limits::models is reached: models without a card that find no room share one series, otel.metric.overflow; " +
		"a place that becomes free is for models that come again",
	count.NoteSegments: "limits::segments is reached, or limits::series of all models: the values of a segment dimension that find no room share one series, " +
		"otel.metric.overflow",
	prediction.NoteFeatures: "limits::features is reached, or limits::series of all models: features that find no room share one series, otel.metric.overflow",
	count.NoteCategories: "limits::categories is reached, or limits::series of all models: categories or classes that find no room share one series, " +
		"otel.metric.overflow",
	count.NoteServices: "limits::segments is reached, or limits::series of all models: services that find no room share one series, otel.metric.overflow",
	count.NoteDetectors: "limits::detectors is reached: a model has no change detectors, as there is no room for all of its own; " +
		"those of a model are given up only after it was unused for an hour",
	count.NoteUnwatched: "A change detector cannot take a value: it is no number, or outside of the range that its parameters min and max say",
	count.NoteSources:   "limits::sources is reached, or limits::series of all models: rows of sources that find no room share one series, otel.metric.overflow",
	count.NoteChecks: "A model has more than 1000 checks, and features that its contract does not know, that were broken: " +
		"those that find no room share one series, otel.metric.overflow",
	count.NotePlacements: "limits::placements is reached: ml.model.placement lacks places in which models run; " +
		"none gives way that had a prediction in two flush intervals, until five minutes after the last one",
	count.NoteErrors:   "A model has more than 20 values of error.type: those that find no room are counted as _OTHER",
	prediction.NoteCut: "A name is longer than 256 bytes, or no valid UTF-8, and was cut or repaired",
	prediction.NoteUnread: "Calls with tokens have an operation that nobody knows and are not counted: ml_normalize can map it to chat, " +
		"generate_content, text_completion or embeddings",
	prediction.NoteRows: "A batch is too much work for the bytes that its span holds: some of its rows count as predictions, but their answers and " +
		"features are not read",
	count.NoteSwitched: "A feature whose first values were numbers has words, too: from now on its values are counted as categories",
}

// Log writes notes to a logger. It is safe for concurrent use.
type Log struct {
	logger *zap.Logger
	// limiters are by kind, so that names that are made up for one do not silence another.
	limiters          [kinds]*loglimit.Limiter
	evicted, detected *loglimit.Limiter
}

// NewLog returns a log.
func NewLog(logger *zap.Logger) *Log {
	l := &Log{logger: logger, evicted: loglimit.New(interval), detected: loglimit.New(interval)}
	for kind := range l.limiters {
		l.limiters[kind] = loglimit.New(interval)
	}
	return l
}

// Write writes the notes of a batch.
func (l *Log) Write(list []prediction.Note) {
	for i := range list {
		n := &list[i]
		key := n.Model.Name + "\x00" + n.Key
		switch n.Kind { // where names are what there are too many of
		case count.NoteModels, count.NoteDetectors, count.NotePlacements, prediction.NoteCut:
			key = ""
		case prediction.NoteFeatures:
			key = n.Model.Name
		}
		suppressed, ok := l.limiters[n.Kind].Allow(key, time.Now())
		if !ok {
			continue
		}
		fields := []zap.Field{zap.String("model", n.Model.Name), zap.String("version", n.Model.Version)}
		if n.Key != "" {
			fields = append(fields, zap.String("key", n.Key))
		}
		if n.Value != "" {
			fields = append(fields, zap.String("value", n.Value))
		}
		if suppressed > 0 {
			fields = append(fields, zap.Int("batches_since_the_last_line", suppressed))
		}
		if n.Kind == count.NoteSwitched {
			l.logger.Info(texts[n.Kind], fields...)
		} else {
			l.logger.Warn(texts[n.Kind], fields...)
		}
	}
}

// limits are the tables, as they are called in a line.
var limits = [series.NumLimits]string{
	series.LimitModels: "models", series.LimitSegments: "segments", series.LimitFeatures: "features", series.LimitCategories: "categories",
	series.LimitServices: "services", series.LimitErrors: "errors", series.LimitSources: "sources", series.LimitChecks: "checks",
}

// WriteEvictions writes which places were given away.
func (l *Log) WriteEvictions(given *series.Evictions) {
	for limit, n := range given.Counts {
		if n == 0 {
			continue
		}
		suppressed, ok := l.evicted.Allow(limits[limit], time.Now())
		if !ok {
			continue
		}
		first := &given.First[limit]
		fields := []zap.Field{
			zap.String("limit", limits[limit]), zap.Int("places", n), zap.String("model", first.Model.Name), zap.String("version", first.Model.Version),
		}
		if first.Name != "" {
			fields = append(fields, zap.String("value", strings.ReplaceAll(first.Name, "\x00", " ")))
		}
		if suppressed > 0 {
			fields = append(fields, zap.Int("times_since_the_last_line", suppressed))
		}
		l.logger.Warn("A limit is reached, and places were given away to others: they were unused for an hour, or were used once and others come again", fields...)
	}
}

// WriteChanges writes the changes that detectors have seen in a batch: one line in a while for each
// detector of a model.
func (l *Log) WriteChanges(list []detectors.Change) {
	for i := range list {
		c := &list[i]
		id := c.Model
		key := strings.Join([]string{id.Environment, id.Name, id.Version, id.Role, c.Spec.Name, c.Spec.Subject}, "\x00")
		suppressed, ok := l.detected.Allow(key, time.Now())
		if !ok {
			continue
		}
		fields := []zap.Field{
			zap.String("model", id.Name), zap.String("version", id.Version), zap.String("role", id.Role), zap.String("environment", id.Environment),
			zap.String("detector", c.Spec.Name), zap.String("of", c.Spec.Subject), zap.Time("at", c.Time.AsTime()),
			zap.Float64("before", c.Before), zap.Float64("after", c.After),
		}
		if c.Since > 0 {
			fields = append(fields, zap.Int("values_since", c.Since))
		}
		if suppressed > 0 {
			fields = append(fields, zap.Int("changes_since_the_last_line", suppressed))
		}
		l.logger.Warn("A detector has seen a change", fields...)
	}
}
