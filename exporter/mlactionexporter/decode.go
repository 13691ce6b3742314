// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"errors"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/version"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedname"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// decoded is what a request of logs holds.
type decoded struct {
	alerts []*alert.Alert
	// skipped are records that are no alerts; unreadable those that lack something, the last of them
	// for reason.
	skipped, unreadable int
	reason              error
}

func decodeAlerts(ld plog.Logs) (in decoded) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if lr.EventName() == mlconv.EventAction {
					continue // a decision of ours, where they are sent to this collector
				}
				a, err := alert.Decode(lr)
				switch {
				case errors.Is(err, alert.ErrNoAlert):
					in.skipped++
				case err != nil:
					in.unreadable++
					in.reason = err
				default:
					in.alerts = append(in.alerts, &a)
				}
			}
		}
	}
	return in
}

// served is a model's version as a span names it.
type served struct {
	id            version.ID
	version, role string
}

// read takes what an attribute says, where it is one of those that name a model.
func (s *served) read(key string, v pcommon.Value) {
	var to *string
	switch key {
	case mlconv.AttrModelName:
		to = &s.id.Name
	case mlconv.AttrModelVersion:
		to = &s.version
	case mlconv.AttrModelRole:
		to = &s.role
	case mlconv.AttrEnvironment:
		to = &s.id.Environment
	case mlconv.AttrOlderEnvironment:
		if s.id.Environment == "" {
			to = &s.id.Environment
		}
	}
	if to == nil || v.Type() != pcommon.ValueTypeStr {
		return
	}
	*to, _ = boundedname.Cut(v.Str())
}

// eachVersion calls see for the first and the last of spans in a row that name the same model and
// version, by their ends; not for those of shadow models.
func eachVersion(td ptrace.Traces, see func(id version.ID, v string, at pcommon.Timestamp)) {
	var row served
	var first, last pcommon.Timestamp
	end := func() {
		if row.id.Name == "" || row.version == "" || row.role == mlconv.RoleShadow {
			return
		}
		see(row.id, row.version, first)
		if last != first {
			see(row.id, row.version, last)
		}
	}
	for _, rs := range td.ResourceSpans().All() {
		var resource served
		for key, v := range rs.Resource().Attributes().All() {
			resource.read(key, v)
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s := resource
				for key, v := range span.Attributes().All() {
					s.read(key, v)
				}
				at := span.EndTimestamp()
				if s != row {
					end()
					row, first, last = s, at, at
					continue
				}
				first, last = min(first, at), max(last, at)
			}
		}
	}
	end()
}
