// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlevaluationconnector

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/answer"
	"github.com/otelcol-ml/otelcol-ml/connector/mlevaluationconnector/internal/evaluator"
	"github.com/otelcol-ml/otelcol-ml/internal/adjust"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/spanottl"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const (
	// maxScores and maxRanked are how many classes and items of an answer are kept.
	maxScores = 1000
	maxRanked = 1000
	// maxSegments is how many segments of an answer are kept.
	maxSegments = 32
	// maxID is the longest id that is kept, in bytes; half of one would find nothing.
	maxID = label.MaxText
	// maxAnswers is how many rows of a request are read: each takes half a kilobyte until it is written.
	maxAnswers = 1 << 16
	// maxTexts is how many categories that were numbers, and segments, are remembered as texts.
	maxTexts = 10_000
)

// decoder reads the answers of spans. It is not safe for concurrent use.
type decoder struct {
	reader *prediction.Reader
	cards  *catalog.Set
	// key is the attribute that is the business' own key.
	key string
	// seen are the models that have predicted.
	seen map[prediction.Identity]struct{}

	answers []answer.Answer // of the request
	used    int
	// unread are rows that are too many for a request, or too much work for their span.
	unread int

	// card is that of the span at hand, nil where there is none.
	card   *catalog.Model
	row    int
	weight float64
	// texts are categories and segments that were made before.
	texts  map[string]string
	digits []byte
}

var _ prediction.Counter = (*decoder)(nil)

// newDecoder returns a decoder of the answers of spans that conditions select; nil selects all.
func newDecoder(key string, conditions *spanottl.Conditions) *decoder {
	d := &decoder{
		key: key, seen: make(map[prediction.Identity]struct{}), texts: make(map[string]string), digits: make([]byte, 0, 64),
	}
	options := prediction.Options{
		Now: time.Now, MaxFeatures: 1,
		Attributes: []string{mlconv.AttrPredictionID, mlconv.AttrGenAIResponseID, mlconv.AttrPredictionRanking, key},
	}
	if conditions != nil {
		options.Wants = conditions.Match
	}
	d.reader = prediction.NewReader(d, options)
	return d
}

// read returns the answers of a request. They are valid until release.
func (d *decoder) read(ctx context.Context, td ptrace.Traces, cards *catalog.Set) []answer.Answer {
	d.cards = cards
	d.reader.Read(ctx, td)
	if len(d.texts) > maxTexts {
		d.texts = make(map[string]string)
	}
	return d.answers[:d.used]
}

// takeNotSelected returns how many predictions were not selected since it was last called.
func (d *decoder) takeNotSelected() int64 {
	n := d.reader.Stats.NotSelected
	d.reader.Stats.NotSelected = 0
	return n
}

// takeUnread returns how many rows were not read since it was last called.
func (d *decoder) takeUnread() int {
	n := d.unread
	d.unread = 0
	return n
}

// release keeps nothing of a request alive, and no more memory than a usual request needs.
func (d *decoder) release() {
	if cap(d.answers) > prediction.MaxScratch {
		d.answers = nil
	}
	for i := range d.answers[:min(d.used, len(d.answers))] {
		a := &d.answers[i]
		clear(a.Segments)
		clear(a.Scores)
		clear(a.Ranking)
		*a = answer.Answer{Segments: a.Segments[:0], Scores: a.Scores[:0], Ranking: a.Ranking[:0]}
	}
	d.used, d.card = 0, nil
}

// Full is false: answers are taken after each request.
func (d *decoder) Full() bool { return false }

// MakeRoom is not called.
func (d *decoder) MakeRoom() {}

// Knows is true for a model that has a card or was seen before.
func (d *decoder) Knows(id prediction.Identity) bool {
	if _, ok := d.seen[id]; ok {
		return true
	}
	return d.cards != nil && d.cards.Model(id.Environment, id.Name) != nil
}

// maxSeen is how many models that have predicted are remembered.
const maxSeen = 1000

// Begin begins the rows of a span.
func (d *decoder) Begin(s *prediction.Span) (mostRows int) {
	if _, ok := d.seen[s.Identity]; !ok {
		if len(d.seen) >= maxSeen {
			clear(d.seen)
		}
		d.seen[s.Identity] = struct{}{}
	}
	d.row, d.weight = 0, 1
	if s.TraceState != "" {
		n, ok := adjust.Count(s.TraceState, s.TraceID, s.SpanID)
		if !ok {
			s.FlawOf(prediction.FlawSampling, "tracestate", s.TraceState)
		}
		d.weight = float64(n)
	}
	d.card = nil
	if d.cards != nil {
		d.card = d.cards.Model(s.Identity.Environment, s.Identity.Name)
	}
	if d.card == nil {
		return 1
	}
	return max(d.card.MaxBatch, 1)
}

// Row takes the row at hand, which stands for a number of equal ones, and returns the work that it
// was.
func (d *decoder) Row(s *prediction.Span, rows uint32) (work int) {
	if d.used == maxAnswers {
		d.unread += int(rows)
		return 1
	}
	a := d.next()
	a.Identity = s.Identity
	a.TraceID, a.SpanID, a.Row = s.TraceID, s.SpanID, d.row
	a.Time, a.Duration, a.Failed = int64(s.End), -1, s.Failed
	a.Weight = d.weight * float64(rows)
	if s.HasDuration() {
		a.Duration = s.Duration
	}
	a.PredictionID = d.id(s, mlconv.AttrPredictionID)
	a.ResponseID = d.id(s, mlconv.AttrGenAIResponseID)
	a.Key = d.id(s, d.key)
	d.segments(s, a)
	d.answer(s, a)
	d.row++
	return rowWork + entryWork*(len(a.Segments)+len(a.Scores)+len(a.Ranking))
}

