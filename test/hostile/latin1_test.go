//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

const (
	// latin1 is a letter in Latin-1, repaired what becomes of it.
	latin1, repaired = "\xfc", "\uFFFD"

	latin1Rounds, neighbours = 20, 10
)

// inLatin1 are predictions, a failing job, metrics and labels of somebody who writes Latin-1. Beside
// each bad span in a request are good ones of nobody's model.
var inLatin1 = attack{"Latin-1", func(t *testing.T, s *site) {
	for round := range latin1Rounds {
		s.send(spansOf(1+neighbours, func(i int, resource pcommon.Resource, span ptrace.Span) {
			if i > 0 {
				span.SetName("neighbour")
				return
			}
			resource.Attributes().PutStr("service.name", "b"+latin1+"cher")
			span.SetName("vorhersage " + latin1)
			span.TraceState().FromRaw("x=" + latin1)
			span.Status().SetMessage("f" + latin1 + "r")
			a := span.Attributes()
			a.PutStr(mlconv.AttrModelName, "m"+latin1+"ller")
			a.PutStr(mlconv.AttrModelVersion, "7"+latin1)
			a.PutStr(mlconv.AttrPredictionClass, "ja"+latin1)
			a.PutStr("ml.segment.country", "T"+latin1+"rkei")
			a.PutStr("ml.feature.city", fmt.Sprintf("M%snchen %d", latin1, round))
			a.PutStr("ml.feature.stra"+latin1+"e", "x")
			a.PutStr(mlconv.AttrFeatures, `{"gr`+latin1+`n": "gr`+latin1+`n"}`)
			a.PutEmptyMap("nested").PutEmptySlice("l" + latin1).AppendEmpty().SetStr(latin1)
			span.Events().AppendEmpty().SetName("ereignis " + latin1)
			span.Links().AppendEmpty().Attributes().PutStr(latin1, latin1)
		})...)
	}
	s.send(spansOf(1, func(_ int, _ pcommon.Resource, span ptrace.Span) {
		span.Attributes().PutStr(mlconv.AttrPipelineName, "n"+latin1+"chtlich")
		span.Attributes().PutStr(mlconv.AttrPipelineRunID, "lauf "+latin1)
		span.Attributes().PutStr(mlconv.AttrPipelineResult, "failure")
		span.Attributes().PutStr("error.type", "St"+latin1+"rung")
		span.Status().SetCode(ptrace.StatusCodeError)
		span.Status().SetMessage("kein Speicher f" + latin1 + "r dich")
	})...)

	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "b"+latin1+"cher")
	points := rm.ScopeMetrics().AppendEmpty().Metrics()
	for _, name := range []string{"lager", "st" + latin1 + "ck"} {
		m := points.AppendEmpty()
		m.SetName(name)
		list := m.SetEmptyGauge().DataPoints()
		for _, city := range []string{"M" + latin1 + "nchen", "Bonn"} {
			p := list.AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			p.SetIntValue(5)
			p.Attributes().PutStr("stadt", city)
		}
	}
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	assert.NoError(t, err)
	code, answer := s.post("http://"+s.otlpHTTP+"/v1/metrics", "application/x-protobuf", body)
	assert.Equal(t, http.StatusOK, code, answer)

	code, answer = s.post("http://"+s.labels+"/v1/ground-truth", "application/x-ndjson", []byte(`{"prediction_id": "p", "label": "M`+latin1+`nchen"}`))
	assert.Equal(t, http.StatusBadRequest, code, answer)
	assert.Contains(t, answer, "UTF-8")
}}

// TestLatin1 has a strict back end take all that leaves the collector: spans with their healthy
// neighbours, metrics, alerts. Prometheus' page has the series, and nothing is said of it again and
// again.
func TestLatin1(t *testing.T) {
	b := newStrictBackend(t)
	s := newSite(t, strictly(b))
	var page string
	s.under(inLatin1, attack{"what has become of it", func(t *testing.T, s *site) {
		for begun := time.Now(); time.Since(begun) < patience; <-time.After(100 * time.Millisecond) {
			page = s.page()
			b.mu.Lock()
			taken := strings.Contains(string(b.text), "n"+repaired+"chtlich") && strings.Contains(string(b.text), "st"+repaired+"ck")
			b.mu.Unlock()
			if taken && sum(page, "ml_prediction_count_total", `ml_model_name="m`+repaired+`ller"`) == latin1Rounds {
				break
			}
		}
		assert.Positive(t, s.own("otelcol_ml_normalize_invalid_utf8"))
	}})
	b.mu.Lock()
	defer b.mu.Unlock()
	assert.Empty(t, b.refused)
	assert.Equal(t, latin1Rounds*neighbours, b.spans["neighbour"])
	assert.Equal(t, latin1Rounds, b.spans["vorhersage "+repaired])
	for _, want := range []string{"m" + repaired + "ller", "T" + repaired + "rkei", "n" + repaired + "chtlich", "St" + repaired + "rung", "lager", "st" + repaired + "ck"} {
		assert.Positive(t, strings.Count(string(b.text), want), want) // all of it is too long to be printed
	}
	assert.EqualValues(t, latin1Rounds, sum(page, "ml_prediction_count_total", `ml_model_name="m`+repaired+`ller"`))
	assert.EqualValues(t, 5, sum(page, "lager", `stadt="M`+repaired+`nchen"`))
	assert.Contains(t, s.log(), "A string is no valid UTF-8")
	assert.Contains(t, s.log(), `"service": "b`+repaired+`cher"`)
	assert.Empty(t, regexp.MustCompile(`(?m)^\S+\terror\t.*`).FindAllString(s.log(), 5))
}
