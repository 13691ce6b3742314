// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package repair

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/otelcol-ml/otelcol-ml/internal/testkit"
)

// bad is Latin-1, repaired what becomes of it.
const (
	bad      = "M\xfcnchen"
	repaired = "M\uFFFDnchen"
)

// setter sets one string of a request to a text.
type setter map[string]func(string)

func (s setter) attributes(where string, m pcommon.Map) {
	s[where+" value"] = func(text string) { m.PutStr("value", text) }
	s[where+" key"] = func(text string) { m.PutInt(text, 1) }
	s[where+" in a map"] = func(text string) { m.PutEmptyMap("map").PutEmptyMap("inner").PutStr("value", text) }
	s[where+" key in a map"] = func(text string) { m.PutEmptyMap("map").PutStr(text, "value") }
	s[where+" in a list"] = func(text string) { m.PutEmptySlice("list").AppendEmpty().SetEmptySlice().AppendEmpty().SetStr(text) }
}

func (s setter) resource(res pcommon.Resource, setSchema func(string), scope pcommon.InstrumentationScope, setScopeSchema func(string)) {
	s.attributes("resource", res.Attributes())
	s["resource schema"], s["scope schema"] = setSchema, setScopeSchema
	s["scope name"], s["scope version"] = scope.SetName, scope.SetVersion
	s.attributes("scope", scope.Attributes())
	ref := entity.ResourceEntityRefs(res).AppendEmpty()
	s["entity type"], s["entity schema"] = ref.SetType, ref.SetSchemaUrl
	s["entity id"] = func(text string) { ref.IdKeys().Append("service.name", text) }
	s["entity description"] = func(text string) { ref.DescriptionKeys().Append(text) }
}

// traces is a request with the strings that it has.
func traces() (ptrace.Traces, setter) {
	td, s := ptrace.NewTraces(), setter{}
	rs := td.ResourceSpans().AppendEmpty()
	ss := rs.ScopeSpans().AppendEmpty()
	s.resource(rs.Resource(), rs.SetSchemaUrl, ss.Scope(), ss.SetSchemaUrl)
	span := ss.Spans().AppendEmpty()
	s["name"], s["state"], s["message"] = span.SetName, span.TraceState().FromRaw, span.Status().SetMessage
	s.attributes("span", span.Attributes())
	event, link := span.Events().AppendEmpty(), span.Links().AppendEmpty()
	s["event"], s["link"] = event.SetName, link.TraceState().FromRaw
	s.attributes("event", event.Attributes())
	s.attributes("link", link.Attributes())
	return td, s
}

func logs() (plog.Logs, setter) {
	ld, s := plog.NewLogs(), setter{}
	rl := ld.ResourceLogs().AppendEmpty()
	sl := rl.ScopeLogs().AppendEmpty()
	s.resource(rl.Resource(), rl.SetSchemaUrl, sl.Scope(), sl.SetSchemaUrl)
	lr := sl.LogRecords().AppendEmpty()
	s["severity"], s["event"], s["body"] = lr.SetSeverityText, lr.SetEventName, lr.Body().SetStr
	s["body map"] = func(text string) { lr.Body().SetEmptyMap().PutStr("text", text) }
	s.attributes("log", lr.Attributes())
	return ld, s
}

func metrics() (pmetric.Metrics, setter) {
	md, s := pmetric.NewMetrics(), setter{}
	rm := md.ResourceMetrics().AppendEmpty()
	sm := rm.ScopeMetrics().AppendEmpty()
	s.resource(rm.Resource(), rm.SetSchemaUrl, sm.Scope(), sm.SetSchemaUrl)
	gauge, sum := sm.Metrics().AppendEmpty(), sm.Metrics().AppendEmpty()
	s["name"], s["unit"], s["description"] = gauge.SetName, gauge.SetUnit, gauge.SetDescription
	s.attributes("metadata", gauge.Metadata())
	s.attributes("gauge", gauge.SetEmptyGauge().DataPoints().AppendEmpty().Attributes())
	point := sum.SetEmptySum().DataPoints().AppendEmpty()
	s.attributes("sum", point.Attributes())
	s.attributes("exemplar", point.Exemplars().AppendEmpty().FilteredAttributes())
	histogram := sm.Metrics().AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty()
	s.attributes("histogram", histogram.Attributes())
	s.attributes("exemplar of a histogram", histogram.Exemplars().AppendEmpty().FilteredAttributes())
	exponential := sm.Metrics().AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	s.attributes("exponential histogram", exponential.Attributes())
	s.attributes("exemplar of an exponential histogram", exponential.Exemplars().AppendEmpty().FilteredAttributes())
	s.attributes("summary", sm.Metrics().AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty().Attributes())
	sm.Metrics().AppendEmpty().SetName("empty")
	return md, s
}

