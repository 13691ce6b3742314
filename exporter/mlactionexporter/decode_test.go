// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Of spans in a row of one version the first and the last are seen; a shadow's and those of nothing
// are not.
func TestEachVersion(t *testing.T) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(mlconv.AttrEnvironment, "production")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for _, c := range []struct {
		version, role string
		at            pcommon.Timestamp
	}{
		{"", "", 1}, {"7", "", 5}, {"7", "", 3}, {"7", "", 9}, {"8", mlconv.RoleShadow, 10}, {"6", "", 11}, {"", "", 12}, {"7", "", 13},
	} {
		s := spans.AppendEmpty()
		s.SetEndTimestamp(c.at)
		if c.version != "" {
			s.Attributes().PutStr(mlconv.AttrModelName, "fraud")
			s.Attributes().PutStr(mlconv.AttrModelVersion, c.version)
			s.Attributes().PutStr(mlconv.AttrModelRole, c.role)
		}
	}
	var seen []string
	eachVersion(td, func(id version.ID, v string, at pcommon.Timestamp) {
		seen = append(seen, fmt.Sprint(id.Environment, " ", id.Name, " ", v, " ", uint64(at)))
	})
	assert.Equal(t, []string{"production fraud 7 3", "production fraud 7 9", "production fraud 6 11", "production fraud 7 13"}, seen)
}
