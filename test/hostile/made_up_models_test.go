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

// The models that come for the first time while names are made up: the shop's card lists version 8
// alone, and nobody has heard of the newcomer.
const (
	modelShop, modelNew                  = "shop", "newcomer"
	listedVersion, unlistedVersion       = "8", "9"
	namesPerSecond                       = 440
	steadyModels, steadyRounds, settling = 150, 4, 10
)

// withShop has a card for the shop.
func withShop(s *site) {
	card := fmt.Sprintf("kind: model\nname: %s\nsegments: [country]\nfeatures: {amount: {}}\nversions: [{version: %q}]\n", modelShop, listedVersion)
	require.NoError(s.t, os.WriteFile(filepath.Join(s.catalog, "shop.yaml"), []byte(card), 0o600))
}

// shop is what the shop and the newcomer have sent.
type shop struct{ sent map[string]int }

// flood is a tenth of a second of made-up models, of made-up versions of the shop, and of made-up
// segments and features of the version that its card lists.
func (m *shop) flood() (requests []ptrace.Traces) {
	requests = spansOf(namesPerSecond/10, func(_ int, _ pcommon.Resource, span ptrace.Span) {
		name := fmt.Sprintf("made-up-%d", madeUp.Add(1))
		m.set(span, name, "1")
		span.Attributes().PutStr(mlconv.PrefixFeature+"word", name)
	})
	return append(requests, spansOf(2, func(i int, _ pcommon.Resource, span ptrace.Span) {
		name := fmt.Sprintf("made-up-%d", madeUp.Add(1))
		if i == 0 {
			m.set(span, modelShop, name)
			return
		}
		m.set(span, modelShop, listedVersion)
		span.Attributes().PutStr(mlconv.PrefixSegment+"country", name)
		span.Attributes().PutStr(mlconv.PrefixFeature+name, name)
		span.Attributes().PutDouble(mlconv.PrefixFeature+"amount", 1)
	})...)
}

// real is a prediction of each of those that are not made up.
func (m *shop) real() []ptrace.Traces {
	return spansOf(2, func(i int, _ pcommon.Resource, span ptrace.Span) {
		if i == 0 {
			m.set(span, modelShop, unlistedVersion)
		} else {
			m.set(span, modelNew, "1")
		}
	})
}

func (m *shop) set(span ptrace.Span, model, version string) {
	span.Attributes().PutStr(mlconv.AttrModelName, model)
	span.Attributes().PutStr(mlconv.AttrModelVersion, version)
	span.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
	m.sent[model+" "+version]++
}

// counted are the predictions on a page of the listed version, of the other one and of the newcomer.
func counted(page string) (listed, unlisted, newcomer int) {
	of := func(model, version string) int {
		return int(sum(page, "ml_prediction_count_total", fmt.Sprintf("ml_model_name=%q", model), fmt.Sprintf("ml_model_version=%q", version)))
	}
	return of(modelShop, listedVersion), of(modelShop, unlistedVersion), of(modelNew, "1")
}

// until plays rounds until something holds.
func (s *site) until(what string, holds func() bool, round func()) {
	s.t.Helper()
	for begun := time.Now(); !holds(); <-time.After(between / 3) {
		require.Less(s.t, time.Since(begun), patience, what)
		round()
	}
}

// Made-up models, versions, segments and features by the thousand, and more models than there are
// places for: nothing that has a place or a card loses a prediction, and who comes for the first time
// has a place soon.
func TestMadeUpModels(t *testing.T) {
	m := &shop{sent: make(map[string]int)}
	names := attack{"made-up models", func(t *testing.T, s *site) {
		for range settling {
			s.send(m.flood()...)
		}
		var listed, unlisted, newcomer int
		found := func() bool {
			_, unlisted, newcomer = counted(s.page())
			return unlisted > 0 && newcomer > 0
		}
		s.until("a place for who comes while names are made up", found, func() {
			s.send(m.flood()...)
			s.send(m.real()...)
		})
		unlistedBefore, newBefore := unlisted, newcomer
		for range settling {
			s.send(m.flood()...)
			s.send(m.real()...)
		}
		s.until("all predictions of who has a place", func() bool {
			listed, unlisted, newcomer = counted(s.page())
			return unlisted >= unlistedBefore+settling && newcomer >= newBefore+settling && listed == m.sent[modelShop+" "+listedVersion]
		}, func() {})
		t.Logf("counted by name: of %d predictions of an unlisted version %d, of %d of a newcomer %d, of %d of a listed version %d",
			m.sent[modelShop+" "+unlistedVersion], unlisted, m.sent[modelNew+" 1"], newcomer, m.sent[modelShop+" "+listedVersion], listed)
		assert.Positive(t, s.own("otelcol_ml_summary_overflowed", `limit="models"`))
		assert.Positive(t, s.own("otelcol_ml_summary_evicted", `limit="models"`))
	}}
	steady := attack{"more models than places", func(_ *testing.T, s *site) {
		for range steadyRounds {
			s.send(spansOf(steadyModels, func(i int, _ pcommon.Resource, span ptrace.Span) { m.set(span, fmt.Sprintf("steady-%d", i), "1") })...)
			<-time.After(between)
		}
	}}
	// Places of ml_drift are another matter.
	s := newSite(t, withShop, withConfig("connectors: {ml_drift: {limits: {models: 1000, versions: 200}}}\n"))
	s.under(names, steady)
	assert.Contains(t, s.log(), "limits::models is reached")
	assert.Contains(t, s.log(), "places were given away")
}
