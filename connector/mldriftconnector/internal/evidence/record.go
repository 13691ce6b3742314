// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/change"
	"github.com/otelcol-ml/otelcol-ml/internal/delta/otlp"
	"github.com/otelcol-ml/otelcol-ml/internal/describe"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// encode writes a window into an empty record: EventName ml.drift.evidence; Timestamp the end of the
// window; a sentence as body; what was compared, how, and what came of it as attributes; trace and
// span id of the row that shows it best. ObservedTimestamp is set when it is sent.
func encode(lr plog.LogRecord, r *drift.Result, rank int) {
	lr.SetEventName(mlconv.EventDriftEvidence)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Unix(r.End, 0)))
	a := lr.Attributes()
	otlp.PutKey(a, &r.Key)
	a.PutStr(mlconv.AttrLogRecordUID, uid(r))
	a.PutStr(mlconv.AttrDriftSubject, r.Key.Subject.String())
	a.PutStr(mlconv.AttrDriftReference, r.Reference)
	a.PutStr(mlconv.AttrDriftVerdict, r.Verdict.String())
	a.PutInt(mlconv.AttrDriftSamples, int64(r.Samples))
	a.PutDouble(mlconv.AttrDriftEffectiveSamples, r.Effective)
	a.PutInt(mlconv.AttrDriftReferenceSamples, int64(r.ReferenceSamples))
	a.PutStr(mlconv.AttrDriftWindowStart, instant(r.Start))
	a.PutStr(mlconv.AttrDriftWindowEnd, instant(r.End))
	a.PutInt(mlconv.AttrDriftWindowDuration, r.End-r.Start)
	if len(r.Scores) > 0 {
		s := &r.Scores[0]
		a.PutStr(mlconv.AttrDriftMethod, s.Method)
		a.PutDouble(mlconv.AttrDriftScore, s.Score)
		a.PutDouble(mlconv.AttrDriftEffect, s.Effect)
		a.PutDouble(mlconv.AttrDriftThreshold, s.Threshold)
		a.PutDouble(mlconv.AttrDriftPValue, s.PValue)
	}
	if r.Verdict != drift.Drift {
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		lr.SetSeverityText("INFO")
		lr.Body().SetStr(describe.Ended(r))
		return
	}
	lr.SetSeverityNumber(plog.SeverityNumberWarn)
	lr.SetSeverityText("WARN")
	lr.Body().SetStr(describe.Summary(r))
	if r.Since > 0 {
		a.PutStr(mlconv.AttrDriftSince, instant(r.Since))
	}
	if r.Change.Kind != change.None {
		a.PutStr(mlconv.AttrDriftKind, r.Change.Kind.String())
	}
	if rank > 0 {
		a.PutInt(mlconv.AttrDriftRank, int64(rank))
	}
	if r.Exemplar != nil {
		lr.SetTraceID(r.Exemplar.TraceID)
		lr.SetSpanID(r.Exemplar.SpanID)
		ids := a.PutEmptySlice(mlconv.AttrDriftTraceIDs)
		for i := range r.Exemplars {
			ids.AppendEmpty().SetStr(hex.EncodeToString(r.Exemplars[i].TraceID[:]))
		}
	}
}

// uid is the same for the same window of the same series, whoever sends it.
func uid(r *drift.Result) string {
	k := &r.Key
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{
		k.Environment, k.Model, k.Version, k.Role, k.Segment, k.Subject.String(), k.Name, r.Reference, instant(r.Start), instant(r.End), r.Verdict.String(),
	}))
	return hex.EncodeToString(sum[:16])
}

func instant(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
