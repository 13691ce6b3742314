// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/internal/dataflags"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/expect"
	"github.com/otelcol-ml/otelcol-ml/internal/baseline"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

func newContractInfer() *cobra.Command {
	var (
		columns       dataflags.Columns
		output, model string
		onlyKnown     bool
		rows          float64
	)
	cmd := &cobra.Command{
		Use:   "infer BASELINE|DATA",
		Short: "Make the contract of a card from what data were like",
		Long: `infer makes a contract that data like those of a baseline, or of a data file, keep: types, ranges, sets, and shares of missing values, with slack for
what another sample may have. Look it over: data show what was, not what may be.

The card names the baseline relative to the folder that the card is in: with -o that is the file's, else the baseline's own.`,
		Example: `  mlprofile contract infer catalog/fraud.json -o catalog/fraud.yaml
  mlprofile contract infer training.csv --prediction label --exclude id --model fraud`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := columns.Options()
			if err != nil {
				return err
			}
			if rows < 0 {
				return fmt.Errorf("--rows: %g is below 0", rows)
			}
			p, want, err := inferred(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			want.Rows = rows
			c := expect.Of(p, want)
			c.OnlyKnown = onlyKnown
			if want.Baseline {
				folder := filepath.Dir(args[0])
				if output != "-" {
					folder = filepath.Dir(output)
				}
				if c.Baseline, err = relative(folder, args[0]); err != nil {
					return err
				}
			}
			if err := printInferred(cmd.ErrOrStderr(), c, p); err != nil {
				return err
			}
			beside := output
			if output == "-" {
				beside = args[0]
			}
			return writeCard(cmd.OutOrStdout(), output, beside, modelOf(model, c, args[0]), c,
				fmt.Sprintf("What %s was like (%s), with slack for other samples of it.", filepath.Base(args[0]), console.Plural(p.Rows, "row")))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "-", "the card to write, which must not exist; - is the standard output")
	f.StringVar(&model, "model", "", "the model, as in ml.model.name; the baseline's name, or the file's, if not given")
	f.Float64Var(&rows, "rows", 0, fmt.Sprintf("rows of the files or windows that are checked; %d, or as many as there are, if not given", expect.DefaultRows))
	f.BoolVar(&onlyKnown, "only-known-features", false, "make a feature that is not there a violation")
	columns.Register(f)
	return cmd
}

// inferred is a baseline, or that of a data file, with what is known of its types.
func inferred(ctx context.Context, path string, o baseline.Options) (*profile.Profile, expect.Options, error) {
	is, err := isBaseline(path)
	if err != nil {
		return nil, expect.Options{}, err
	}
	if is {
		p, err := profile.Load(path)
		return p, expect.Options{Baseline: true}, err
	}
	o.Bins, o.MaxCategories = distribution.DefaultBins, profile.DefaultMaxCategories
	p, plan, err := baseline.Build(ctx, []string{path}, o)
	if err != nil {
		return nil, expect.Options{}, err
	}
	types := map[string]string{}
	for _, c := range plan.Features {
		if t, ok := cardType[c.Type]; ok && (c.As == profile.Categorical || c.Type.Numeric()) {
			types[c.Name] = t
		}
	}
	return p, expect.Options{Types: types}, nil
}

// cardType is the type that a card calls that of a column.
var cardType = map[table.Type]string{
	table.TypeInteger: contract.Integer, table.TypeNumber: contract.Number, table.TypeBool: contract.Boolean, table.TypeString: contract.String,
}

// printInferred says of which features there is less than could be.
func printInferred(w io.Writer, c *draft.Contract, p *profile.Profile) error {
	checks, _ := c.Checks()
	lines := []string{fmt.Sprintf("%s of %s, of %s", console.Plural(checks, "check"), console.Plural(len(p.Features), "feature"), console.Plural(p.Rows, "row"))}
	lines = append(lines, remarks("without a check of values:", c.Left)...)
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
