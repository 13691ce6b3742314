// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var day = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// spans are what a run has sent.
type spans struct {
	t *testing.T
	tracetest.SpanStubs
	result Result
	err    error
	out    string
}

// run makes a run on a clock of its own. A run that hangs is interrupted after an hour.
func runJob(t *testing.T, o Options) spans {
	t.Helper()
	s := spans{t: t}
	var out strings.Builder
	o.Folder, o.Out, o.Kill = t.TempDir(), &out, func() {}
	if o.LogicalDate.IsZero() {
		o.LogicalDate = day
	}
	if o.RunID == "" {
		o.RunID = "run-1"
	}
	synctest.Test(t, func(t *testing.T) {
		exporter := tracetest.NewInMemoryExporter()
		o.Exporter = exporter
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		timer := time.AfterFunc(time.Hour, interrupt)
		defer timer.Stop()
		s.result, s.err = Run(ctx, o)
		s.SpanStubs = exporter.GetSpans()
	})
	s.out = out.String()
	return s
}

func value(s tracetest.SpanStub, key string) (attribute.Value, bool) {
	set := attribute.NewSet(s.Attributes...)
	return set.Value(attribute.Key(key))
}

func text(s tracetest.SpanStub, key string) string {
	v, _ := value(s, key)
	return v.AsString()
}

// named returns the only span of a name.
func (s spans) named(name string) tracetest.SpanStub {
	s.t.Helper()
	var found []tracetest.SpanStub
	for _, span := range s.SpanStubs {
		if span.Name == name {
			found = append(found, span)
		}
	}
	require.Len(s.t, found, 1, name)
	return found[0]
}

// stage returns the last try of a stage.
func (s spans) stage(name string) (last tracetest.SpanStub, ok bool) {
	for _, span := range s.SpanStubs {
		if text(span, mlconv.AttrTaskName) == name && text(span, mlconv.AttrPipelineRunState) == "" {
			last, ok = span, true
		}
	}
	return last, ok
}

func (s spans) root() (root tracetest.SpanStub, ok bool) {
	for _, span := range s.SpanStubs {
		if !span.Parent.SpanID().IsValid() {
			return span, true
		}
	}
	return root, false
}

// rows returns what a stage says it has read and written; -1 for nothing.
func (s spans) rows(name string) (in, out int) {
	span, _ := s.stage(name)
	get := func(key string) int {
		v, ok := value(span, key)
		if !ok {
			return -1
		}
		return int(v.AsInt64())
	}
	return get(mlconv.AttrStageRowsIn), get(mlconv.AttrStageRowsOut)
}

// ratios returns the null ratios of a stage by column.
func (s spans) ratios(name string) map[string]float64 {
	span, _ := s.stage(name)
	out := map[string]float64{}
	for _, a := range span.Attributes {
		if column, ok := strings.CutPrefix(string(a.Key), mlconv.PrefixStageNullRatio); ok {
			out[column] = a.Value.AsFloat64()
		}
	}
	return out
}

func (s spans) metric(stage, name string) float64 {
	s.t.Helper()
	span, _ := s.stage(stage)
	v, ok := value(span, mlconv.PrefixStageMetric+name)
	require.True(s.t, ok, "%s has no %s", stage, name)
	return v.AsFloat64()
}

// exceptions returns the names of the spans with an exception, and the last exception's type and
// message.
func (s spans) exceptions() (names []string, kind, message string) {
	for _, span := range s.SpanStubs {
		for _, event := range span.Events {
			if event.Name != "exception" {
				continue
			}
			names = append(names, span.Name)
			for _, a := range event.Attributes {
				switch a.Key {
				case "exception.type":
					kind = a.Value.AsString()
				case "exception.message":
					message = a.Value.AsString()
				}
			}
		}
	}
	return names, kind, message
}

