// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package trainingjob is a training job as a team would write one, small enough to be read in one
// sitting: six stages that query a warehouse, validate and transform the data, train a logistic
// regression for fraud, evaluate it and publish it as a file. Its spans carry the vocabulary of
// mlconv, which is all that the ml_job connector needs.
//
//	feature_query ──rows──► validate ──columns──► transform ──features──► train ──model──► evaluate ──score──► publish
//	 (warehouse.go)                                                       (model.go)                        (a JSON file)
//
// telemetry.go has what makes spans of it; breaks.go lists the ways in which it can be broken.
package trainingjob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Name is the job's name, as its card has it.
const Name = "training_job"

// The stages, in their order.
const (
	FeatureQuery = "feature_query"
	Validate     = "validate"
	Transform    = "transform"
	Train        = "train"
	Evaluate     = "evaluate"
	Publish      = "publish"
)

// Stages are all stages, in their order.
var Stages = []string{FeatureQuery, Validate, Transform, Train, Evaluate, Publish}

// Options are those of one run. The zero value is a healthy run for today without telemetry.
type Options struct {
	// Job is the job's name; empty for Name.
	Job string
	// RunID is cicd.pipeline.run.id; empty for one made of the time.
	RunID string
	// LogicalDate is the day that the run is for; zero for today. It and Seed decide the data.
	LogicalDate time.Time
	Seed        uint64
	// Break is what is broken in this run.
	Break Break
	// Fast leaves out the pauses that stand for the work of a warehouse and a cluster.
	Fast bool
	// Slowdown is how much longer a slow stage takes in all; zero for four seconds.
	Slowdown time.Duration
	// Folder is where checkpoints and the published models lie; empty for state/training-job.
	Folder string
	// Exporter gets the spans; nil for none. It is not shut down.
	Exporter sdktrace.SpanExporter
	// Out gets a line for each stage; nil for none.
	Out io.Writer
	// Kill kills the process; nil for a real kill, from which there is no return.
	Kill func()
}

// Result is what a run leaves.
type Result struct {
	RunID   string
	TraceID trace.TraceID
	// Rows are what the stages wrote, by stage.
	Rows map[string]int
	// Loss is the last epoch's, AUC that of the held-out payments; 0 if the run did not come so
	// far.
	Loss, AUC float64
	// File is the published model; empty if there is none.
	File string
}

// run is one run: its options, and what the stages hand on.
type run struct {
	Options
	tracer trace.Tracer
	flush  func(context.Context)
	date   string
	// stage is the one that runs, worked its calls of work, told what it has come to.
	stage  string
	worked int
	told   string

	warehouse *warehouse
	registry  host
	extract   *extract
	data      *frame
	features  *features
	model     *model
	result    Result
}

// Run runs the job once. The error is what a scheduler would see: nil where the job believes that
// all went well.
func Run(ctx context.Context, o Options) (Result, error) {
	o = o.withDefaults()
	r := &run{Options: o, date: o.LogicalDate.Format(time.DateOnly), result: Result{RunID: o.RunID, Rows: map[string]int{}}}
	r.warehouse, r.registry = newWarehouse(r.random("warehouse"), o.Break), host{name: "registry:443"}
	if r.breaks(Publish, Retry) {
		r.registry.resets = 1
	}
	provider := r.provider()
	err := r.all(ctx)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportTimeout)
	defer cancel()
	if lost := provider.Shutdown(stopping); lost != nil {
		r.say("the last spans were not delivered: %v", lost)
	}
	return r.result, err
}

func (o Options) withDefaults() Options {
	if o.Job == "" {
		o.Job = Name
	}
	now := time.Now().UTC()
	if o.RunID == "" {
		o.RunID = "manual__" + now.Format("2006-01-02T15:04:05.000Z")
	}
	if o.LogicalDate.IsZero() {
		o.LogicalDate = now
	}
	if o.Folder == "" {
		o.Folder = filepath.Join("state", "training-job")
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Kill == nil {
		o.Kill = killMyself
	}
	return o
}

// all runs the stages below the run's own span.
func (r *run) all(ctx context.Context) error {
	ctx, span := r.tracer.Start(ctx, r.Job)
	r.result.TraceID = span.SpanContext().TraceID()
	r.say("%s, run %s for %s, trace %s", r.Job, r.RunID, r.date, r.result.TraceID)
	if way := r.Break.Way(); way.Does != "" {
		r.say("  to be broken: %s, %s", way.Stage, way.Does)
	}
	err := r.stages(ctx)
	switch {
	case errors.Is(err, errKilled):
		return err // the dead send no spans
	case err == nil:
		span.SetAttributes(attribute.String(mlconv.AttrPipelineResult, "success"))
	default:
		span.SetAttributes(attribute.String(mlconv.AttrPipelineResult, outcome(err)))
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
	return err
}

func (r *run) stages(ctx context.Context) error {
	for _, s := range []struct {
		name  string
		tries int
		do    func(context.Context) error
	}{
		{FeatureQuery, 2, r.queryFeatures},
		{Validate, 1, r.validate},
		{Transform, 1, r.transform},
		{Train, 1, r.train},
		{Evaluate, 1, r.evaluate},
		{Publish, 2, r.publish},
	} {
		if r.breaks(s.name, Skip) { // say, a flag that somebody has left behind
			continue
		}
		if err := r.runStage(ctx, s.name, s.tries, s.do); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// random returns random numbers for a purpose, the same ones for the same seed and date.
func (r *run) random(purpose string) *rand.Rand {
	var h uint64 = 14695981039346656037 // FNV-1a
	for _, c := range []byte(r.date + purpose) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(r.Seed, h))
}

// breaks says that a stage is broken in a way, in this run.
func (r *run) breaks(stage string, how How) bool {
	return r.Break.Stage == stage && r.Break.How == how
}

// work stands for the time that real work takes, in one of a stage's steps. The stage that is
// broken takes longer, or half way through it never comes to its end, or the process dies.
func (r *run) work(ctx context.Context, d time.Duration) error {
	n := steps[r.stage]
	r.worked++
	if r.Break.Stage == r.stage && r.Break.How == Slow {
		if err := wait(ctx, cmp.Or(r.Slowdown, slowdown)/time.Duration(n)); err != nil {
			return err
		}
	}
	if r.Break.Stage == r.stage && r.worked > n/2 {
		switch r.Break.How {
		case Hang: // say, for a lock that nobody gives back
			<-ctx.Done()
		case Kill: // say, out of memory
			r.Kill()
			return errKilled
		}
	}
	if r.Fast {
		return ctx.Err()
	}
	return wait(ctx, d)
}

// steps are the calls of work in each stage.
var steps = map[string]int{FeatureQuery: parts + 2, Validate: 1, Transform: 1, Train: epochs, Evaluate: 1, Publish: 1}

// slowdown is how much longer a slow stage takes in all, where nothing else is said.
const slowdown = 4 * time.Second

var errKilled = errors.New("killed")

func killMyself() {
	if self, err := os.FindProcess(os.Getpid()); err == nil && self.Kill() == nil {
		select {} // the signal is on its way
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *run) say(format string, args ...any) { _, _ = fmt.Fprintf(r.Out, format+"\n", args...) }
