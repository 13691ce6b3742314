// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package flush

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/metricbuilder"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Source begins requests of metrics that are those of one instance: two instances see different
// values of one model, and nobody adds what they say of them.
type Source struct {
	Scope Scope
	// Instance is the service.instance.id.
	Instance string
}

// Begin returns a request without a metric, whose temporality is cumulative.
func (s *Source) Begin() *metricbuilder.Builder {
	b := metricbuilder.New(s.Scope.Name, s.Scope.Version, pmetric.AggregationTemporalityCumulative)
	b.Resource().Attributes().PutStr(mlconv.AttrServiceInstance, s.Instance)
	return b
}
