// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/otelcol-ml/otelcol-ml/docs/schema"
	"github.com/otelcol-ml/otelcol-ml/internal/eventtime"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc/shape"
)

// cardShape is what the schema of cards refuses, in our words.
var cardShape = sync.OnceValue(func() *shape.Schema {
	return shape.Compile(schema.Card, shape.Words{
		Wanted: map[string]string{
			"duration":  "a duration, such as 90s, 1h30m, 7d or 2w",
			"window":    eventtime.WindowForm,
			"timestamp": "a time, such as 2026-11-01T00:00:00Z or 2026-11-01",
			"checkName": "a name of letters, digits, _ and -, 64 at most",
			"currency":  "a currency of three capital letters (ISO 4217), such as USD or EUR",
		},
		UnquotedNumbers: []string{"duration", "window"},
		Key:             "have 1 to 256 characters",
		Pattern:         badName,
		Choices:         listed,
	})
})

// badName says what is wrong with a name of a card; empty for other texts.
func badName(doc *yamldoc.Document, definition, text string) string {
	switch definition {
	case "cardName":
		return fmt.Sprintf("%q has a *, but a name is taken as it is written: %s", yamldoc.Clip(text), insteadOfWildcard(doc))
	case "modelPattern":
		return fmt.Sprintf("%q is every model: write at least one letter beside the *", yamldoc.Clip(text))
	}
	return ""
}

// insteadOfWildcard says what to write where a name has a *.
func insteadOfWildcard(doc *yamldoc.Document) string {
	if m, ok := doc.Value.(map[string]any); ok && m["kind"] == "job" {
		return "write one card for each job"
	}
	return "write one card, and the other names under also_known_as, or with * under models"
}

// listed writes choices; of a long list, such as that of statistics, without those of other tools.
func listed(choices []string) string {
	if len(choices) <= 20 {
		return strings.Join(choices, ", ")
	}
	ours := slices.DeleteFunc(slices.Clone(choices), func(name string) bool { return strings.Contains(name, "@") })
	return strings.Join(ours, ", ") + ", or another tool's, as in docs/methods.md"
}
