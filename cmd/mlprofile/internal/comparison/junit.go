// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/junit"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// maxCaseName is how many characters of a column's name are the name of a test case.
const maxCaseName = 500

// WriteJUnit writes a test case a subject. One that drifts has failed; one without a verdict was
// skipped, or has failed, too, where failInsufficient is true. The time is when it was written, zero
// for none.
func (c *Comparison) WriteJUnit(w io.Writer, failInsufficient bool, now time.Time) error {
	suite := junit.Suite{Name: label(c.Current.Path) + " against " + label(c.Reference.Path)}
	suite.Properties = []junit.Property{
		{Name: "reference", Value: c.Reference.Path},
		{Name: "reference_rows", Value: strconv.FormatUint(c.Reference.Rows, 10)},
		{Name: "current", Value: c.Current.Path},
		{Name: "current_rows", Value: strconv.FormatUint(c.Current.Rows, 10)},
		{Name: "significance", Value: strconv.FormatFloat(c.Settings.Significance, 'g', -1, 64)},
		{Name: "min_samples", Value: strconv.Itoa(c.Settings.MinSamples)},
		{Name: "most_design_effect", Value: strconv.FormatFloat(c.designs.most(), 'g', 6, 64)},
	}
	for i := range c.Subjects {
		s := &c.Subjects[i]
		one := junit.Case{Name: s.caseName(), Class: "mlprofile.compare." + s.Subject}
		if s.Segment != "" {
			one.Class += "." + label(s.Segment)
		}
		switch {
		case s.drifts(), s.insufficient() && failInsufficient:
			one.Failure = &junit.Failure{Message: s.Text, Type: s.Verdict, Text: s.numbers()}
		case s.insufficient():
			one.Skipped = &junit.Skipped{Message: s.Reason + ": " + s.Text}
		}
		suite.Cases = append(suite.Cases, one)
	}
	suite.Out = strings.Join(append([]string{c.Headline()}, c.Notes...), "\n")
	return suite.Write(w, "mlprofile compare", now)
}

func (s *Subject) caseName() string {
	name := console.Clean(s.Column, maxCaseName)
	if s.Subject == drift.Missing.String() {
		name += ", missing"
	}
	return name
}

// numbers are all scores of a subject, a line each.
func (s *Subject) numbers() string {
	var b strings.Builder
	for i := range s.Scores {
		x := &s.Scores[i]
		fmt.Fprintf(&b, "%s: score %.6g, effect %.6g, threshold %g, p %.3g\n", x.Method, x.Score, x.Effect, x.Threshold, x.PValue)
	}
	fmt.Fprintf(&b, "n: %d, worth %.6g independent ones; of the reference %d\n", s.Samples, s.EffectiveSamples, s.ReferenceSamples)
	return b.String()
}
