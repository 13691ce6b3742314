// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package report says in the log what the engine has found: new verdicts, what was dropped, why
// there is no verdict.
//
// What comes again and again is said once an hour, by a loglimit.Limiter that knows what was said.
package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/describe"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/loglimit"
	"github.com/otelcol-ml/otelcol-ml/internal/nearest"
)

// interval is the time between two lines on the same.
const interval = time.Hour

// Reporter writes lines. It is safe for concurrent use.
type Reporter struct {
	logger *zap.Logger
	// hourly limits all lines but those on events, which have room of their own.
	hourly, events *loglimit.Limiter
}

// New returns a Reporter.
func New(logger *zap.Logger) *Reporter {
	return &Reporter{logger: logger, hourly: loglimit.New(interval), events: loglimit.New(interval)}
}

// Hourly allows a line on a key once an hour.
func (r *Reporter) Hourly(key string, now time.Time) bool {
	_, ok := r.hourly.Allow(key, now)
	return ok
}

// Verdict says that a verdict has changed, in a sentence that can be read on a terminal, with all
// that it rests on.
func (r *Reporter) Verdict(ch *drift.Change) {
	fields := []zap.Field{
		zap.String("model", ch.Key.Model), zap.String("version", ch.Key.Version), zap.String("environment", ch.Key.Environment),
		zap.String("segment", ch.Key.Segment), zap.Stringer("subject", ch.Key.Subject), zap.String("feature", ch.Key.Name),
		zap.String("reference", ch.Reference), zap.Stringer("from", ch.From), zap.Stringer("verdict", ch.Verdict),
		zap.Uint64("samples", ch.Samples),
		zap.Time("window_start", time.Unix(ch.Start, 0).UTC()), zap.Time("window_end", time.Unix(ch.End, 0).UTC()),
	}
	if len(ch.Scores) > 0 {
		s := ch.Scores[0]
		fields = append(fields, zap.String("method", s.Method), zap.Float64("score", s.Score), zap.Float64("effect", s.Effect),
			zap.Float64("threshold", s.Threshold), zap.String("p_value", strconv.FormatFloat(s.PValue, 'g', 3, 64)))
	}
	if ch.Growth != nil {
		fields = append(fields, zap.String("grown", describe.Grown(&ch.Result)))
	}
	if ch.Verdict == drift.Drift && ch.Change.Kind != change.None {
		fields = append(fields, zap.Stringer("kind", ch.Change.Kind), zap.String("explanation", ch.Change.Text))
	}
	if segments := describe.Segments(&ch.Result); segments != "" {
		fields = append(fields, zap.String("segments", segments))
	}
	if ch.Exemplar != nil {
		fields = append(fields, zap.String("trace_id", fmt.Sprintf("%x", ch.Exemplar.TraceID)))
	}
	switch {
	case ch.Verdict == drift.Drift:
		r.logger.Warn("DRIFT "+describe.Summary(&ch.Result), fields...)
	case ch.From == drift.Drift:
		r.logger.Info("DRIFT IS OVER "+describe.Ended(&ch.Result), fields...)
	default:
		r.logger.Debug("Verdict", fields...)
	}
}

// Shortage says, once an hour, for what and why there is no verdict though a window has passed.
func (r *Reporter) Shortage(s *drift.Shortage, now time.Time) {
	key := strings.Join([]string{s.Key.Environment, s.Key.Model, s.Key.Version, s.Key.Role, s.Reference, s.Reason.String()}, "\x00")
	if !r.Hourly(key, now) {
		return
	}
	r.logger.Info("A window has passed without a verdict (this is said once an hour): "+describe.Advice[s.Reason],
		zap.String("model", s.Key.Model), zap.String("version", s.Key.Version), zap.String("environment", s.Key.Environment),
		zap.String("segment", s.Key.Segment), zap.Stringer("subject", s.Key.Subject), zap.String("feature", s.Key.Name),
		zap.String("reference", s.Reference), zap.String("reason", s.Reason.String()), zap.Uint64("samples", s.Samples), zap.Uint64("needed", s.Needed),
		zap.Int("series", s.Series))
}

// Event says once an hour what happened, of which model, and what to do about it.
func (r *Reporter) Event(ev *drift.Event, set *catalog.Set, now time.Time) {
	text, key := describe.Event(ev)
	if text == "" {
		return
	}
	before, ok := r.events.Allow(key, now)
	if !ok {
		return
	}
	fields := []zap.Field{zap.String("event", ev.Kind.String()), zap.Uint64("times", ev.Count)}
	put := func(key, value string) {
		if value != "" {
			fields = append(fields, zap.String(key, value))
		}
	}
	k := &ev.Key
	put("kind", ev.Item)
	put("model", k.Model)
	put("version", k.Version)
	put("role", k.Role)
	put("environment", k.Environment)
	put("segment", k.Segment)
	put("feature", k.Name)
	if k.Subject != drift.Predictions {
		put("subject", k.Subject.String())
	}
	if ev.Kind == drift.NotCounted {
		put("outcome", ev.Outcome.String())
	}
	if ev.Kind == drift.UnknownFeature {
		put("did_you_mean", nearestFeature(set, k))
	}
	if before > 0 {
		fields = append(fields, zap.Int("lines_left_out", before))
	}
	r.logger.Warn(text, fields...)
}

// Contract says that what a check of a contract says has changed: a line for the log, a warning where the
// window breaks it.
func (r *Reporter) Contract(of *drift.ContractResult) {
	level, text := zap.InfoLevel, "A window keeps a check of its contract"
	switch of.Verdict {
	case contract.Violated:
		level, text = zap.WarnLevel, "A window breaks a check of its contract"
	case contract.Insufficient:
		text = "A window does not say whether it keeps a check of its contract"
	case contract.OK:
	}
	expected := of.Check.Expected()
	if of.Check.OfRow() {
		expected += ", in all rows but a share of " + number(of.Check.MaxViolations)
	}
	r.logger.Log(level, text,
		zap.String("model", of.Key.Model), zap.String("version", of.Key.Version), zap.String("environment", of.Key.Environment),
		zap.String("check", of.Check.ID()), zap.String("severity", of.Check.Severity), zap.String("expected", expected),
		zap.Stringer("from", of.From), zap.Stringer("verdict", of.Verdict), zap.Uint64("samples", of.Samples),
		zap.String("observed", number(of.Point)), zap.String("lower", number(of.Lower)), zap.String("upper", number(of.Upper)),
		zap.Time("window_start", time.Unix(of.Start, 0).UTC()), zap.Time("window_end", time.Unix(of.End, 0).UTC()))
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// nearestFeature is the name of a feature of the baseline that an unknown one is nearly the same
// as.
func nearestFeature(set *catalog.Set, k *drift.Key) string {
	base := set.Baseline(k.Environment, k.Model, k.Version)
	if base == nil {
		return ""
	}
	names := make([]string, 0, len(base.Features))
	for _, f := range base.Features {
		names = append(names, f.Name)
	}
	name, _ := nearest.Name(k.Name, names)
	return name
}
