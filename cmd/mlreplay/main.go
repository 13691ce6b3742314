// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command mlreplay sends the rows of a data file as prediction spans to an OpenTelemetry collector.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/otelcol-ml/otelcol-ml/internal/console"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		_, _ = io.WriteString(os.Stderr, console.Errorf("mlreplay", err))
		stop()
		os.Exit(1)
	}
}

// run is the command without its process: what it prints goes to stdout and stderr, what is wrong is the error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	return cmd.ExecuteContext(ctx)
}