func TestGoodRun(t *testing.T) {
	s := runJob(t, Options{})
	require.NoError(t, s.err)

	root, ok := s.root()
	require.True(t, ok)
	assert.Equal(t, Name, root.Name)
	assert.Equal(t, "success", text(root, mlconv.AttrPipelineResult))
	assert.Equal(t, codes.Unset, root.Status.Code)
	assert.Equal(t, root.SpanContext.TraceID(), s.result.TraceID)
	byID := map[trace.SpanID]tracetest.SpanStub{}
	for _, span := range s.SpanStubs {
		byID[span.SpanContext.SpanID()] = span
		on := attribute.NewSet(span.Resource.Attributes()...)
		for key, want := range map[string]string{
			mlconv.AttrPipelineName: Name, mlconv.AttrPipelineRunID: "run-1", mlconv.AttrJobLogicalDate: "2026-11-22", "service.name": "training-job",
		} {
			got, _ := on.Value(attribute.Key(key))
			assert.Equal(t, want, got.AsString(), "%s of %s", key, span.Name)
		}
		assert.Equal(t, root.SpanContext.TraceID(), span.SpanContext.TraceID())
	}
	for _, span := range s.SpanStubs {
		if span.Name != root.Name {
			assert.Contains(t, byID, span.Parent.SpanID(), "%s hangs in the air", span.Name)
		}
	}

	end := root.StartTime
	for _, stage := range Stages {
		span, ok := s.stage(stage)
		require.True(t, ok, stage)
		assert.Equal(t, root.SpanContext.SpanID(), span.Parent.SpanID())
		assert.Equal(t, "success", text(span, mlconv.AttrTaskRunResult))
		attempt, _ := value(span, mlconv.AttrStageAttempt)
		assert.Equal(t, int64(1), attempt.AsInt64())
		assert.False(t, span.StartTime.Before(end), "%s began before the one before ended", stage)
		end = span.EndTime
		marker := s.named(stage + " begins")
		assert.Equal(t, "executing", text(marker, mlconv.AttrPipelineRunState))
		assert.Equal(t, stage, text(marker, mlconv.AttrTaskName))
		assert.False(t, marker.EndTime.After(span.StartTime))
	}
	names, _, _ := s.exceptions()
	assert.Empty(t, names)
	took := root.EndTime.Sub(root.StartTime)
	assert.Greater(t, took, 300*time.Millisecond)
	assert.Less(t, took, 2*time.Second, "a run takes a second or two")

	_, queried := s.rows(FeatureQuery)
	in, valid := s.rows(Validate)
	assert.Equal(t, queried, in)
	assert.InEpsilon(t, 0.99*float64(queried), valid, 0.005, "one payment of a hundred is a test")
	in, joined := s.rows(Transform)
	assert.Equal(t, valid, in)
	assert.Equal(t, valid, joined)
	trained, _ := s.rows(Train)
	held, _ := s.rows(Evaluate)
	assert.Equal(t, joined, trained+held)
	assert.InDelta(t, 0.03, s.ratios(FeatureQuery)["distance_km"], 0.01)
	assert.InDelta(t, 0.03, s.ratios(Validate)["distance_km"], 0.01)
	assert.Len(t, s.ratios(FeatureQuery), 7)
	for feature, ratio := range s.ratios(Transform) {
		assert.Zero(t, ratio, feature)
	}
	assert.Len(t, s.ratios(Transform), 9)
	s.named("epoch 12")
	assert.Greater(t, s.metric(Evaluate, "val_auc"), 0.85)
	assert.Less(t, s.metric(Train, "loss"), 0.25)

	var model struct {
		Features []string           `json:"features"`
		Weights  map[string]float64 `json:"weights"`
		AUC      float64            `json:"val_auc"`
	}
	content, err := os.ReadFile(s.result.File)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &model))
	assert.Len(t, model.Weights, len(model.Features))
	assert.Equal(t, s.metric(Evaluate, "val_auc"), model.AUC)
	for _, feature := range []string{"log_amount", "payments_24h", "log_distance", "night", "new_device", "merchant_risk", "chargebacks_a_year"} {
		assert.Greater(t, model.Weights[feature], 0.1, "%s makes fraud more likely", feature)
	}
	assert.Negative(t, model.Weights["log_age"], "an old account makes it less likely")
}

// The same seed and day give the same model; every day is as good as the next.
func TestSeedAndDayDecide(t *testing.T) {
	a, b := runJob(t, Options{}), runJob(t, Options{Fast: true, RunID: "run-2"})
	assert.Equal(t, a.result.AUC, b.result.AUC)
	assert.Equal(t, a.result.Loss, b.result.Loss)
	assert.Equal(t, a.result.Rows, b.result.Rows)
	other := runJob(t, Options{Seed: 2})
	assert.NotEqual(t, a.result.AUC, other.result.AUC)
	least, most := 1.0, 0.0
	for i := range 20 {
		s := runJob(t, Options{Fast: true, LogicalDate: day.AddDate(0, 0, i)})
		require.NoError(t, s.err)
		least, most = min(least, s.result.AUC), max(most, s.result.AUC)
	}
	assert.Greater(t, least, 0.85)
	assert.Less(t, most-least, 0.05, "the card's max_drop")
}

