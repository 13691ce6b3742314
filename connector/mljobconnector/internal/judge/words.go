// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// listed is the number of names that a sentence lists.
const listed = 5

// list joins names. Example: "17, 201, 340 and 4 more".
func list(names []string) string { return listOf(names, len(names)) }

// listOf joins the first names of so many.
func listOf(names []string, of int) string {
	if len(names) > listed {
		names = names[:listed]
	}
	if more := of - len(names); more > 0 {
		if len(names) == 0 {
			return ""
		}
		return fmt.Sprintf("%s and %s more", strings.Join(names, ", "), humanize.Comma(int64(more)))
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// rows writes a number of rows that may be the mean of two.
func rows(n float64) string { return humanize.Comma(int64(math.Round(min(n, 1<<62)))) }

// number writes a number with so many significant digits, trailing zeros left out. Example: "0.7234".
func number(v float64, digits int) string {
	switch {
	case !finite(v):
		return strconv.FormatFloat(v, 'g', -1, 64) // NaN, +Inf, -Inf
	case math.Abs(v) >= 1e4 && math.Abs(v) < 1e15 && digits <= 6:
		return humanize.Comma(int64(math.Round(v)))
	}
	s := strconv.FormatFloat(v, 'g', digits, 64)
	if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) >= 1e-4 && math.Abs(f) < 1e15 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	return s
}

// pair writes two numbers with as many digits as it takes to tell them apart, four at least.
func pair(a, b float64) (string, string) {
	for digits := 4; digits < 17; digits += 3 {
		if x, y := number(a, digits), number(b, digits); x != y || a == b {
			return x, y
		}
	}
	return number(a, 17), number(b, 17)
}

// percent writes a share. Example: "25 %".
func percent(share float64) string { return number(share*100, 3) + " %" }

// percents writes two shares so that they can be told apart.
func percents(a, b float64) (string, string) {
	if x, y := percent(a), percent(b); x != y {
		return x, y
	}
	x, y := pair(a*100, b*100)
	return x + " %", y + " %"
}

// exact writes a number for a machine.
func exact(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// lasting writes a duration as people do. Example: "1h30m".
func lasting(d time.Duration) string {
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
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// clock writes a moment in the job's time zone. Example: "2026-11-22 03:00 CET".
func (v *view) clock(t time.Time) string {
	zone := time.UTC
	if card := v.expect.Card; card != nil && card.Timezone != nil {
		zone = card.Timezone
	}
	return t.In(zone).Format("2006-01-02 15:04 MST")
}

// moment writes a time for a machine.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// title names the job. Example: "recsys_daily (production)".
func (v *view) title() string {
	if v.run.Key.Environment == "" {
		return v.run.Key.Job
	}
	return v.run.Key.Job + " (" + v.run.Key.Environment + ")"
}

const (
	// maxMessage is the length in bytes of a message within a sentence, maxAnnotation that of one in an annotation.
	maxMessage, maxAnnotation = 300, 2000
)

// clip puts a text on one line and cuts it at the boundary of a character.
func clip(s string, most int) string {
	s = strings.Join(strings.Fields(s[:min(len(s), 4*most)]), " ")
	if len(s) <= most {
		return strings.ToValidUTF8(s, "")
	}
	end := most - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// exception writes an error. Example: "ValueError: loss is NaN".
func exception(exceptionType, message string) string {
	message = clip(message, maxMessage)
	switch {
	case exceptionType == "":
		return message
	case message == "":
		return exceptionType
	}
	return exceptionType + ": " + message
}

// plural picks the form that fits a number.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
