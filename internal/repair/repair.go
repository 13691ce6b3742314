// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package repair makes every string of a request valid UTF-8, in place: names, attributes with what
// is nested in them, events, links, messages, states, bodies, units, exemplars. OTLP says that they
// are; a back end that checks it refuses the whole request for one that is not, the healthy spans
// beside it, too.
//
// A request in which nothing is to be replaced costs a look at each string and no allocation.
package repair

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/otelcol-ml/otelcol-ml/internal/validtext"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// Report says what was replaced in a request.
type Report struct {
	// Strings is their number; those that were left out are among them.
	Strings int64
	// Service is the service.name of the resource of the first, In what it is of, Key the attribute,
	// empty where it is none, and Value the string as it is now.
	Service, In, Key, Value string
}

// maxKeys is how many keys of one map become others. Each is looked for in the whole of the map, so
// that the attributes of further ones are left out.
const maxKeys = 64

// Where strings are.
const (
	inResource = "resource"
	inScope    = "scope"
	inSpan     = "span"
	inEvent    = "event"
	inLink     = "link"
	inLog      = "log"
	inMetric   = "metric"
	inPoint    = "point"
	inExemplar = "exemplar"
)

// repair is the work on one request.
type repair struct {
	Report

	service string
}

// Traces repairs spans.
func Traces(td ptrace.Traces) Report {
	var r repair
	for _, rs := range td.ResourceSpans().All() {
		r.resource(rs.Resource())
		r.text(inResource, rs.SchemaUrl(), rs.SetSchemaUrl)
		for _, ss := range rs.ScopeSpans().All() {
			r.scope(ss.Scope())
			r.text(inScope, ss.SchemaUrl(), ss.SetSchemaUrl)
			for _, span := range ss.Spans().All() {
				r.span(span)
			}
		}
	}
	return r.Report
}

// Logs repairs log records.
func Logs(ld plog.Logs) Report {
	var r repair
	for _, rl := range ld.ResourceLogs().All() {
		r.resource(rl.Resource())
		r.text(inResource, rl.SchemaUrl(), rl.SetSchemaUrl)
		for _, sl := range rl.ScopeLogs().All() {
			r.scope(sl.Scope())
			r.text(inScope, sl.SchemaUrl(), sl.SetSchemaUrl)
			for _, lr := range sl.LogRecords().All() {
				r.text(inLog, lr.EventName(), lr.SetEventName)
				r.text(inLog, lr.SeverityText(), lr.SetSeverityText)
				r.value(inLog, "", lr.Body())
				r.attributes(inLog, lr.Attributes())
			}
		}
	}
	return r.Report
}

// Metrics repairs metrics.
func Metrics(md pmetric.Metrics) Report {
	var r repair
	for _, rm := range md.ResourceMetrics().All() {
		r.resource(rm.Resource())
		r.text(inResource, rm.SchemaUrl(), rm.SetSchemaUrl)
		for _, sm := range rm.ScopeMetrics().All() {
			r.scope(sm.Scope())
			r.text(inScope, sm.SchemaUrl(), sm.SetSchemaUrl)
			for _, m := range sm.Metrics().All() {
				r.metric(m)
			}
		}
	}
	return r.Report
}

func (r *repair) resource(res pcommon.Resource) {
	r.service = ""
	r.attributes(inResource, res.Attributes())
	if v, ok := res.Attributes().Get(mlconv.AttrServiceName); ok && v.Type() == pcommon.ValueTypeStr {
		r.service = v.Str()
	}
	if r.Strings > 0 && r.Service == "" && r.In == inResource {
		r.Service = r.service // which was not known yet
	}
	for _, ref := range entity.ResourceEntityRefs(res).All() {
		r.text(inResource, ref.Type(), ref.SetType)
		r.text(inResource, ref.SchemaUrl(), ref.SetSchemaUrl)
		r.texts(inResource, ref.IdKeys())
		r.texts(inResource, ref.DescriptionKeys())
	}
}

