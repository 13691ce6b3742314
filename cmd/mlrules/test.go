// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/ruletest"
)

func newTest() *cobra.Command {
	var run []string
	var o ruletest.Options
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run unit tests of rules",
		Long: `test runs unit tests of rules, in the format of "promtool test rules", with the engine that the collector evaluates
rules with. rule_files may name the rules that the collector ships: builtin:drift, builtin:*.`,
		Example: "  mlrules test rules/*_test.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(run) > 0 {
				chosen, err := regexp.Compile(strings.Join(run, "|"))
				if err != nil {
					return fmt.Errorf("--run: %w", err)
				}
				o.Tests = chosen
			}
			return testFiles(cmd.Context(), cmd.OutOrStdout(), args, o)
		},
	}
	cmd.Flags().StringArrayVar(&run, "run", nil, "run only tests whose name matches this regular expression; may be given more than once")
	cmd.Flags().BoolVar(&o.IgnoreUnknownFields, "ignore-unknown-fields", false, "read rule files with keys that Prometheus does not know")
	return cmd
}

// testFiles says of each file what it has given. The status is 1 where anything failed.
func testFiles(ctx context.Context, w io.Writer, files []string, o ruletest.Options) error {
	failed := false
	for _, name := range files {
		result, err := ruletest.Run(ctx, name, o)
		for _, pattern := range result.Unmatched {
			fmt.Fprintf(w, "%s: 'rule_files': no file matches %s\n", name, pattern)
		}
		if err != nil {
			failed = true
			fmt.Fprintf(w, "FAILED  %s\n", err)
			continue
		}
		printResult(w, name, result)
		failed = failed || result.Failed()
	}
	if failed {
		return &console.StatusError{Status: 1}
	}
	return nil
}

func printResult(w io.Writer, name string, result ruletest.Result) {
	verdict := "ok      "
	if result.Failed() {
		verdict = "FAILED  "
	}
	fmt.Fprintf(w, "%s%s: %s\n", verdict, name, console.Plural(len(result.Tests), "test"))
	for _, test := range result.Tests {
		for _, failure := range test.Failures {
			fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(failure.Error(), "\n", "\n  "))
		}
	}
}
