// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package junit writes reports as JUnit XML, which CI systems read.
package junit

import (
	"encoding/xml"
	"io"
	"time"
)

// The elements of a report, in the order and with the attributes that Jenkins' schema has.
type (
	// Suites is a whole report.
	Suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Time     string   `xml:"time,attr"`
		Suites   []*Suite `xml:"testsuite"`
	}
	// Suite is a list of cases.
	Suite struct {
		Name       string     `xml:"name,attr"`
		Tests      int        `xml:"tests,attr"`
		Failures   int        `xml:"failures,attr"`
		Errors     int        `xml:"errors,attr"`
		Skipped    int        `xml:"skipped,attr"`
		Time       string     `xml:"time,attr"`
		Timestamp  string     `xml:"timestamp,attr,omitempty"`
		Properties []Property `xml:"properties>property"`
		Cases      []Case     `xml:"testcase"`
		Out        string     `xml:"system-out,omitempty"`
	}
	// Property is a fact of a suite.
	Property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	// Case is a test that has passed, unless it has failed or was skipped.
	Case struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Time    string   `xml:"time,attr"`
		Skipped *Skipped `xml:"skipped"`
		Failure *Failure `xml:"failure"`
	}
	// Skipped says why a case was skipped.
	Skipped struct {
		Message string `xml:"message,attr"`
	}
	// Failure says why a case has failed.
	Failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// Write writes a report of one suite, whose numbers are counted. The time is when it was written, zero
// for none.
func (s *Suite) Write(w io.Writer, name string, now time.Time) error {
	s.Tests, s.Failures, s.Skipped, s.Time = len(s.Cases), 0, 0, "0"
	if !now.IsZero() {
		s.Timestamp = now.UTC().Format("2006-01-02T15:04:05")
	}
	for i := range s.Cases {
		s.Cases[i].Time = "0"
		if s.Cases[i].Failure != nil {
			s.Failures++
		} else if s.Cases[i].Skipped != nil {
			s.Skipped++
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(Suites{Name: name, Tests: s.Tests, Failures: s.Failures, Time: "0", Suites: []*Suite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
