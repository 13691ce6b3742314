// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mljobconnector

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-ml/otelcol-ml/internal/job/watch"
)

func encode([]watch.JobStats, watch.SelfStats, string, time.Time, time.Time) pmetric.Metrics {
	return pmetric.NewMetrics()
}
