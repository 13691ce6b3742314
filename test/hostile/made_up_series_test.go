//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// madeUpSeries are metrics of an application with an id among their labels: 600,000 series.
var madeUpSeries = attack{"made-up series", func(t *testing.T, s *site) {
	for range 30 {
		md := pmetric.NewMetrics()
		m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("requests_in_flight")
		points := m.SetEmptyGauge().DataPoints()
		for range 20_000 {
			p := points.AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			p.SetIntValue(1)
			p.Attributes().PutStr("request", fmt.Sprint("made-up-", madeUp.Add(1)))
		}
		body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
		if !assert.NoError(t, err) {
			return
		}
		code, answer := s.post("http://"+s.otlpHTTP+"/v1/metrics", "application/x-protobuf", body)
		assert.Equal(t, http.StatusOK, code, answer)
	}
}}

func TestMadeUpSeries(t *testing.T) {
	s := newSite(t)
	s.under(madeUpSeries)
	assert.Contains(t, s.log(), "max_series is reached")
}
