// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

// The elements of a JUnit report, in the order and with the attributes that Jenkins' schema has.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        string          `xml:"system-out,omitempty"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitSkipped `xml:"skipped"`
		Failure *junitFailure `xml:"failure"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// maxCaseName is how many characters of a column's name are the name of a test case.
const maxCaseName = 500

// WriteJUnit writes a test case a subject. One that drifts has failed; one without a verdict was
// skipped, or has failed, too, where failInsufficient is true. The time is when it was written, zero
// for none.
func (c *Comparison) WriteJUnit(w io.Writer, failInsufficient bool, now time.Time) error {
	suite := junitSuite{Name: label(c.Current.Path) + " against " + label(c.Reference.Path), Tests: len(c.Subjects), Time: "0"}
	if !now.IsZero() {
		suite.Timestamp = now.UTC().Format("2006-01-02T15:04:05")
	}
	suite.Properties = []junitProperty{
		{"reference", c.Reference.Path},
		{"reference_rows", strconv.FormatUint(c.Reference.Rows, 10)},
		{"current", c.Current.Path},
		{"current_rows", strconv.FormatUint(c.Current.Rows, 10)},
		{"significance", strconv.FormatFloat(c.Settings.Significance, 'g', -1, 64)},
		{"min_samples", strconv.Itoa(c.Settings.MinSamples)},
		{"most_design_effect", strconv.FormatFloat(c.designs.most(), 'g', 6, 64)},
	}
	for i := range c.Subjects {
		s := &c.Subjects[i]
		one := junitCase{Name: s.caseName(), Class: "mlprofile.compare." + s.Subject, Time: "0"}
		if s.Segment != "" {
			one.Class += "." + label(s.Segment)
		}
		switch {
		case s.drifts(), s.insufficient() && failInsufficient:
			one.Failure = &junitFailure{Message: s.Text, Type: s.Verdict, Text: s.numbers()}
			suite.Failures++
		case s.insufficient():
			one.Skipped = &junitSkipped{Message: s.Reason + ": " + s.Text}
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, one)
	}
	suite.Out = strings.Join(append([]string{c.Headline()}, c.Notes...), "\n")
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{
		Name: "mlprofile compare", Tests: suite.Tests, Failures: suite.Failures, Time: "0", Suites: []junitSuite{suite},
	}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
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
