// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/otelcol-ml/otelcol-ml/connector/mljobconnector/internal/words"
)

// slow says that a run took longer than runs like it, and which stage most of that was.
func (v *view) slow() *Fault {
	p, ok := v.pacing(v.rows())
	if !ok {
		return nil
	}
	took := took(v.run)
	if took <= p.limit() || p.like(took) || p.others.like(took) {
		return nil
	}
	usual, limit, lasted := clampDuration(p.usual().median), clampDuration(p.limit()), runDuration(v.run)
	f := &Fault{Kind: JobSlow, Warning: true, Learned: true, Repeats: p.row > 0, Annotations: map[string]string{
		"duration": words.Lasting(lasted), "duration_expected": words.Lasting(usual), "duration_limit": words.Lasting(limit),
		"duration_interval": words.Lasting(clampDuration(max(p.usual().low, 0))) + " to " + words.Lasting(clampDuration(p.usual().high)),
		"runs":              strconv.Itoa(p.runs),
	}}
	if root := v.root; root != nil {
		f.TraceID, f.SpanID = root.TraceID, root.SpanID
	}
	f.Summary = fmt.Sprintf("%s took %s, longer than its limit of %s (%s)", v.title(), words.Lasting(lasted), words.Lasting(limit), v.basis(p))
	if p.rows > 0 && p.usualRows > 0 {
		f.Annotations["rows"], f.Annotations["rows_expected"] = strconv.FormatInt(p.rows, 10), strconv.FormatInt(p.usualRows, 10)
	}
	if s, before := v.slowest(); s != nil {
		f.Summary += fmt.Sprintf("; %s took %s instead of %s", s.name, words.Lasting(s.duration), words.Lasting(before))
		f.Annotations["slowest_stage"] = s.name
		data := v.dataFault(JobSlow, s, nil)
		f.TraceID, f.SpanID = data.TraceID, data.SpanID
	}
	if p.row > 0 {
		f.Annotations["in_a_row"] = strconv.Itoa(p.row + 1)
		f.Summary += fmt.Sprintf("; it is the %s slow run in a row", humanize.Ordinal(p.row+1))
	}
	f.Summary += fmt.Sprintf(" (run %s).", v.run.ID)
	return f
}

// basis says what the limit of a slow run rests on. Example: "median of the last 30 good runs: 3m".
func (v *view) basis(p *pacing) string {
	text := fmt.Sprintf("median of the last %d good runs: %s", p.runs, words.Lasting(clampDuration(p.usual().median)))
	switch {
	case p.similar:
		text = fmt.Sprintf("median of the last %d good runs with about %s rows: %s", p.runs, words.Rows(float64(p.rows)), words.Lasting(clampDuration(p.usual().median)))
	case len(p.groups) > 1:
		text = fmt.Sprintf("median of %d of the last %d good runs, which were of %d kinds: %s",
			p.usual().runs, p.runs, len(p.groups), words.Lasting(clampDuration(p.usual().median)))
	}
	if p.scale > 1 {
		text += fmt.Sprintf("; with %s times as many rows as usual", words.Number(p.scale, 3))
	}
	return text
}

// slowest returns the stage with the largest excess over its own median, nil if none has any.
func (v *view) slowest() (s *stage, usual time.Duration) {
	var most time.Duration
	for _, candidate := range v.stages {
		u, ok := v.usual(candidate.name, measureDuration, "")
		if !ok || len(candidate.instances) == 0 {
			continue
		}
		before := clampDuration(u.median)
		if excess := candidate.duration - before; excess > most {
			s, usual, most = candidate, before, excess
		}
	}
	return s, usual
}