// The work of a row, and of a segment, a score and an item of it, in values that are looked at.
const rowWork, entryWork = 16, 4

// Rest notes rows that are not read.
func (d *decoder) Rest(_ *prediction.Span, rows int) { d.unread += rows }

// End has nothing to do.
func (d *decoder) End(*prediction.Span, int) {}

// next returns an empty answer, which may have the slices of an earlier one.
func (d *decoder) next() *answer.Answer {
	if d.used == len(d.answers) {
		d.answers = append(d.answers, answer.Answer{})
	}
	d.used++
	return &d.answers[d.used-1]
}

// id returns the text of an attribute; a whole number is one, too.
func (d *decoder) id(s *prediction.Span, key string) string {
	at := s.Fields.Find(key)
	if at < 0 {
		return ""
	}
	if id, _ := d.category(s.At(at)); len(id) <= maxID {
		return id
	}
	return ""
}

// category returns a field as a category.
func (d *decoder) category(x *prediction.Field) (text string, ok bool) {
	digits, text, ok, _ := x.AppendCategory(d.digits[:0])
	if !ok || digits == nil {
		return text, ok
	}
	return d.text(digits), true
}

// text returns bytes as a text, which is made once.
func (d *decoder) text(b []byte) string {
	if s, ok := d.texts[string(b)]; ok {
		return s
	}
	s := string(b)
	d.texts[s] = s
	return s
}

// segments notes the cohorts of the row, sorted: those of the card, or all.
func (d *decoder) segments(s *prediction.Span, a *answer.Answer) {
	m := d.card
	for _, dimension := range s.Fields.Segments {
		if m != nil && len(m.Segments) > 0 && !slices.Contains(m.Segments, dimension.Name) {
			continue
		}
		v, ok := d.category(s.At(dimension.At))
		if !ok || len(a.Segments) == maxSegments {
			continue
		}
		v, _ = boundedname.Cut(v)
		b := append(append(append(d.digits[:0], dimension.Name...), '='), v...)
		a.Segments = append(a.Segments, d.text(b))
	}
	slices.Sort(a.Segments)
}

// answer notes what the model has answered.
func (d *decoder) answer(s *prediction.Span, a *answer.Answer) {
	if x := s.Field(prediction.Class); x != nil {
		if class, ok := d.category(x); ok && len(class) <= maxID {
			a.Class = class
		}
	}
	if x := s.Field(prediction.Value); x != nil {
		a.Value, a.HasValue, _ = x.Float()
	}
	positive, binary := "", false
	if m := d.card; m != nil {
		positive, binary = m.PositiveClass, m.Task == catalog.BinaryClassification
	}
	a.Score, a.HasScore = s.PositiveScore(positive, a.Class, binary)
	s.EachScore(func(class string, score float64) bool {
		a.Scores = append(a.Scores, answer.ClassScore{Class: bounded(class), Score: score})
		return len(a.Scores) < maxScores
	})
	slices.SortFunc(a.Scores, func(x, y answer.ClassScore) int { return cmp.Compare(x.Class, y.Class) })
	s.EachRanked(func(item string) bool {
		a.Ranking = append(a.Ranking, bounded(item))
		return len(a.Ranking) < maxRanked
	})
}

// bounded returns a name as it is kept: one that no label can have is cut.
func bounded(name string) string {
	if len(name) <= maxID {
		return name
	}
	name, _ = boundedname.Cut(name)
	return name
}

// eachSpan calls do with each span.
func eachSpan(td ptrace.Traces, do func(ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span)) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				do(rs, ss, s)
			}
		}
	}
}

// truth is what log records say.
type truth struct {
	labels []label.Label
	// malformed are records of labels that cannot be read, of which first is why.
	malformed int
	first     error
	// ignored are records of something else.
	ignored int
}

// readLogs reads labels and what evaluators say.
func readLogs(ld plog.Logs, parser *label.Parser, reader *evaluator.Reader) (t truth) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				t.read(lr, parser, reader)
			}
		}
	}
	return t
}

func (t *truth) read(lr plog.LogRecord, parser *label.Parser, reader *evaluator.Reader) {
	l, is, err := parser.Record(lr)
	switch {
	case err != nil:
		t.malformed++
		if t.first == nil {
			t.first = err
		}
		return
	case is:
		if l.Time.IsZero() {
			l.Time = received(lr)
		}
		t.labels = append(t.labels, l)
		return
	}
	before := reader.Stats
	j, ok := reader.Record(lr)
	switch {
	case ok:
		t.labels = append(t.labels, j.AsLabel())
	case reader.Stats == before:
		t.ignored++
	}
}

// received is when a record came to the first collector, zero where nobody said so.
func received(lr plog.LogRecord) time.Time {
	if at := lr.ObservedTimestamp(); at != 0 {
		return at.AsTime()
	}
	return time.Time{}
}
