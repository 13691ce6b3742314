//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The models around which versions are made up: nobody has a card of the sorter, and the ranker has one
// of which nothing has come before the attack.
const (
	modelSorter, modelRanker = "sorter", "ranker"
	sortersVersion           = "1"
	otherVersions            = 20 // against ml_drift's limit of ten
	versionsPerRound         = 2  // a tenth of a second has less than one of six
	versionRounds            = 40
)

func withRanker(s *site) {
	card := fmt.Sprintf("kind: model\nname: %s\nversions: [{version: %q}]\n", modelRanker, sortersVersion)
	require.NoError(s.t, os.WriteFile(filepath.Join(s.catalog, "ranker.yaml"), []byte(card), 0o600))
}

// versions is what was sent of the versions that are not made up.
type versions struct{ sent map[string]int }

// of is n predictions of a version.
func (v *versions) of(n int, model, version string) []ptrace.Traces {
	v.sent[model+" "+version] += n
	return spansOf(n, func(_ int, _ pcommon.Resource, span ptrace.Span) {
		span.Attributes().PutStr(mlconv.AttrModelName, model)
		span.Attributes().PutStr(mlconv.AttrModelVersion, version)
		span.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
	})
}

// countedOf are the predictions of a version on a page.
func countedOf(page, model, version string) int {
	return int(sum(page, "ml_prediction_count_total", fmt.Sprintf("ml_model_name=%q", model), fmt.Sprintf("ml_model_version=%q", version)))
}

// Made-up versions, and twice as many that come again and again as ml_drift has places for: the version
// that was there, and those of a card of which nothing had come before, lose no prediction, and no total
// steps back; so many others as there are places for have theirs.
func TestMadeUpVersions(t *testing.T) {
	v := &versions{sent: make(map[string]int)}
	s := newSite(t, withRanker)
	s.send(v.of(5, modelSorter, sortersVersion)...)
	s.until("the sorter's first predictions", func() bool { return countedOf(s.page(), modelSorter, sortersVersion) == 5 }, func() {})

	before := make(map[string]int)
	forward := func(page, model, version string) int {
		n, key := countedOf(page, model, version), model+" "+version
		assert.GreaterOrEqual(t, n, before[key], "%s steps back", key)
		before[key] = n
		return n
	}
	all := func(page string) bool {
		return forward(page, modelSorter, sortersVersion) == v.sent[modelSorter+" "+sortersVersion] &&
			forward(page, modelRanker, sortersVersion) == v.sent[modelRanker+" "+sortersVersion]
	}
	s.under(attack{"made-up versions", func(t *testing.T, s *site) {
		for round := range versionRounds {
			for i := range otherVersions {
				s.send(v.of(1, modelSorter, fmt.Sprintf("other-%02d", i))...)
			}
			for range versionsPerRound {
				s.send(v.of(1, modelSorter, fmt.Sprintf("made-up-%d", madeUp.Add(1)))...)
			}
			s.send(v.of(3, modelSorter, sortersVersion)...)
			if round >= versionRounds/2 {
				s.send(v.of(2, modelRanker, sortersVersion)...)
			}
			if round%10 == 0 {
				all(s.page())
			}
			<-time.After(between / 3)
		}
		s.until("all predictions of the versions that are not made up", func() bool { return all(s.page()) }, func() {})
		named := 0
		for i := range otherVersions {
			if countedOf(s.page(), modelSorter, fmt.Sprintf("other-%02d", i)) > 0 {
				named++
			}
		}
		t.Logf("%d of %d other versions have a place", named, otherVersions)
		assert.Positive(t, named)
		assert.Less(t, named, otherVersions, "the limit was not reached")
		assert.Positive(t, s.own("otelcol_ml_drift_evicted", `kind="version"`))
	}})
	assert.Contains(t, s.log(), "There is no room for one more version of the model")
	assert.Contains(t, s.log(), modelSorter)
}
