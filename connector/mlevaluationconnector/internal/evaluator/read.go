// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const (
	// MaxPerSpan is how many judgements of one span are read.
	MaxPerSpan = 32
	// MaxScore is the largest score, and −MaxScore the smallest one.
	MaxScore = 1e12
	// maxResponseID is the longest id in bytes. A longer one is left out: half an id finds nothing.
	maxResponseID = 512
)

// Reader reads judgements. It is not safe for concurrent use.
type Reader struct {
	// Stats is added to; whoever reads it may reset it.
	Stats Stats

	now    func() time.Time
	drafts []draft
	found  []Judgement
}

// NewReader returns a reader. now stands in for the time of what has none.
func NewReader(now func() time.Time) *Reader { return &Reader{now: now} }

// draft is a judgement that is being read.
type draft struct {
	judgement Judgement
	// place is where it stands on its span: the form, and the number in it.
	place int
	// badScore says that there is a score that cannot be used.
	badScore bool
}

// Record reads a log record. ok is false for one that is no evaluation, whose event's name, in its
// field or in the attribute event.name, is another, and for one that cannot be used, which Stats has.
func (r *Reader) Record(lr plog.LogRecord) (j Judgement, ok bool) {
	if !isEvaluation(lr) {
		return Judgement{}, false
	}
	d := draft{}
	d.readEvent(lr.Attributes())
	at := lr.Timestamp()
	if at == 0 {
		at = lr.ObservedTimestamp()
	}
	d.judgement.Time = r.time(at)
	if trace, span := lr.TraceID(), lr.SpanID(); !trace.IsEmpty() && !span.IsEmpty() {
		d.judgement.TraceID, d.judgement.SpanID = trace, span
	}
	reason, ok := d.check()
	if ok && d.judgement.SpanID.IsEmpty() && d.judgement.ResponseID == "" {
		reason, ok = NoTarget, false
	}
	if !ok {
		r.Stats.Unusable[reason]++
		return Judgement{}, false
	}
	r.Stats.Read++
	return d.judgement, true
}

func isEvaluation(lr plog.LogRecord) bool {
	if name := lr.EventName(); name != "" {
		return name == mlconv.EventGenAIEvaluation
	}
	name, ok := lr.Attributes().Get(mlconv.AttrEventName)
	return ok && name.Type() == pcommon.ValueTypeStr && name.Str() == mlconv.EventGenAIEvaluation
}

func (r *Reader) time(at pcommon.Timestamp) int64 {
	if at == 0 || at > math.MaxInt64 {
		return r.now().UnixNano()
	}
	return int64(at)
}

// readEvent reads the attributes of gen_ai.evaluation.result.
func (d *draft) readEvent(attributes pcommon.Map) {
	j := &d.judgement
	for key, v := range attributes.All() {
		switch key {
		case mlconv.AttrGenAIEvaluationName:
			j.Evaluator = text(v)
		case mlconv.AttrGenAIEvaluationScore:
			d.setScore(v)
		case mlconv.AttrGenAIEvaluationLabel:
			j.Label = text(v)
		case mlconv.AttrErrorType:
			j.ErrorType = text(v)
		case mlconv.AttrGenAIResponseID:
			if v.Type() == pcommon.ValueTypeStr && len(v.Str()) <= maxResponseID {
				j.ResponseID = v.Str()
			}
		}
	}
}

// setScore takes a number. A boolean, which users' thumbs may be, is 1 or 0.
func (d *draft) setScore(v pcommon.Value) {
	score := math.NaN()
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return
	case pcommon.ValueTypeDouble:
		score = v.Double()
	case pcommon.ValueTypeInt:
		score = float64(v.Int())
	case pcommon.ValueTypeBool:
		score = 0
		if v.Bool() {
			score = 1
		}
	}
	if !(math.Abs(score) <= MaxScore) {
		d.badScore = true
		return
	}
	d.judgement.Score, d.judgement.HasScore = score, true
}

// check says whether what was read is a judgement. One that has failed keeps no result.
func (d *draft) check() (Reason, bool) {
	j := &d.judgement
	switch {
	case j.Evaluator == "":
		return NoName, false
	case j.Failed():
		j.Score, j.HasScore, j.Label = 0, false, ""
	case d.badScore:
		return BadScore, false
	case !j.HasScore && j.Label == "":
		return NoResult, false
	}
	return 0, true
}

// text is a bounded name, which may have been sent as a number or a boolean.
func text(v pcommon.Value) string {
	s, _ := boundedname.Cut(prediction.Text(v))
	if strings.Contains(s, mark) {
		s = strings.ReplaceAll(s, mark, "")
	}
	return s
}
