// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// sample is one line of a Prometheus exposition.
type sample struct {
	name   string
	labels map[string]string
	value  float64
	// exemplar are the labels of the exemplar, trace_id among them; nil if there is none.
	exemplar map[string]string
}

// parseExposition reads the text formats of Prometheus and OpenMetrics. Lines that it cannot read are skipped: the demo
// looks for a few names only.
func parseExposition(r io.Reader) ([]sample, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 1<<16), 1<<20)
	var out []sample
	for in.Scan() {
		line := in.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		var s sample
		i := strings.IndexAny(line, "{ ")
		if i < 0 {
			continue
		}
		s.name = line[:i]
		rest := line[i:]
		if rest[0] == '{' {
			var ok bool
			if s.labels, rest, ok = parseLabels(rest); !ok {
				continue
			}
		}
		rest, exemplar, found := strings.Cut(rest, " # ")
		value, _, _ := strings.Cut(strings.TrimSpace(rest), " ") // a timestamp may follow
		var err error
		if s.value, err = strconv.ParseFloat(value, 64); err != nil {
			continue
		}
		if found {
			s.exemplar, _, _ = parseLabels(exemplar)
		}
		out = append(out, s)
	}
	return out, in.Err()
}

// parseLabels reads {a="b",c="d"} and returns what follows.
func parseLabels(s string) (labels map[string]string, rest string, ok bool) {
	labels = map[string]string{}
	s, ok = strings.CutPrefix(s, "{")
	if !ok {
		return nil, s, false
	}
	for {
		s = strings.TrimLeft(s, ", ")
		if after, done := strings.CutPrefix(s, "}"); done {
			return labels, after, true
		}
		name, after, found := strings.Cut(s, `="`)
		if !found {
			return nil, s, false
		}
		var b strings.Builder
		i := 0
		for ; i < len(after) && after[i] != '"'; i++ {
			if after[i] == '\\' && i+1 < len(after) {
				i++
				if after[i] == 'n' {
					b.WriteByte('\n')
					continue
				}
			}
			b.WriteByte(after[i])
		}
		if i == len(after) {
			return nil, s, false
		}
		labels[name] = b.String()
		s = after[i+1:]
	}
}
