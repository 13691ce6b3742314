// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"
)

// StatusError ends a process with a status of its own.
type StatusError struct {
	Status int
	// Err is printed; nil where the command has said all there is.
	Err error
}

// Error returns the text of Err.
func (e *StatusError) Error() string {
	if e.Err == nil {
		return "status " + strconv.Itoa(e.Status)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *StatusError) Unwrap() error { return e.Err }

// Main runs a command as a process: an interrupt ends its context, an error is printed behind the
// command's name and gives status 1, or that of a StatusError.
func Main(cmd *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := Run(ctx, cmd, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if status, err := statusOf(err); status != 0 {
		if err != nil {
			_, _ = io.WriteString(os.Stderr, Errorf(cmd.Name(), err))
		}
		os.Exit(status)
	}
}

// statusOf is the status that an error gives, and the error that is printed; nil for none.
func statusOf(err error) (int, error) {
	if own, ok := errors.AsType[*StatusError](err); ok {
		return own.Status, own.Err
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// Run runs a command without its process: what it prints goes to stdout and stderr, what is wrong
// is the error.
func Run(ctx context.Context, cmd *cobra.Command, args []string, stdout, stderr io.Writer) error {
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	return cmd.ExecuteContext(ctx)
}
