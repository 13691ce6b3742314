// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

const (
	spansPerRequest  = 500
	distinctRequests = 40
	senders          = 4
	numericFeatures  = 20
	exportMethod     = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
)

// rawCodec sends bytes that are encoded already, so that the load generator costs next to nothing.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)   { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(d []byte, v any) error { *v.(*[]byte) = d; return nil }
func (rawCodec) Name() string                    { return "proto" }

// request is an encoded request and where the id of its first span is, so that no two that are sent
// are the same: ml_summary does not count one twice.
type request struct {
	encoded []byte
	spanID  int
}

// requests encodes prediction spans that ended in the last second, with 8 attributes, or 28 of
// which 20 are numeric features.
func requests(features int) ([]request, error) {
	rng := rand.New(rand.NewPCG(7, uint64(features)))
	now := time.Now()
	all := make([]request, distinctRequests)
	for i := range all {
		traces := ptrace.NewTraces()
		resource := traces.ResourceSpans().AppendEmpty()
		resource.Resource().Attributes().PutStr("service.name", "scorer")
		resource.Resource().Attributes().PutStr("host.name", "node-1")
		spans := resource.ScopeSpans().AppendEmpty().Spans()
		spans.EnsureCapacity(spansPerRequest)
		for range spansPerRequest {
			fill(spans.AppendEmpty(), rng, now, features)
		}
		first := spans.At(0).SpanID()
		encoded, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
		if err != nil {
			return nil, err
		}
		all[i] = request{encoded, bytes.Index(encoded, first[:])}
	}
	return all, nil
}

func fill(span ptrace.Span, rng *rand.Rand, now time.Time, features int) {
	var traceID pcommon.TraceID
	var spanID pcommon.SpanID
	binary.BigEndian.PutUint64(traceID[:8], rng.Uint64()|1)
	binary.BigEndian.PutUint64(traceID[8:], rng.Uint64())
	binary.BigEndian.PutUint64(spanID[:], rng.Uint64()|1)
	end := now.Add(-time.Duration(rng.IntN(int(time.Second))))
	span.SetTraceID(traceID)
	span.SetSpanID(spanID)
	span.SetName("POST /predict")
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Duration(1+rng.IntN(50)) * time.Millisecond)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	attributes := span.Attributes()
	attributes.EnsureCapacity(8 + features)
	attributes.PutStr("http.request.method", "POST")
	attributes.PutStr("http.route", "/predict")
	attributes.PutInt("http.response.status_code", 200)
	attributes.PutStr("server.address", "scorer.example.com")
	attributes.PutStr("ml.model.name", "fraud")
	attributes.PutStr("ml.model.version", []string{"7", "6"}[min(rng.IntN(10), 1)])
	attributes.PutStr("ml.prediction.class", []string{"fraud", "ok"}[min(rng.IntN(10), 1)])
	attributes.PutDouble("ml.prediction.confidence", 0.5+rng.Float64()/2)
	for f := range features {
		attributes.PutDouble(featureName(f), rng.NormFloat64())
	}
}

func featureName(f int) string { return fmt.Sprintf("ml.feature.feature_%02d", f) }

// writeCatalog writes a card with a baseline of 240 bins for each feature.
func writeCatalog(dir string) error {
	rng := rand.New(rand.NewPCG(8, 0))
	const rows = 10_000
	column := func(name string, draw func() float64) *profile.Column {
		values := make([]float64, rows)
		for i := range values {
			values[i] = draw()
		}
		return profile.NewNumeric(name, values, 0, 240)
	}
	reference := &profile.Profile{
		FormatVersion: profile.FormatVersion,
		Rows:          rows,
		Prediction:    profile.NewCategorical("class", map[string]uint64{"fraud": rows / 10, "ok": rows - rows/10}, 0, 10),
		Confidence:    column("confidence", func() float64 { return 0.5 + rng.Float64()/2 }),
	}
	for f := range numericFeatures {
		reference.Features = append(reference.Features, column(featureName(f)[len("ml.feature."):], rng.NormFloat64))
	}
	card := "kind: model\nname: fraud\nowner: risk-ml@example.com\nbaseline: fraud.json\nversions: [{version: \"7\"}, {version: \"6\"}]\n"
	if err := os.WriteFile(filepath.Join(dir, "fraud.yaml"), []byte(card), 0o600); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(dir, "fraud.json"))
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return reference.Write(file)
}

// send sends at least the given number of spans and returns how many it were.
func send(ctx context.Context, address string, requests []request, spans int) (int, error) {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer func() { _ = connection.Close() }()
	total := (spans + spansPerRequest - 1) / spansPerRequest
	var next atomic.Int64
	var failed error
	var once sync.Once
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			own := make([]request, len(requests)) // two senders must not write into one buffer
			for i, r := range requests {
				own[i] = request{slices.Clone(r.encoded), r.spanID}
			}
			for {
				i := int(next.Add(1)) - 1
				if i >= total {
					return
				}
				r := own[i%len(own)]
				binary.BigEndian.PutUint64(r.encoded[r.spanID:], uint64(i)+1)
				var response []byte
				err := connection.Invoke(ctx, exportMethod, &r.encoded, &response, grpc.ForceCodec(rawCodec{}))
				if err == nil {
					err = accepted(response)
				}
				if err != nil {
					once.Do(func() { failed = err })
					return
				}
			}
		})
	}
	group.Wait()
	return total * spansPerRequest, failed
}

// accepted is an error if a response says that spans were rejected.
func accepted(encoded []byte) error {
	response := ptraceotlp.NewExportResponse()
	if err := response.UnmarshalProto(encoded); err != nil {
		return err
	}
	if rejected := response.PartialSuccess().RejectedSpans(); rejected > 0 {
		return fmt.Errorf("%d spans were rejected: %s", rejected, response.PartialSuccess().ErrorMessage())
	}
	return nil
}
