// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command mldemo shows the whole path on one machine: it makes or takes a data set, profiles its
// first part, replays the rest through a collector, and prints what has drifted, since when, with a
// trace to look at, and how often the model was right. Then it runs a training job that loses rows, and
// prints the alert.
//
//	data ──► baseline + card ──► catalog ─┐
//	  └────► replay (OTLP) ──► collector: ml_metadata ──► ml_summary ──► ml_drift ──► Prometheus, windows.json ──► report
//	    └──► labels, later ──►                 └────────► ml_evaluation ──► quality.json ──► report
//	training job (OTLP) ─────►                     └────► ml_job ──► alerts.json ──► report
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("stopped")
		}
		_, _ = io.WriteString(os.Stderr, "\n"+console.Errorf("mldemo", err))
		stop()
		os.Exit(1)
	}
}
