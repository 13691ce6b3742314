// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command training-job is an example: a training job of six stages, traced with the OpenTelemetry
// SDK, that can be broken in many ways. README.md walks through it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/otelcol-ml/otelcol-ml/internal/trainingjob"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := trainingjob.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
