// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package traffic makes the predictions of a small fraud model for tests: the catalog with its
// baseline, spans with and without a shift, and a client that sends them. The same seed gives the
// same data.
package traffic

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

// The model: "amount" is the feature that a shift moves, by Shift standard deviations; "age" and
// "country" stay as they are.
const (
	Service = "scorer"
	Model   = "fraud"
	Version = "7"
	Owner   = "risk-ml@example.com"
)

const card = `kind: model
name: fraud
task: binary_classification
owner: risk-ml@example.com
baseline: fraud.json
versions:
  - {version: "7", aliases: [champion], attributes: {ml.model.framework: xgboost}}
`

const (
	referenceRows = 5000
	baselineBins  = 240
	batch         = 200
)

var countries = []string{"DE", "DE", "DE", "FR", "FR", "US"}

// row is one prediction.
type row struct {
	amount, age, confidence float64
	country, class          string
}

func newRow(rng *rand.Rand, shift float64) row {
	r := row{
		amount:     rng.NormFloat64() + shift,
		age:        40 + 10*rng.NormFloat64(),
		confidence: 0.5 + rng.Float64()/2,
		country:    countries[rng.IntN(len(countries))],
		class:      "ok",
	}
	if rng.IntN(10) == 0 {
		r.class = "fraud"
	}
	return r
}

// WriteCatalog writes the model's card and baseline into a folder.
func WriteCatalog(dir string, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 1))
	var amounts, ages, confidences []float64
	byCountry, byClass := map[string]uint64{}, map[string]uint64{}
	for range referenceRows {
		r := newRow(rng, 0)
		amounts, ages, confidences = append(amounts, r.amount), append(ages, r.age), append(confidences, r.confidence)
		byCountry[r.country]++
		byClass[r.class]++
	}
	reference := &profile.Profile{
		FormatVersion: profile.FormatVersion,
		Name:          "fraud_reference",
		Rows:          referenceRows,
		Features: []*profile.Column{
			profile.NewNumeric("amount", amounts, 0, baselineBins),
			profile.NewNumeric("age", ages, 0, baselineBins),
			profile.NewCategorical("country", byCountry, 0, 100),
		},
		Prediction: profile.NewCategorical("class", byClass, 0, 100),
		Confidence: profile.NewNumeric("confidence", confidences, 0, baselineBins),
	}
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

// Spans returns n prediction spans, the first ending at from and each a step after the one before;
// shift is in standard deviations of "amount".
func Spans(seed uint64, from time.Time, step time.Duration, n int, shift float64) []ptrace.Traces {
	rng := rand.New(rand.NewPCG(seed, 2))
	var requests []ptrace.Traces
	var spans ptrace.SpanSlice
	for i := range n {
		if i%batch == 0 {
			traces := ptrace.NewTraces()
			resource := traces.ResourceSpans().AppendEmpty()
			resource.Resource().Attributes().PutStr("service.name", Service)
			spans = resource.ScopeSpans().AppendEmpty().Spans()
			requests = append(requests, traces)
		}
		r := newRow(rng, shift)
		end := from.Add(time.Duration(i) * step)
		span := spans.AppendEmpty()
		span.SetName("predict")
		span.SetKind(ptrace.SpanKindServer)
		span.SetTraceID(traceID(rng))
		span.SetSpanID(spanID(rng))
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-20 * time.Millisecond)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		attributes := span.Attributes()
		attributes.PutStr("ml.model.name", Model)
		attributes.PutStr("ml.model.version", Version)
		attributes.PutDouble("ml.feature.amount", r.amount)
		attributes.PutDouble("ml.feature.age", r.age)
		attributes.PutStr("ml.feature.country", r.country)
		attributes.PutStr("ml.prediction.class", r.class)
		attributes.PutDouble("ml.prediction.confidence", r.confidence)
	}
	return requests
}

func traceID(rng *rand.Rand) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:8], rng.Uint64()|1)
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	return id
}

func spanID(rng *rand.Rand) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], rng.Uint64()|1)
	return id
}

// Send sends the requests in order to an OTLP gRPC endpoint.
func Send(ctx context.Context, address string, requests ...ptrace.Traces) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	client := ptraceotlp.NewGRPCClient(connection)
	for i, traces := range requests {
		response, err := client.Export(ctx, ptraceotlp.NewExportRequestFromTraces(traces))
		if err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
		if rejected := response.PartialSuccess().RejectedSpans(); rejected > 0 {
			return fmt.Errorf("request %d: %d spans were rejected: %s", i, rejected, response.PartialSuccess().ErrorMessage())
		}
	}
	return nil
}
