// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// modelName is what the model is called on spans, and on its card.
const modelName = "reviews"

// answer is what is said of a review.
type answer struct {
	Class      string  `json:"class"`
	Confidence float64 `json:"confidence"`
	Version    string  `json:"version"`
	Trace      string  `json:"trace"`
}

// classifier is the service that classifies reviews: POST /reviews.
type classifier struct {
	tracer trace.Tracer
	logger log.Logger
	first  *version
	// second, if there is one, answers every other review.
	second   atomic.Pointer[version]
	requests atomic.Uint64
}

func (c *classifier) serve(w http.ResponseWriter, r *http.Request) {
	in := review{Client: "web"}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !slices.Contains([]string{"web", "app", "api"}, in.Client) {
		http.Error(w, fmt.Sprintf("client is %q, and must be web, app or api", in.Client), http.StatusBadRequest)
		return
	}
	v := c.first
	if second := c.second.Load(); second != nil && c.requests.Add(1)%2 == 0 {
		v = second
	}
	ctx := r.Context()
	began := time.Now()
	out, err := c.predict(ctx, v, in)
	if err != nil {
		c.say(ctx, log.SeverityError, "no answer: "+err.Error(), log.String(mlconv.AttrModelVersion, v.name))
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	c.say(ctx, log.SeverityInfo, fmt.Sprintf("%s, %.2f: %s", out.Class, out.Confidence, beginning(in.Text)),
		log.String(mlconv.AttrModelName, modelName), log.String(mlconv.AttrModelVersion, v.name),
		log.Int("text_length", utf8.RuneCountInString(in.Text)),
		log.String("class", out.Class), log.Float64("confidence", out.Confidence),
		log.Float64("latency_seconds", time.Since(began).Seconds()),
		log.String("client", in.Client), log.String("user_agent.original", r.UserAgent()))
	_ = json.NewEncoder(w).Encode(out) // who asked may be gone
}

// predict asks a version of the model. Its span is the prediction that the collector reads.
func (c *classifier) predict(ctx context.Context, v *version, in review) (answer, error) {
	ctx, span := c.tracer.Start(ctx, "predict", trace.WithAttributes(
		attribute.String(mlconv.AttrModelName, modelName),
		attribute.String(mlconv.AttrModelVersion, v.name),
		attribute.Int(mlconv.PrefixFeature+"text_length", utf8.RuneCountInString(in.Text)),
		attribute.String(mlconv.PrefixSegment+"client", in.Client),
	))
	defer span.End()
	class, confidence, err := v.classify(ctx, tokens(in.Text))
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		return answer{}, err
	}
	span.SetAttributes(
		attribute.String(mlconv.AttrPredictionClass, class),
		attribute.Float64(mlconv.AttrPredictionConfidence, confidence),
	)
	return answer{Class: class, Confidence: math.Round(confidence*1e4) / 1e4, Version: v.name, Trace: span.SpanContext().TraceID().String()}, nil
}

// say logs. The SDK takes the ids of trace and span from the context.
func (c *classifier) say(ctx context.Context, severity log.Severity, body string, attributes ...log.KeyValue) {
	var record log.Record
	record.SetTimestamp(time.Now())
	record.SetSeverity(severity)
	record.SetSeverityText(severity.String())
	record.SetBody(log.StringValue(body))
	record.AddAttributes(attributes...)
	c.logger.Emit(ctx, record)
}

// asks is a version's way to ask for words, with a line in the log for each time.
func (c *classifier) asks(ask func(context.Context, []string) (map[string]weights, error)) func(context.Context, []string) (map[string]weights, error) {
	return func(ctx context.Context, words []string) (map[string]weights, error) {
		began := time.Now()
		out, err := ask(ctx, words)
		took := time.Since(began)
		c.say(ctx, log.SeverityWarn, fmt.Sprintf("asked the lexicon for %s, which took %d ms", strings.Join(words, ", "), took.Milliseconds()), log.Float64("latency_seconds", took.Seconds()))
		return out, err
	}
}

// beginning is that of a text: reviews are public, and say whom a drift comes from.
func beginning(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}
