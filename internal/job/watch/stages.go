// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"slices"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/job/run"
)

// openStages returns the stages on the card that have not been seen in a run, in the order of the card.
func openStages(r *run.Run, card *catalog.Job) []string {
	var names []string
	for i := range card.Stages {
		s := &card.Stages[i]
		if !s.Optional && !slices.ContainsFunc(r.Stages, func(seen *run.Stage) bool { return seen.Name == s.Name }) {
			names = append(names, s.Name)
		}
	}
	return names
}