// TestEachStringIsRepaired sets one string after the other to Latin-1. A back end that is strict
// refuses the request before, and takes it, as it would have come in UTF-8, after.
func TestEachStringIsRepaired(t *testing.T) {
	each(t, traces, Traces, testkit.StrictTraces, (&ptrace.ProtoMarshaler{}).MarshalTraces)
	each(t, logs, Logs, testkit.StrictLogs, (&plog.ProtoMarshaler{}).MarshalLogs)
	each(t, metrics, Metrics, testkit.StrictMetrics, (&pmetric.ProtoMarshaler{}).MarshalMetrics)
}

func each[D any](t *testing.T, request func() (D, setter), repair func(D) Report, strict func(D) error, marshal func(D) ([]byte, error)) {
	_, names := request()
	for name := range names {
		t.Run(fmt.Sprintf("%T/%s", *new(D), name), func(t *testing.T) {
			latin1, set := request()
			set[name](bad)
			require.ErrorContains(t, strict(latin1), "UTF-8")
			r := repair(latin1)
			assert.Equal(t, int64(1), r.Strings)
			assert.NotEmpty(t, r.In)
			require.NoError(t, strict(latin1))
			got, err := marshal(latin1)
			require.NoError(t, err)

			valid, set := request()
			set[name](repaired)
			want, err := marshal(valid)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			assert.Zero(t, repair(valid), "nothing is to be done")
		})
	}
}

func TestTheFirstIsNamed(t *testing.T) {
	td, _ := traces()
	rs := td.ResourceSpans().At(0)
	rs.Resource().Attributes().PutStr("service.name", "shop\xe9")
	rs.ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("ml.segment.city", bad)
	assert.Equal(t, Report{Strings: 2, Service: "shop\uFFFD", In: "resource", Key: "service.name", Value: "shop\uFFFD"}, Traces(td))
	rs.ScopeSpans().At(0).Spans().At(0).Attributes().PutStr("ml.segment.city", bad)
	assert.Equal(t, Report{Strings: 1, Service: "shop\uFFFD", In: "span", Key: "ml.segment.city", Value: repaired}, Traces(td))
}

// TestKeysThatBecomeTheSame leaves the first of them, and those that were so before.
func TestKeysThatBecomeTheSame(t *testing.T) {
	td, _ := traces()
	attrs := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
	attrs.PutStr("a\xff", "first")
	attrs.PutStr("b", "between")
	attrs.PutStr("a\xfe", "second")
	attrs.PutStr("c\xfe", "lost")
	attrs.PutStr("c\uFFFD", "valid")
	assert.Equal(t, int64(3), Traces(td).Strings)
	assert.Equal(t, map[string]any{"a\uFFFD": "first", "b": "between", "c\uFFFD": "valid"}, attrs.AsRaw())
}

// TestVeryManyKeys are not looked for one by one.
func TestVeryManyKeys(t *testing.T) {
	td, _ := traces()
	attrs := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
	for i := range 1000 {
		attrs.PutInt(fmt.Sprintf("\xff%d", i), int64(i))
		attrs.PutInt(fmt.Sprintf("%d", i), int64(i))
	}
	assert.Equal(t, int64(1000), Traces(td).Strings)
	assert.Equal(t, 1000+maxKeys, attrs.Len())
	assert.NoError(t, testkit.StrictTraces(td))
}

func FuzzTraces(f *testing.F) {
	for name := range func() setter { _, s := traces(); return s }() {
		td, set := traces()
		set[name](bad)
		body, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(f, err)
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
		if err != nil {
			return
		}
		valid := testkit.StrictTraces(td) == nil
		r := Traces(td)
		require.NoError(t, testkit.StrictTraces(td))
		require.Equal(t, valid, r.Strings == 0)
		require.Zero(t, Traces(td))
	})
}