func (r *repair) scope(s pcommon.InstrumentationScope) {
	r.text(inScope, s.Name(), s.SetName)
	r.text(inScope, s.Version(), s.SetVersion)
	r.attributes(inScope, s.Attributes())
}

func (r *repair) span(s ptrace.Span) {
	r.text(inSpan, s.Name(), s.SetName)
	r.state(inSpan, s.TraceState())
	r.text(inSpan, s.Status().Message(), s.Status().SetMessage)
	r.attributes(inSpan, s.Attributes())
	for _, e := range s.Events().All() {
		r.text(inEvent, e.Name(), e.SetName)
		r.attributes(inEvent, e.Attributes())
	}
	for _, l := range s.Links().All() {
		r.state(inLink, l.TraceState())
		r.attributes(inLink, l.Attributes())
	}
}

func (r *repair) metric(m pmetric.Metric) {
	r.text(inMetric, m.Name(), m.SetName)
	r.text(inMetric, m.Description(), m.SetDescription)
	r.text(inMetric, m.Unit(), m.SetUnit)
	r.attributes(inMetric, m.Metadata())
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		r.numbers(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		r.numbers(m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			r.attributes(inPoint, p.Attributes())
			r.exemplars(p.Exemplars())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			r.attributes(inPoint, p.Attributes())
			r.exemplars(p.Exemplars())
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			r.attributes(inPoint, p.Attributes())
		}
	case pmetric.MetricTypeEmpty:
	}
}

func (r *repair) numbers(points pmetric.NumberDataPointSlice) {
	for _, p := range points.All() {
		r.attributes(inPoint, p.Attributes())
		r.exemplars(p.Exemplars())
	}
}

func (r *repair) exemplars(list pmetric.ExemplarSlice) {
	for _, e := range list.All() {
		r.attributes(inExemplar, e.FilteredAttributes())
	}
}

// text sets what is no valid UTF-8.
func (r *repair) text(in, s string, set func(string)) {
	if validtext.Is(s) {
		return
	}
	s, _ = validtext.Of(s)
	r.replaced(in, "", s)
	set(s)
}

func (r *repair) state(in string, state pcommon.TraceState) { r.text(in, state.AsRaw(), state.FromRaw) }

func (r *repair) texts(in string, list pcommon.StringSlice) {
	for i, s := range list.All() {
		r.text(in, s, func(valid string) { list.SetAt(i, valid) })
	}
}

func (r *repair) attributes(in string, m pcommon.Map) {
	keys := 0
	for k, v := range m.All() {
		if !validtext.Is(k) {
			keys++
		}
		r.value(in, k, v)
	}
	if keys > 0 {
		r.keys(in, m)
	}
}

func (r *repair) value(in, key string, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		if s := v.Str(); !validtext.Is(s) {
			s, _ = validtext.Of(s)
			r.replaced(in, key, s)
			v.SetStr(s)
		}
	case pcommon.ValueTypeMap:
		r.attributes(in, v.Map())
	case pcommon.ValueTypeSlice:
		for _, element := range v.Slice().All() {
			r.value(in, key, element)
		}
	default:
	}
}

// keys gives the attributes whose keys are no valid UTF-8 others. Of those that are the same then,
// the first stays.
func (r *repair) keys(in string, m pcommon.Map) {
	type attribute struct {
		key   string
		value pcommon.Value
	}
	var moved []attribute
	m.RemoveIf(func(k string, v pcommon.Value) bool {
		valid, replaced := validtext.Of(k)
		if !replaced {
			return false
		}
		r.replaced(in, valid, "")
		if len(moved) < maxKeys {
			value := pcommon.NewValueEmpty()
			v.MoveTo(value)
			moved = append(moved, attribute{valid, value})
		}
		return true
	})
	for _, a := range moved {
		if to, exists := m.GetOrPutEmpty(a.key); !exists {
			a.value.MoveTo(to)
		}
	}
}

func (r *repair) replaced(in, key, value string) {
	if r.Strings++; r.Strings > 1 {
		return
	}
	r.Service, r.In, r.Value = r.service, in, value
	r.Key, _ = validtext.Of(key)
}
