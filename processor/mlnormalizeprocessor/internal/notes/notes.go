// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package notes writes into the log what an operator should see of the spans that package dialect
// rewrites, and of the strings that package repair does.
package notes

import (
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/repair"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/dialect"
	"github.com/otelcol-ml/otelcol-ml/processor/mlnormalizeprocessor/internal/seriesbound"
)

const (
	// interval is how often a line about the same key, or the same operation, is written.
	interval = time.Hour
	// maxShown is the number of bytes of a value that a line shows.
	maxShown = 80
)

// lacks say what is missing on a card.
var lacks = map[dialect.Lack]string{
	dialect.BeforeFirstPrice: "they ended before the first of the prices on their model's card holds",
	dialect.TokensUnpriced:   "their model's card has no price for some of their tokens",
}

// Writer writes a line an hour for each key, each operation and each model without a price.
type Writer struct {
	logger   *zap.Logger
	limit    *loglimit.Limiter
	dialects []string
	// Now is the clock.
	Now func() time.Time
}

// New returns a Writer for notes on the dialects with the given names.
func New(logger *zap.Logger, dialects []string) *Writer {
	return &Writer{logger: logger, limit: loglimit.New(interval), dialects: dialects, Now: time.Now}
}

// Idle says that there is little to do in a pipeline of logs.
func (w *Writer) Idle() {
	w.logger.Warn("ml_normalize does nothing in a pipeline of logs without drop_content, but replace what is no valid UTF-8")
}

// Repaired writes which string was no valid UTF-8, once an interval for each service and attribute.
func (w *Writer) Repaired(r repair.Report) {
	service, key := name(r.Service), name(r.Key)
	suppressed, ok := w.limit.Allow(strings.Join([]string{"repaired", service, r.In, key}, "\x00"), w.Now())
	if !ok {
		return
	}
	fields := []zap.Field{zap.String("service", service), zap.String("in", r.In)}
	if r.Key != "" {
		fields = append(fields, zap.String("key", key))
	}
	if r.Value != "" {
		fields = append(fields, zap.String("value", clip(r.Value)))
	}
	fields = append(fields, zap.Int64("strings", r.Strings))
	if suppressed > 0 {
		fields = append(fields, zap.Int("more_in_the_last_hour", suppressed))
	}
	w.logger.Warn("A string is no valid UTF-8, as OTLP says that it is; U+FFFD stands for what is none", fields...)
}

// Cut writes which metric has no place for its series, once an interval for each service.
func (w *Writer) Cut(r seriesbound.Report) {
	suppressed, ok := w.limit.Allow("cut\x00"+name(r.Service), w.Now())
	if !ok {
		return
	}
	fields := []zap.Field{zap.String("service", name(r.Service)), zap.String("metric", name(r.Metric)), zap.Int64("points", r.Points)}
	if suppressed > 0 {
		fields = append(fields, zap.Int("more_in_the_last_hour", suppressed))
	}
	w.logger.Warn("max_series is reached: points of further series are dropped and counted, until series that are known have been silent for ten minutes", fields...)
}

// removed writes the name of what was removed, which package dialect says once.
func (w *Writer) removed(n *dialect.Note) {
	fields := []zap.Field{zap.String("key", n.Key), zap.String("carrier", n.Carrier.String())}
	if n.Scope != "" {
		fields = append(fields, zap.String("scope", name(n.Scope)))
	}
	if n.Last {
		fields = append(fields, zap.Bool("further_names_are_not_said", true))
	}
	w.logger.Info("drop_content removes what no table lists; 'keep' leaves short texts", fields...)
}

// Write writes a note, unless one of its key, operation or model was written lately.
func (w *Writer) Write(n *dialect.Note) {
	if n.Removed {
		w.removed(n)
		return
	}
	subject := n.Key
	if n.Operation != "" {
		subject = n.Operation
	}
	if n.Unpriced != 0 {
		subject = lacks[n.Unpriced] + "\x00" + n.Model
	}
	subject = name(subject)
	spoken := w.dialects[n.Dialect]
	suppressed, ok := w.limit.Allow(spoken+"\x00"+subject, w.Now())
	if !ok {
		return
	}

	fields := []zap.Field{zap.String("dialect", spoken)}
	add := func(key, value string) {
		if value != "" {
			fields = append(fields, zap.String(key, name(value)))
		}
	}

	switch {
	case n.Unpriced != 0:
	case n.Operation != "":
		add("operation", subject)
	default:
		add("key", subject)
		if n.Value != "" {
			fields = append(fields, zap.String("value", clip(n.Value)))
		}
		fields = append(fields, zap.Int("bytes", n.Bytes))
	}
	add("model", n.Model)
	add("scope", n.Scope)
	add("span", n.Span)
	if suppressed > 0 {
		fields = append(fields, zap.Int("more_in_the_last_hour", suppressed))
	}

	switch {
	case n.Unpriced != 0:
		w.logger.Warn("Calls have no cost: "+lacks[n.Unpriced], fields...)
	case n.Operation != "" && n.Counted:
		w.logger.Info("Spans with an operation that nobody knows are counted as calls, as they have a model and tokens", fields...)
	case n.Operation != "":
		w.logger.Warn("Spans name a model and an operation that nobody knows, and no tokens: they are not counted as calls", fields...)
	default:
		w.logger.Warn("An attribute cannot be read and is left as it is: broken, nested too deep or too large JSON, or a value that does not fit", fields...)
	}
}

// name bounds a name for a line.
func name(s string) string {
	s, _ = boundedname.Cut(s)
	return s
}

// clip returns the beginning of a value.
func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}
