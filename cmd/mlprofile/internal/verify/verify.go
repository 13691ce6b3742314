// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package verify checks the rows of a data file by the contract of a card.
//
//	row ──► span, a feature a column ──► contract.Checker ──► violations, with their lines
//	    └──► columns of statistics ──► the figure of the whole file, exactly ──► bounds
//
// What cannot be asked of a file, such as a change against yesterday, is not checked, with the reason.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/prediction"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// maxSamples is how many rows that break a check are shown.
const maxSamples = 5

// Options say how to read and check a file.
type Options struct {
	Table table.Options
	// Exclude are columns that are no features.
	Exclude []string
	// Now is the time that ages are up to.
	Now time.Time
}

// Report is what the checks say of a file.
type Report struct {
	File    string    `json:"file"`
	Model   string    `json:"model"`
	Rows    int       `json:"rows"`
	Results []*Result `json:"checks"`
	// Notes say how the file was read.
	Notes []string `json:"notes,omitempty"`
}

// Result is what a check says.
type Result struct {
	// Check is its name with its subject, Expected what it asks for.
	Check       string `json:"check"`
	Feature     string `json:"feature,omitempty"`
	Severity    string `json:"severity"`
	Expected    string `json:"expected"`
	Description string `json:"description,omitempty"`
	// Verdict is ok, violated or not_checked; Reason says why it was not checked.
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
	// Violations are rows that break a check of rows; Share is that of all rows, Tolerance the one
	// from which on the file does.
	Violations int     `json:"violations,omitempty"`
	Share      float64 `json:"share,omitempty"`
	Tolerance  float64 `json:"tolerance,omitempty"`
	// Value is the figure of a statistic; nil for a check of rows. Samples is how many values it is of.
	Value   *float64 `json:"value,omitempty"`
	Samples int      `json:"samples,omitempty"`
	// First are the first rows that break the check.
	First []Sample `json:"first,omitempty"`

	check *contract.Check
	// line is the row that was counted last.
	line int
}

// Sample is a row that breaks a check.
type Sample struct {
	// Line is the line of the file, or row 12 of one without lines.
	Line string `json:"line"`
	// Feature is set where the check is of none in particular, Observed is the value.
	Feature  string `json:"feature,omitempty"`
	Observed string `json:"observed"`
}

// The verdicts.
const (
	OK         = "ok"
	Violated   = "violated"
	NotChecked = "not_checked"
)

// Violated is true where any check is.
func (r *Report) Violated() bool {
	return slices.ContainsFunc(r.Results, func(r *Result) bool { return r.Verdict == Violated })
}

// Count returns the number of checks with the verdict.
func (r *Report) Count(verdict string) int {
	n := 0
	for _, r := range r.Results {
		if r.Verdict == verdict {
			n++
		}
	}
	return n
}

// Run checks a file by the contract of a model's card.
func Run(ctx context.Context, path string, m *catalog.Model, o Options) (*Report, error) {
	o.Table.Lists = listColumns(m.Contract)
	schema, err := table.Infer(ctx, []string{path}, o.Table)
	if err != nil {
		return nil, err
	}
	v := newVerifier(path, m, schema, o)
	if err := v.rows(ctx); err != nil {
		return nil, err
	}
	v.finish()
	return v.report, nil
}

// listColumns are features that may be arrays.
func listColumns(c *contract.Contract) (names []string) {
	for i := range c.Checks {
		switch check := &c.Checks[i]; check.Kind {
		case contract.Type, contract.Length, contract.JSONSchema, contract.Required, contract.NotMissing:
			if subject := check.Subject(); subject != "" && !slices.Contains(names, subject) {
				names = append(names, subject)
			}
		}
	}
	return names
}

// verifier checks one file.
type verifier struct {
	report  *Report
	model   *catalog.Model
	schema  *table.Schema
	options Options
	// byCheck are results of checks of rows, checker what checks them.
	byCheck map[*contract.Check]*Result
	checker *contract.Checker
	// figures are the statistics, by check.
	figures []*figure
	span    rowSpan
	// undecided are rows whose condition could not be evaluated, why the first error, by check.
	undecided map[*contract.Check]int
	why       map[*contract.Check]error
}

