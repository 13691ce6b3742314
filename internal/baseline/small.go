// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package baseline

import "github.com/otelcol-ml/otelcol-ml/internal/profile"

// NoteSmall warns of a baseline of few rows, and of columns of which few rows have a value.
// minSamples is what a verdict needs.
func (p *Plan) NoteSmall(b *profile.Profile, minSamples int) {
	all := profile.SmallWarning(b.Rows, minSamples)
	if all != "" {
		p.Warnings = append(p.Warnings, all)
	}
	note := func(planned *PlannedColumn, c *profile.Column) {
		if planned == nil || c == nil || c.Count == 0 {
			return // a column without values has its warning
		}
		// What is true of all columns is said once.
		enough := b.Rows >= uint64(max(minSamples, 0))
		if w := profile.SmallWarning(c.Count, minSamples); w != "" && (all == "" || enough && c.Count < uint64(minSamples)) {
			planned.warn("%s", w)
		}
	}
	for i, c := range b.Features {
		note(p.Features[i], c)
	}
	note(p.Prediction, b.Prediction)
	note(p.Confidence, b.Confidence)
}
