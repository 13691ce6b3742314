// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs a command as a process: an interrupt ends its context, an error is printed behind the
// command's name and gives status 1.
func Main(cmd *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := Run(ctx, cmd, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = io.WriteString(os.Stderr, Errorf(cmd.Name(), err))
		os.Exit(1)
	}
}

// Run runs a command without its process: what it prints goes to stdout and stderr, what is wrong
// is the error.
func Run(ctx context.Context, cmd *cobra.Command, args []string, stdout, stderr io.Writer) error {
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	return cmd.ExecuteContext(ctx)
}