// culprits are where the exceptions of the ways that have one must sit.
var culprits = map[Break]struct{ span, kind, message string }{
	{FeatureQuery, Error}: {"plan accounts", "*trainingjob.MissingTableError", `table "accounts" does not exist`},
	{FeatureQuery, Retry}: {"connect", "*trainingjob.ConnectionError", "warehouse:5432: connection reset by peer"},
	{Validate, Error}:     {"parse amount", "*trainingjob.ColumnError", `EUR" is no number`},
	{Transform, Error}:    {"derive chargebacks_a_year", "*trainingjob.PanicError", "integer divide by zero"},
	{Train, Error}:        {"epoch 2", "*trainingjob.DivergedError", "the loss is NaN after epoch 2"},
	{Evaluate, Error}:     {"compute auc", "*trainingjob.OneClassError", "0 of "},
	{Publish, Error}:      {"write fraud-2026-11-22.json", "*fs.PathError", "not a directory"},
	{Publish, Retry}:      {"connect", "*trainingjob.ConnectionError", "registry:443: connection reset by peer"},
	{FeatureQuery, Hang}:  {"scan payments/part=3", "*errors.errorString", "context canceled"},
	{Validate, Hang}:      {"check range amount", "*errors.errorString", "context canceled"},
	{Transform, Hang}:     {"join accounts and labels", "*errors.errorString", "context canceled"},
	{Train, Hang}:         {"epoch 7", "*errors.errorString", "context canceled"},
	{Evaluate, Hang}:      {"score holdout", "*errors.errorString", "context canceled"},
	{Publish, Hang}:       {"write fraud-2026-11-22.json", "*errors.errorString", "context canceled"},
}

// Each way to break the job gives the spans that it promises.
func TestWays(t *testing.T) {
	good := runJob(t, Options{})
	for _, way := range Ways {
		t.Run(way.Break.String(), func(t *testing.T) {
			s := runJob(t, Options{Break: way.Break})
			root, ended := s.root()
			culprit := culprits[way.Break]

			// The end of the run.
			switch {
			case way.How == Kill:
				assert.ErrorIs(t, s.err, errKilled)
				assert.False(t, ended, "the dead send no spans")
			case way.How == Hang:
				require.ErrorIs(t, s.err, context.Canceled)
				assert.Equal(t, "cancellation", text(root, mlconv.AttrPipelineResult))
			case way.Fails:
				require.ErrorContains(t, s.err, way.Stage+": ")
				assert.Equal(t, "failure", text(root, mlconv.AttrPipelineResult))
				assert.Equal(t, codes.Error, root.Status.Code)
			default:
				require.NoError(t, s.err)
				assert.Equal(t, "success", text(root, mlconv.AttrPipelineResult))
			}

			// The exception sits on one span, the deepest; those above are in error too.
			names, kind, message := s.exceptions()
			if culprit.span == "" {
				assert.Empty(t, names)
			} else {
				require.Equal(t, []string{culprit.span}, names)
				assert.Equal(t, culprit.kind, kind)
				assert.Contains(t, message, culprit.message)
				if way.How != Retry {
					assert.Equal(t, codes.Error, s.named(culprit.span).Status.Code)
				}
			}

			// The stages.
			reached := true
			for _, name := range Stages {
				span, ok := s.stage(name)
				switch {
				case name == way.Stage && way.How == Kill:
					assert.False(t, ok)
					assert.Equal(t, "executing", text(s.named(name+" begins"), mlconv.AttrPipelineRunState), "what is killed has said that it runs")
					reached = false
				case name == way.Stage && way.How == Skip:
					assert.False(t, ok)
				case name == way.Stage && (way.Fails || way.How == Hang):
					require.True(t, ok)
					assert.Equal(t, text(root, mlconv.AttrPipelineResult), text(span, mlconv.AttrTaskRunResult))
					assert.Equal(t, codes.Error, span.Status.Code)
					reached = false
				case reached:
					require.True(t, ok, name)
					assert.Equal(t, "success", text(span, mlconv.AttrTaskRunResult), name)
				default:
					assert.False(t, ok, "%s ran after %s had ended the run", name, way.Stage)
				}
			}
			s.promises(way, good)
		})
	}
}

