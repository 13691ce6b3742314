// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/junit"
)

// Headline says in a line what the checks say.
func (r *Report) Headline() string {
	text := fmt.Sprintf("%s: %s of %s, %s, %d violated", r.File, console.Plural(r.Rows, "row"), r.Model,
		console.Plural(len(r.Results), "check"), r.Count(Violated))
	if n := r.Count(NotChecked); n > 0 {
		text += fmt.Sprintf(", %d not checked", n)
	}
	return text
}

// WriteJUnit writes a test case a check: one that is violated has failed, one that is not checked was
// skipped.
func (r *Report) WriteJUnit(w io.Writer, now time.Time) error {
	suite := junit.Suite{Name: r.Model + " contract of " + r.File, Out: strings.Join(append([]string{r.Headline()}, r.Notes...), "\n")}
	suite.Properties = []junit.Property{{Name: "file", Value: r.File}, {Name: "rows", Value: strconv.Itoa(r.Rows)}, {Name: "model", Value: r.Model}}
	for _, c := range r.Results {
		one := junit.Case{Name: console.Clean(c.Check, 500), Class: "mlprofile.contract"}
		switch c.Verdict {
		case Violated:
			one.Failure = &junit.Failure{Message: c.message(), Type: c.Severity, Text: c.lines()}
		case NotChecked:
			one.Skipped = &junit.Skipped{Message: c.Reason}
		}
		suite.Cases = append(suite.Cases, one)
	}
	return suite.Write(w, "mlprofile contract check", now)
}

// message says what is expected and what is found.
func (r *Result) message() string {
	if r.Value != nil {
		return fmt.Sprintf("expected %s, is %s", r.Expected, strconv.FormatFloat(*r.Value, 'g', 6, 64))
	}
	text := fmt.Sprintf("expected %s, not so in %s (%s)", r.Expected, console.Plural(r.Violations, "row"), console.Percent(r.Share))
	if r.Tolerance > 0 {
		text += ", allowed in " + console.Percent(r.Tolerance)
	}
	return text
}

func (r *Result) lines() string {
	var b strings.Builder
	for _, s := range r.First {
		fmt.Fprintf(&b, "line %s: ", s.Line)
		if s.Feature != "" {
			b.WriteString(console.Clean(s.Feature, 200) + ": ")
		}
		b.WriteString(console.Clean(s.Observed, 200) + "\n")
	}
	return b.String()
}
