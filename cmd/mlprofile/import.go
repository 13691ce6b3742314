// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/imported"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
)

func newImport() *cobra.Command {
	var (
		o                       imported.Options
		output, format, dataset string
		types                   map[string]string
	)
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make a baseline from a profile that another tool has written",
		Long: `import reads a profile of whylogs (.bin, version 0 and 1), statistics of TensorFlow Data Validation (FeatureStats.pb, as text, or in a
TFRecord) or SageMaker's statistics.json, and writes a baseline. The format is told by the content.

Columns keep the file's order and become features; --prediction and --confidence give two of them their role. What cannot be carried over, and what
is less exact than a baseline from the data themselves, is said on the standard error.`,
		Example: `  mlprofile import profile.bin --prediction label -o catalog/fraud.json
  mlprofile import FeatureStats.pb --name taxi --prediction tips -o catalog/taxi.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Types = make(map[string]profile.Type, len(types))
			for name, t := range types {
				o.Types[name] = profile.Type(t)
			}
			if o.Bins < 1 || o.Bins > distribution.DefaultBins {
				return fmt.Errorf("--bins: %d is not between 1 and %d", o.Bins, distribution.DefaultBins)
			}
			if o.MaxCategories < 1 {
				return fmt.Errorf("--max-categories: %d is not above 0", o.MaxCategories)
			}
			source, err := imported.Read(args[0], imported.Format(format), dataset)
			if err != nil {
				return err
			}
			p, err := source.Build(o)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if p.Name == "" {
				p.Name, _, _ = strings.Cut(filepath.Base(args[0]), ".")
			}
			if p.CreatedAt.IsZero() {
				p.CreatedAt = now().UTC().Truncate(time.Second)
			}
			if err := printNotCarried(cmd.ErrOrStderr(), source, p); err != nil {
				return err
			}
			if output == "-" {
				return p.Write(cmd.OutOrStdout())
			}
			if err := writeProfile(output, p); err != nil {
				return err
			}
			return printImported(cmd.OutOrStdout(), output, source, p)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "baseline.json", "the file to write; - is the standard output")
	f.StringVar(&o.Name, "name", "", "what the data set is called; as the file calls it, or the file's name, if not given")
	f.StringVar(&format, "format", "", "whylogs, tfdv or sagemaker; told by the content if not given")
	f.StringVar(&dataset, "dataset", "", "which of several data sets of a TFDV file")
	f.StringVar(&o.Prediction, "prediction", "", "column of the model's answer")
	f.StringVar(&o.Confidence, "confidence", "", "column of the answer's score, 0 to 1")
	f.StringSliceVar(&o.Exclude, "exclude", nil, "columns to leave out")
	f.StringToStringVar(&types, "type", nil, "COLUMN=numeric or COLUMN=categorical, where the file allows both (repeatable)")
	f.IntVar(&o.Bins, "bins", distribution.DefaultBins, "bins of a numeric column at most; a sketch or histogram may allow fewer")
	f.IntVar(&o.MaxCategories, "max-categories", profile.DefaultMaxCategories, "values kept of a categorical column")
	return cmd
}

// printImported says what each column has become, and of what.
func printImported(w io.Writer, output string, source *imported.Source, p *profile.Profile) error {
	built := baselineColumns(p)
	t := console.NewTable("column|", "role|", "compared as|", "values", "missing", "bins", "made of|")
	for _, c := range source.Columns {
		of, ok := built[c.Name]
		if !ok {
			continue
		}
		bins := len(of.column.Categories)
		if of.column.Numeric != nil {
			bins = len(of.column.Numeric.Counts)
		}
		t.Row(console.Clean(c.Name, 40), of.role, string(of.column.Type), console.Count(of.column.Count), console.Percent(of.column.MissingRatio()),
			console.Count(bins), c.Basis)
	}
	if err := t.Write(w, ""); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s: %s of %s, %s of %d columns, read as %s\n", output, console.Plural(p.Rows, "row"), p.Name,
		console.Count(len(built)), len(source.Columns), source.Format)
	return err
}

// roleColumn is a column of a baseline and what it is there for.
type roleColumn struct {
	role   string
	column *profile.Column
}

func baselineColumns(p *profile.Profile) map[string]roleColumn {
	out := make(map[string]roleColumn, len(p.Features)+2)
	for _, c := range p.Features {
		out[c.Name] = roleColumn{"feature", c}
	}
	if p.Prediction != nil {
		out[p.Prediction.Name] = roleColumn{"prediction", p.Prediction}
	}
	if p.Confidence != nil {
		out[p.Confidence.Name] = roleColumn{"confidence", p.Confidence}
	}
	return out
}

// printNotCarried names what the baseline has not, or less exactly than the data: notes of the file, of
// columns, and the columns that are left out.
func printNotCarried(w io.Writer, source *imported.Source, p *profile.Profile) error {
	lines := append([]string(nil), source.Notes...)
	if small := profile.SmallWarning(p.Rows, drift.DefaultOptions().MinSamples); small != "" {
		lines = append(lines, "! "+small)
	}
	// Columns often have the same note: it is said once, with their names.
	var notes, left grouped
	for _, c := range source.Columns {
		name := console.Clean(c.Name, 40)
		if c.Left != "" {
			left.add(console.Clean(c.Left, 300), name)
			continue
		}
		for _, note := range c.Notes {
			notes.add(console.Clean(note, 300), name)
		}
	}
	lines = append(lines, notes.lines("")...)
	if of := left.lines("  "); len(of) > 0 {
		lines = append(append(lines, "left out:"), of...)
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// lineWidth is that of lists of names.
const lineWidth = 140

// grouped are names by what is said of them, in the order in which it was said first.
type grouped struct {
	texts []string
	names map[string][]string
}

func (g *grouped) add(text, name string) {
	if g.names == nil {
		g.names = map[string][]string{}
	}
	if _, ok := g.names[text]; !ok {
		g.texts = append(g.texts, text)
	}
	g.names[text] = append(g.names[text], name)
}

func (g *grouped) lines(indent string) (out []string) {
	for _, text := range g.texts {
		out = append(out, console.Wrap(text+": "+strings.Join(g.names[text], ", "), lineWidth, indent, indent+"    "))
	}
	return out
}