// promises checks what is special about a way.
func (s spans) promises(way Way, good spans) {
	t := s.t
	t.Helper()
	order := func(stage string) int {
		for i, s := range Stages {
			if s == stage {
				return i
			}
		}
		return -1
	}
	switch way.How {
	case Rows:
		for _, stage := range Stages[:3] {
			_, was := good.rows(stage)
			_, is := s.rows(stage)
			if order(stage) < order(way.Stage) {
				assert.Equal(t, was, is, "%s comes before", stage)
			} else {
				assert.Less(t, float64(is), 0.65*float64(was), stage)
			}
		}
		assert.Greater(t, s.metric(Evaluate, "val_auc"), 0.85, "the model looks as good as ever")
	case Nulls:
		for _, stage := range Stages[:2] {
			is := s.ratios(stage)["distance_km"]
			if order(stage) < order(way.Stage) {
				assert.InDelta(t, 0.03, is, 0.01)
			} else {
				assert.InDelta(t, 0.38, is, 0.02)
			}
		}
		assert.Zero(t, s.ratios(Transform)["log_distance"], "imputed")
		assert.Greater(t, s.metric(Evaluate, "val_auc"), 0.85)
	case Column:
		lost := map[string][]string{FeatureQuery: {"merchant_risk"}, Validate: {"distance_km"}, Transform: {"log_distance"}}
		for stage := range lost {
			was, is := good.ratios(stage), s.ratios(stage)
			if order(stage) < order(way.Stage) {
				assert.Len(t, is, len(was))
			} else if stage == way.Stage {
				for _, column := range lost[stage] {
					assert.Contains(t, was, column)
					assert.NotContains(t, is, column)
				}
			}
		}
		if way.Stage == Validate {
			assert.Contains(t, s.ratios(Validate), "distance")
		}
		assert.Len(t, s.ratios(Transform), 8)
		assert.Greater(t, s.metric(Evaluate, "val_auc"), 0.8)
	case NaN:
		assert.True(t, math.IsNaN(s.metric(Train, "loss")))
		assert.True(t, math.IsNaN(s.metric(Evaluate, "val_auc")))
		if way.Stage == Transform {
			assert.InDelta(t, 0.36, s.ratios(Transform)["spend_per_payment"], 0.02)
		}
		content, err := os.ReadFile(s.result.File)
		require.NoError(t, err)
		assert.True(t, json.Valid(content))
		assert.Contains(t, string(content), `"NaN"`)
	case Metric:
		assert.InDelta(t, 0.5, s.metric(Evaluate, "val_auc"), 0.06)
	case Slow:
		was, _ := good.stage(way.Stage)
		is, _ := s.stage(way.Stage)
		assert.InDelta(t, 4, (is.EndTime.Sub(is.StartTime) - was.EndTime.Sub(was.StartTime)).Seconds(), 0.01)
	case Retry:
		var attempts []int64
		for _, span := range s.SpanStubs {
			if text(span, mlconv.AttrTaskName) != way.Stage || text(span, mlconv.AttrPipelineRunState) != "" {
				continue
			}
			attempt, _ := value(span, mlconv.AttrStageAttempt)
			attempts = append(attempts, attempt.AsInt64())
			if attempt.AsInt64() == 1 {
				final, ok := value(span, mlconv.AttrStageFinal)
				assert.True(t, ok && !final.AsBool())
				assert.Equal(t, "failure", text(span, mlconv.AttrTaskRunResult))
			}
		}
		assert.Equal(t, []int64{1, 2}, attempts)
	case Hang:
		span, _ := s.stage(way.Stage)
		assert.Greater(t, span.EndTime.Sub(span.StartTime), 59*time.Minute, "until the interrupt")
	case Skip:
		_, err := os.Stat(filepath.Join(filepath.Dir(s.result.File), "fraud-2026-11-22.json"))
		assert.Equal(t, way.Stage == Publish, err != nil)
	}
	if way.Stage == Train && (way.How == Hang || way.How == Kill) {
		s.named("epoch 6")
	}
}

// The card in the example is the job's, and has what the alerts of the ways need.
func TestCard(t *testing.T) {
	set, err := catalog.Load(filepath.Join("..", "..", "examples", "training-job", "catalog"))
	require.NoError(t, err)
	card := set.Job("", Name)
	require.NotNil(t, card)
	require.Len(t, card.Stages, len(Stages))
	for i, stage := range card.Stages {
		assert.Equal(t, Stages[i], stage.Name)
		if i > 0 {
			assert.Equal(t, []string{Stages[i-1]}, stage.After)
		}
		assert.Greater(t, max(stage.Timeout, stage.Heartbeat), slowdown, "slow is not overdue")
	}
	assert.Positive(t, card.Stages[3].Heartbeat)
	assert.Equal(t, 0.8, *card.Stages[4].Metrics["val_auc"].Min)
}
