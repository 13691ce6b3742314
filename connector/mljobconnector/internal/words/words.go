// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package words writes what alerts on jobs say, as people do.
package words

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/run"
	"github.com/otelcol-ml/otelcol-ml/internal/validtext"
)

// Title names a job. Example: "recsys_daily (production)".
func Title(key run.Key) string {
	if key.Environment == "" {
		return key.Job
	}
	return key.Job + " (" + key.Environment + ")"
}

// Lasting writes a duration as people do, rounded. Example: "1h30m".
func Lasting(d time.Duration) string {
	switch {
	case d >= 10*time.Minute:
		d = d.Round(time.Minute)
	case d >= 10*time.Second:
		d = d.Round(time.Second)
	case d >= time.Second:
		d = d.Round(100 * time.Millisecond)
	default:
		d = d.Round(time.Millisecond)
	}
	return Duration(d)
}

// Duration writes a duration without the parts that are zero. Example: "72h".
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Moment writes a time for a machine.
func Moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Clip puts a text on one line and cuts it.
func Clip(s string, most int) string {
	return Cut(strings.Join(strings.Fields(s[:min(len(s), 4*most)]), " "), most)
}

// Cut cuts a text to a length in bytes, at the boundary of a character, and marks that with a "…".
// The rest does not stay alive. U+FFFD stands for what is no UTF-8.
func Cut(s string, most int) string {
	const mark = "…"
	s, _ = validtext.Of(s[:min(len(s), most+utf8.UTFMax)])
	if len(s) <= most {
		return s
	}
	end := most - len(mark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// Plural picks the form that fits a number.
func Plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
