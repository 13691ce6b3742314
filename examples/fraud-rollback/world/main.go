// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Program world is what stands around the collector of examples/fraud-rollback: a model registry that
// speaks the part of MLflow's API that is used, an issue tracker that speaks that of Gitea's, and a
// model server that follows the registry's alias. It starts the collector, too. After a while version 7
// is released, which is worse than version 6. All is in memory; what happens is printed, a line each.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// logFile is where the collector's log goes.
const logFile = "state/fraud-rollback/collector.log"

// options are the program's flags.
type options struct {
	collector                string
	registry, tracker, token string
	otlp, labels             string
	releaseAfter, labelAfter time.Duration
	rate                     int
	seed                     uint64
}

func main() {
	var o options
	flag.StringVar(&o.collector, "collector", "bin/otelcol-ml", "the collector to start; empty for one that runs already")
	flag.StringVar(&o.registry, "registry", "localhost:5000", "where the registry listens")
	flag.StringVar(&o.tracker, "tracker", "localhost:3000", "where the issue tracker listens; empty for none, if you have a Gitea")
	flag.StringVar(&o.token, "token", "for-this-demo-only", "the issue tracker's access token")
	flag.StringVar(&o.otlp, "otlp", "http://localhost:4318", "the collector's OTLP/HTTP receiver")
	flag.StringVar(&o.labels, "labels", "http://localhost:4319", "the collector's ground_truth receiver")
	flag.DurationVar(&o.releaseAfter, "release-after", 20*time.Second, "when version 7 is released; 0 is never")
	flag.DurationVar(&o.labelAfter, "label-after", time.Second, "how long after a payment it is known whether it was fraud")
	flag.IntVar(&o.rate, "rate", 100, "payments a second, in steps of 10")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the payments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &o); err != nil {
		log.Fatal(err)
	}
}

// run is the world until the context is done.
func run(ctx context.Context, o *options) error {
	if o.rate < batches || o.labelAfter < 0 {
		return errors.New("-rate must be 10 or more, and -label-after not negative")
	}
	registry := newRegistry()
	servers := map[string]http.Handler{o.registry: registry.handler()}
	if o.tracker != "" {
		servers[o.tracker] = newTracker(o.token).handler()
	}
	running, stop := context.WithCancelCause(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stop(nil)
	for address, handler := range servers {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
		work.Go(func() {
			<-running.Done()
			_ = server.Close() // nothing is lost that would be kept
		})
		work.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				stop(err)
			}
		})
	}
	if o.collector != "" {
		if err := startCollector(running, o, &work, stop); err != nil {
			return err
		}
	}
	m := newModelServer(o, registry)
	work.Go(func() { m.spans.run(running) })
	work.Go(func() { m.labels.run(running) })
	story.Say("the alias champion is at version 6")
	m.serve(running)
	if err := context.Cause(running); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// startCollector starts the collector and returns when it takes spans.
func startCollector(ctx context.Context, o *options, work *sync.WaitGroup, stop context.CancelCauseFunc) error {
	if _, err := story.StartCollector(ctx, o.collector, logFile, []string{"examples/fraud-rollback/collector.yaml"}, work, stop); err != nil {
		return err
	}
	story.Say("the collector starts; its log is in %s", logFile)
	return story.AwaitListener(ctx, strings.TrimPrefix(o.otlp, "http://"))
}
