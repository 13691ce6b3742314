// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/cobra"

func newCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "mlrules",
		Short:         "Rules and service level objectives for models, in Prometheus' format",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.AddCommand(newGenerate(), newTest(), newBacktest())
	return cmd
}
