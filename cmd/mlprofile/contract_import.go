// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/suite"
)

func newContractImport() *cobra.Command {
	var (
		o                     suite.Options
		output, model, format string
	)
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make the contract of a card from checks of another tool",
		Long: `import reads an expectation suite of Great Expectations, checks or a data contract of Soda, a schema of TensorFlow Data Validation (schema.pbtxt),
constraints.json of SageMaker or the signature in MLflow's MLmodel, and writes a card with a contract. The format is told by the content.

What a card cannot say, and what it says otherwise, is said on the standard error, by name and with the reason.`,
		Example: `  mlprofile contract import titanic_expectations.json -o catalog/titanic.yaml
  mlprofile contract import schema.pbtxt --model taxi --schema-environment SERVING
  mlprofile contract import checks.yml --rows 100000`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Format = suite.Format(format)
			if o.Rows < 0 {
				return fmt.Errorf("--rows: %g is below 0", o.Rows)
			}
			c, read, err := suite.Read(args[0], o)
			if err != nil {
				return err
			}
			if err := printCarried(cmd.ErrOrStderr(), c, read); err != nil {
				return err
			}
			if checks, thresholds := c.Checks(); checks+thresholds == 0 {
				return errors.New(args[0] + ": nothing in it is a check that a card has")
			}
			return writeCard(cmd.OutOrStdout(), output, output, modelOf(model, c, args[0]), c, fmt.Sprintf("The contract of %s (%s).", filepath.Base(args[0]), read))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "-", "the card to write, which must not exist; - is the standard output")
	f.StringVar(&model, "model", "", "the model, as in ml.model.name; as the file calls the data, or the file's name, if not given")
	f.StringVar(&format, "format", "", "great_expectations, soda, tfdv, sagemaker or mlflow; told by the content if not given")
	f.StringToStringVar(&o.Parameters, "parameter", nil, "NAME=VALUE of a parameter of Great Expectations, or a variable of Soda (repeatable)")
	f.StringVar(&o.Environment, "schema-environment", "", "the environment of a TFDV schema that the contract is for, such as SERVING")
	f.StringVar(&o.Dataset, "dataset", "", "the dataset of Soda's checks; the first in the file if not given")
	f.Float64Var(&o.Rows, "rows", 0, "rows of a window or a file, of which numbers of rows become shares")
	return cmd
}

// printCarried says what the contract has of its source.
func printCarried(w io.Writer, c *draft.Contract, format suite.Format) error {
	checks, thresholds := c.Checks()
	line := fmt.Sprintf("%s: %d of %s carried over, as %s", format, c.Carried, console.Plural(c.Stated, "thing"), console.Plural(checks, "check"))
	if thresholds > 0 {
		line += " and " + console.Plural(thresholds, "threshold") + " of drift"
	}
	lines := append([]string{line}, remarks("carried over otherwise:", c.Notes)...)
	lines = append(lines, remarks(fmt.Sprintf("not carried over (%d):", len(c.Left)), c.Left)...)
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