func newVerifier(path string, m *catalog.Model, schema *table.Schema, o Options) *verifier {
	v := &verifier{
		report: &Report{File: path, Model: m.Name, Notes: schema.Notes}, model: m, schema: schema, options: o,
		byCheck: map[*contract.Check]*Result{}, undecided: map[*contract.Check]int{}, why: map[*contract.Check]error{},
	}
	for _, name := range schema.Skipped {
		v.report.Notes = append(v.report.Notes, name+": is a list in some rows, and no check asks for one: it is left out")
	}
	rows := &contract.Contract{OnlyKnown: m.Contract.OnlyKnown, Known: m.Contract.Known}
	for i := range m.Contract.Checks {
		check := &m.Contract.Checks[i]
		r := &Result{
			Check: check.ID(), Feature: check.Subject(), Severity: check.Severity, Expected: check.Expected(), Description: check.Description,
			Tolerance: check.MaxViolations, Verdict: OK, check: check,
		}
		v.report.Results = append(v.report.Results, r)
		if r.Reason = v.cannot(check); r.Reason != "" {
			r.Verdict = NotChecked
			continue
		}
		if check.OfRow() {
			rows.Checks = append(rows.Checks, *check)
			continue
		}
		v.figures = append(v.figures, v.newFigure(r))
	}
	at := 0
	for _, r := range v.report.Results { // the checker has its own copies
		if r.Verdict != NotChecked && r.check.OfRow() {
			v.byCheck[&rows.Checks[at]] = r
			at++
		}
	}
	v.checker = contract.NewChecker(contract.Options{
		Contract:   func(prediction.Identity) (*contract.Contract, int) { return rows, 1 },
		Attributes: rows.Attributes(),
	})
	v.span = newRowSpan(m, schema, o)
	return v
}

// cannot says why a check cannot be made on the file; empty where it can.
func (v *verifier) cannot(c *contract.Check) string {
	lacks := func(name string) bool {
		return v.schema.Column(name) == nil || slices.Contains(v.options.Exclude, name)
	}
	switch {
	case c.ComparedWith > 0:
		return "a file has no " + c.ComparedWith.String() + " before"
	case c.Kind == contract.Required, c.Kind == contract.NotMissing, c.Statistic == contract.Rows, c.Statistic == contract.Missing, c.Kind == contract.UnknownFeature:
		return "" // what is not there breaks it, or not
	case c.Kind == contract.Condition:
		one := contract.Contract{Checks: []contract.Check{*c}}
		for _, key := range one.Attributes() {
			name := strings.TrimPrefix(key, mlconv.PrefixFeature)
			if lacks(name) && lacks(key) {
				return fmt.Sprintf("the file has no column %q", name)
			}
		}
		return ""
	case c.Kind == contract.SchemaVersion && lacks(mlconv.AttrDataSchemaVersion):
		return fmt.Sprintf("the file has no column %q", mlconv.AttrDataSchemaVersion)
	case c.Kind == contract.Freshness && c.Subject() == "" && lacks(mlconv.AttrFeatureViewAge):
		return fmt.Sprintf("the file has no column %q", mlconv.AttrFeatureViewAge)
	case c.Subject() != "" && lacks(c.Subject()):
		return fmt.Sprintf("the file has no column %q", c.Subject())
	}
	return ""
}

// rows reads the file.
func (v *verifier) rows(ctx context.Context) error {
	r, err := v.schema.Open(v.report.File)
	if err != nil {
		return err
	}
	defer r.Close()
	var row []table.Cell
	for {
		if v.report.Rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if row, err = r.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		v.report.Rows++
		v.row(ctx, r, row)
	}
}

func (v *verifier) row(ctx context.Context, r *table.Reader, row []table.Cell) {
	td := v.span.fill(r.Columns(), row)
	results, stats := v.checker.Check(ctx, td)
	for _, result := range results {
		for i := range result.Violations {
			v.violation(&result.Violations[i], r)
		}
	}
	if u := stats.Undecidable; u != nil {
		v.undecided[u.Check]++
		if v.why[u.Check] == nil {
			v.why[u.Check] = u.Err
		}
	}
	for _, f := range v.figures {
		f.add(v.span.cell(f.column, row), r)
	}
}

func (v *verifier) violation(x *contract.Violation, r *table.Reader) {
	result := v.byCheck[x.Check]
	if x.Kind != contract.UnknownFeature || result.line != v.report.Rows {
		result.Violations++
		result.line = v.report.Rows
	}
	if len(result.First) >= maxSamples {
		return
	}
	s := Sample{Line: lineOf(r), Observed: x.Observed}
	if x.Feature != result.Feature {
		s.Feature = x.Feature
	}
	result.First = append(result.First, s)
}

// lineOf is where the reader is, without the file.
func lineOf(r *table.Reader) string {
	where := r.Where()
	return where[strings.LastIndexByte(where, ':')+1:]
}

// finish says what the checks say.
func (v *verifier) finish() {
	for check, r := range v.byCheck {
		if v.report.Rows > 0 {
			r.Share = float64(r.Violations) / float64(v.report.Rows)
		}
		switch {
		case exactly(check, r.Share, v.report.Rows) == contract.Violated:
			r.Verdict = Violated
		case v.undecided[check] > 0:
			r.Verdict = NotChecked
			r.Reason = fmt.Sprintf("in %d rows the condition cannot be evaluated: %v", v.undecided[check], v.why[check])
		}
	}
	for _, f := range v.figures {
		f.judge(v.report.Rows)
	}
}

// exactly judges a figure that is no estimate: it is of all rows.
func exactly(c *contract.Check, v float64, samples int) contract.Verdict {
	return c.Judge(contract.Exactly(v, uint64(samples)), nil, 0).Verdict
}
