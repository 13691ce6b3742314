//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// madeUpFeatures are 100 models with 500 features each, in 100 spans, three times.
var madeUpFeatures = attack{"made-up features", func(t *testing.T, s *site) {
	for round := range 3 {
		for model := range 100 {
			s.send(spansOf(1, func(_ int, _ pcommon.Resource, span ptrace.Span) {
				span.Attributes().PutStr(mlconv.AttrModelName, fmt.Sprint("wide-", model))
				for f := range 500 {
					span.Attributes().PutDouble(fmt.Sprint(mlconv.PrefixFeature, "f", f), float64(f*round+model))
				}
			})...)
		}
	}
}}

func TestMadeUpFeatures(t *testing.T) {
	s := newSite(t)
	s.under(madeUpFeatures)
}
