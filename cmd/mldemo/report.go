// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
)

// maxShown is the number of windows that fit beside each other.
const maxShown = 8

// report prints the table of all windows and a sentence for each thing that has drifted.
type report struct {
	w io.Writer
	// findings are of the total, segments of cohorts.
	findings, segments []*finding
	// now says that there is one window only, the current one, from Prometheus.
	now bool
	// alerts are what the collector says of what has drifted.
	alerts map[key]alert.Alert
	// width is how many columns a line may have.
	width int
}

// trace returns a prediction that shows the drift: that of the alert, else ml_drift's exemplar.
func (r *report) trace(f *finding, e *episode) string {
	if a, ok := r.alerts[f.key]; ok && !a.TraceID.IsEmpty() {
		return a.TraceID.String()
	}
	return e.decided.trace
}

func stamp(t time.Time) string {
	if t.Truncate(24 * time.Hour).Equal(t) {
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04")
}

func pText(p float64) string {
	s := console.PValue(p)
	if strings.HasPrefix(s, "<") {
		return s
	}
	return "= " + s
}

// name writes a method as people do.
func name(method string) string {
	switch method {
	case "ks":
		return "KS distance"
	case "psi":
		return "PSI"
	case "jensen_shannon":
		return "Jensen-Shannon distance"
	case "l_infinity":
		return "difference"
	}
	return method
}

// oneTrace returns a trace id to show how to look at one.
func (r *report) oneTrace() string {
	for _, f := range r.findings {
		if e := f.episode(); e != nil {
			if id := r.trace(f, e); id != "" {
				return id
			}
		}
	}
	return ""
}
