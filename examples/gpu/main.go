// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command gpu tells the story of two models on GPUs: a release makes the GPU busier, and the answers worse. README.md walks through it.
package main

import (
	"context"
	"flag"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// How long things take, or may take.
const (
	before       = 30 * time.Second
	after        = 15 * time.Second
	alertTimeout = 2 * time.Minute
)

// gpus is all that runs beside the collector.
type gpus struct {
	address, api string
	shop         *shop
	work         sync.WaitGroup
}

func main() {
	var g gpus
	flag.StringVar(&g.address, "gpu", "localhost:9400", "where the dcgm-exporters listen: /gpu-node-1/metrics, /gpu-node-2/metrics")
	flag.StringVar(&g.api, "api", "localhost:9099", "where the collector answers PromQL")
	story.Main("gpu", g.tell, g.keep)
}

func (g *gpus) tell(ctx context.Context, t *story.Story) error {
	e := newExporter(&gpu{uuid: assistantGPU, pod: firstAssistant, energy: 1_188_249}, &gpu{uuid: rankerGPU, pod: onlyRanker, energy: 902_114})
	if err := e.listen(ctx, g.address, &g.work); err != nil {
		return err
	}
	var err error
	if g.shop, err = newShop(ctx, t, e); err != nil {
		return err
	}
	release := func(version, pod string, length, accuracy float64) error {
		tracer, err := tracer(ctx, t, "assistant", version, pod)
		g.shop.assistant = &assistant{tracer: tracer, pod: pod, length: length, accuracy: accuracy}
		return err
	}

	if err := release("1", firstAssistant, 120, 0.91); err != nil {
		return err
	}
	story.Say("customers search, and ask the assistant which size fits")
	if err := g.shop.open(ctx, t.Rand, before); err != nil {
		return err
	}
	if err := table(ctx, g.api, "version 1 of the assistant"); err != nil {
		return err
	}

	if err := release("2", secondAssistant, 245, 0.66); err != nil {
		return err
	}
	story.Say("version 2 of the assistant is released: it explains its advice")
	fired := make(chan error, 1)
	awaiting, cancel := context.WithCancel(ctx)
	defer cancel()
	open, closed := context.WithCancel(ctx)
	defer closed()
	g.work.Go(func() {
		_, err := t.Await(awaiting, alertTimeout, "version 2 is worse", func(a story.Alert) bool {
			return a.Labels["alertname"] == "VersionWorse" && a.Labels["ml_model_version"] == "2"
		})
		fired <- err
		closed()
	})
	_ = g.shop.open(open, t.Rand, 0) // until the alert is there
	if err := <-fired; err != nil {
		return err
	}
	if err := g.shop.open(ctx, t.Rand, after); err != nil {
		return err
	}
	return table(ctx, g.api, "version 2 of the assistant")
}

// keep goes on with the customers.
func (g *gpus) keep(ctx context.Context, t *story.Story) error {
	err := g.shop.open(ctx, t.Rand, 0)
	g.work.Wait()
	return err
}
