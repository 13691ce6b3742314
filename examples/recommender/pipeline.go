// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// pipeline is the job: it has the services do its stages, one after the other.
type pipeline struct {
	tracer trace.Tracer
	steps  []step
}

// step is a stage, and who does it.
type step struct {
	by    *service
	stage string
}

// start starts all services.
func (r *recommender) start(ctx context.Context, s *story.Story) error {
	r.clock = &clock{day: 2 * time.Second}
	r.warehouse = &warehouse{rand: s.Rand}
	resource := func(service string) (trace.Tracer, error) {
		return s.Tracer(ctx, story.Resource(service, attribute.String(mlconv.AttrEnvironment, environment)))
	}
	orchestrator, err := resource("orchestrator")
	if err != nil {
		return err
	}
	serving, err := resource("recsys-server")
	if err != nil {
		return err
	}
	r.server = newServer(serving, r.clock, s.Seed)
	store, err := startService(ctx, s, "feature-store", r.warehouse, map[string]stage{"read_user_features": readUsers, "read_item_features": readItems})
	if err != nil {
		return err
	}
	transformer, err := startService(ctx, s, "transformer", r.warehouse, map[string]stage{"join": join, "compute_features": compute, "validate": validate})
	if err != nil {
		return err
	}
	trainer, err := startService(ctx, s, "trainer", r.warehouse, map[string]stage{"train": train, "evaluate": evaluate, "publish": r.server.publish})
	if err != nil {
		return err
	}
	r.pipeline = &pipeline{tracer: orchestrator, steps: []step{
		{store, "read_user_features"},
		{store, "read_item_features"},
		{transformer, "join"},
		{transformer, "compute_features"},
		{transformer, "validate"},
		{trainer, "train"},
		{trainer, "evaluate"},
		{trainer, "publish"},
	}}
	return nil
}

// run runs the job for a night. Its span is the root of the trace.
func (p *pipeline) run(ctx context.Context, n *night) error {
	date := n.date.Format(time.DateOnly)
	said := map[string]string{mlconv.AttrPipelineName: "recsys_daily", mlconv.AttrPipelineRunID: "scheduled__" + date, mlconv.AttrJobLogicalDate: date}
	ctx, root := p.tracer.Start(ctx, "recsys_daily")
	defer root.End()
	var bag baggage.Baggage
	for _, key := range carried {
		member, err := baggage.NewMember(key, said[key])
		if err != nil {
			return err
		}
		if bag, err = bag.SetMember(member); err != nil {
			return err
		}
		root.SetAttributes(attribute.String(key, said[key]))
	}
	ctx = baggage.ContextWithBaggage(ctx, bag)
	for _, step := range p.steps {
		if err := step.by.ask(ctx, step.stage); err != nil {
			root.SetAttributes(attribute.String(mlconv.AttrPipelineResult, "failure"))
			root.SetStatus(codes.Error, err.Error())
			return err
		}
	}
	root.SetAttributes(attribute.String(mlconv.AttrPipelineResult, "success"))
	root.SetStatus(codes.Ok, "")
	return nil
}
