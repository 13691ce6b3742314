// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/otelcol-ml/otelcol-ml/mlconv"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// batches is how many requests with spans there are in a second.
const batches = 10

// What the model makes of payments. Version 7 reads the merchant's history from a new store, which
// lacks every tenth merchant: these look as if they had opened today.
const (
	fraudShare    = 0.05
	recall        = 0.9
	falseAlarms   = 0.02
	unknownShare  = 0.102
	storeOfSeven  = "merchants-v2"
	storeOfOthers = "merchants-v1"
)

// modelServer judges payments with the version that the registry's alias is at.
type modelServer struct {
	o        *options
	registry *registry
	rng      *rand.Rand
	version  string
	spans    *sender
	labels   *sender
	// waiting are labels that are not known yet, the oldest first.
	waiting []labelsOf
	next    uint64
}

type labelsOf struct {
	known time.Time
	body  []byte
}

// labelled is what ground_truth reads.
type labelled struct {
	PredictionID string    `json:"prediction_id"`
	Label        string    `json:"label"`
	LabelTime    time.Time `json:"label_time"`
}

func newModelServer(o *options, r *registry) *modelServer {
	return &modelServer{
		o: o, registry: r, rng: rand.New(rand.NewPCG(o.seed, 1)),
		spans:  newSender(o.otlp+"/v1/traces", "application/x-protobuf"),
		labels: newSender(o.labels+"/v1/ground-truth", "application/json"),
	}
}

// serve answers payments until the context is done. It looks at the alias once a second.
func (m *modelServer) serve(ctx context.Context) {
	ticker := time.NewTicker(time.Second / batches)
	defer ticker.Stop()
	started := time.Now()
	released := m.o.releaseAfter == 0
	for n := 0; ; n++ {
		if n%batches == 0 {
			if now := m.registry.champion(); now != m.version {
				m.version = now
				story.Say("the model server answers with version %s", now)
			}
		}
		m.batch(time.Now())
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if !released && now.Sub(started) >= m.o.releaseAfter {
				released = true
				m.registry.set("7", "a release")
			}
		}
	}
}

// batch answers some payments.
func (m *modelServer) batch(now time.Time) {
	td := ptrace.NewTraces()
	checkout, scoring := resource(td, "checkout"), resource(td, "fraud-scoring")
	known := now.Add(m.o.labelAfter)
	labels := make([]labelled, m.o.rate/batches)
	for i := range labels {
		labels[i] = m.payment(checkout, scoring, now.Add(-time.Duration(m.rng.IntN(int(time.Second/batches)))))
		labels[i].LabelTime = known.UTC()
	}
	if body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto(); err == nil {
		m.spans.send(body)
	}
	if body, err := json.Marshal(labels); err == nil {
		m.waiting = append(m.waiting, labelsOf{known, body})
	}
	for len(m.waiting) > 0 && !m.waiting[0].known.After(now) {
		m.labels.send(m.waiting[0].body)
		m.waiting = m.waiting[1:]
	}
}

func resource(td ptrace.Traces, service string) ptrace.SpanSlice {
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	rs.Resource().Attributes().PutStr(mlconv.AttrEnvironment, "production")
	return rs.ScopeSpans().AppendEmpty().Spans()
}

// payment judges one, which ended at a time, and returns what it was.
func (m *modelServer) payment(checkout, scoring ptrace.SpanSlice, end time.Time) labelled {
	m.next++
	id := fmt.Sprintf("p%x-%d", m.o.seed, m.next)
	out := labelled{PredictionID: id, Label: "ok"}
	if m.rng.Float64() < fraudShare {
		out.Label = "fraud"
	}
	store, days := storeOfOthers, 30+m.rng.IntN(3000)
	unknown := false
	if m.version == "7" {
		store = storeOfSeven
		unknown = m.rng.Float64() < unknownShare
	}
	stopped := m.rng.Float64() < falseAlarms
	if out.Label == "fraud" {
		stopped = m.rng.Float64() < recall
	}
	if unknown {
		stopped, days = true, 0
	}
	class, score := "ok", 0.4*m.rng.Float64()
	if stopped {
		class, score = "fraud", 0.6+0.4*m.rng.Float64()
	}

	var trace pcommon.TraceID
	binary.BigEndian.PutUint64(trace[:], m.rng.Uint64())
	binary.BigEndian.PutUint64(trace[8:], m.rng.Uint64())
	lookup := time.Duration(2+m.rng.IntN(6)) * time.Millisecond
	start := end.Add(-lookup - 9*time.Millisecond)

	pay := m.span(checkout, trace, pcommon.SpanID{}, "POST /payments", ptrace.SpanKindServer, start, end)
	predict := m.span(scoring, trace, pay.SpanID(), "predict fraud", ptrace.SpanKindServer, start.Add(2*time.Millisecond), end.Add(-time.Millisecond))
	a := predict.Attributes()
	a.PutStr(mlconv.AttrModelName, model)
	a.PutStr(mlconv.AttrModelVersion, m.version)
	a.PutStr(mlconv.AttrPredictionID, id)
	a.PutStr(mlconv.AttrPredictionClass, class)
	a.PutDouble(mlconv.AttrPredictionScore, math.Round(score*1000)/1000)
	a.PutStr(mlconv.PrefixSegment+"country", pick(m.rng, "DE", 0.55, "FR", 0.3, "PL"))
	a.PutInt(mlconv.PrefixFeature+"merchant_days", int64(days))
	read := m.span(scoring, trace, predict.SpanID(), "get merchant", ptrace.SpanKindClient, start.Add(3*time.Millisecond), start.Add(3*time.Millisecond+lookup))
	read.Attributes().PutStr("db.collection.name", store)
	if unknown {
		read.Status().SetCode(ptrace.StatusCodeError)
		read.Status().SetMessage("no such merchant: taken as one that opened today")
	}
	return out
}

func (m *modelServer) span(to ptrace.SpanSlice, trace pcommon.TraceID, parent pcommon.SpanID, name string, kind ptrace.SpanKind, start, end time.Time) ptrace.Span {
	s := to.AppendEmpty()
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(id[:], m.rng.Uint64())
	s.SetTraceID(trace)
	s.SetSpanID(id)
	s.SetParentSpanID(parent)
	s.SetName(name)
	s.SetKind(kind)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	return s
}

// pick returns a with the probability p, b with q, else c.
func pick(rng *rand.Rand, a string, p float64, b string, q float64, c string) string {
	switch u := rng.Float64(); {
	case u < p:
		return a
	case u < p+q:
		return b
	default:
		return c
	}
}
