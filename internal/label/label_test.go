// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package label_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/internal/table"
)

var (
	noon    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	traceID = pcommon.TraceID{0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36}
	spanID  = pcommon.SpanID{0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7}
)

const (
	traceHex = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanHex  = "00f067aa0ba902b7"
)

func parser(tb testing.TB, o label.Options) *label.Parser {
	tb.Helper()
	p, err := label.NewParser(o)
	require.NoError(tb, err)
	return p
}

func parse(p *label.Parser, text string) (label.Label, *jsonscan.Scanner, error) {
	s := jsonscan.New(text)
	l, err := p.Object(&s)
	return l, &s, err
}

func TestObject(t *testing.T) {
	a := label.Label{PredictionID: "a", Weight: 1}
	with := func(change func(*label.Label)) label.Label {
		l := a
		change(&l)
		return l
	}
	fraud := with(func(l *label.Label) { l.Class = "fraud" })
	one := with(func(l *label.Label) { l.Class, l.Value, l.HasValue = "1", 1, true })
	for text, want := range map[string]label.Label{
		`{"prediction_id":"a","label":"fraud"}`:                               fraud,
		`{"predictionId":"a","Actual-Label":"fraud"}`:                         fraud,
		`{"ml.prediction.id":"a","ml.label.class":"fraud"}`:                   fraud,
		`{"ml":{"prediction":{"id":"a"},"label":{"class":"fraud"}}}`:          fraud,
		`{"prediction_id":"a","label":1}`:                                     one,
		`{"prediction_id":"a","label":1.0}`:                                   one,
		`{"prediction_id":"a","label":"1"}`:                                   one,
		`{"prediction_id":"a","label":true}`:                                  with(func(l *label.Label) { l.Class = "true" }),
		`{"prediction_id":"a","value":3.5}`:                                   with(func(l *label.Label) { l.Value, l.HasValue = 3.5, true }),
		`{"prediction_id":"a","class":1}`:                                     with(func(l *label.Label) { l.Class = "1" }),
		`{"prediction_id":"a","label":null}`:                                  with(func(l *label.Label) { l.Retracted = true }),
		`{"prediction_id":"a","retracted":true}`:                              with(func(l *label.Label) { l.Retracted = true }),
		`{"prediction_id":"a","label":null,"class":"b"}`:                      with(func(l *label.Label) { l.Class = "b" }),
		`{"prediction_id":"a","actual_label":"No Claims","actual_score":0.4}`: with(func(l *label.Label) { l.Class, l.Value, l.HasValue = "No Claims", 0.4, true }),
		`{"prediction_id":"a","actual_score":0.4,"actual_label":7}`:           with(func(l *label.Label) { l.Class, l.Value, l.HasValue = "7", 0.4, true }),
		`{"prediction_id":"a","relevance":{"x":3,"y":0}}`:                     with(func(l *label.Label) { l.Relevances = []label.Relevance{{Item: "x", Gain: 3}, {Item: "y"}} }),
		`{"prediction_id":"a","relevance":["x",7]}`: with(func(l *label.Label) {
			l.Relevances = []label.Relevance{{Item: "x", Gain: 1}, {Item: "7", Gain: 1}}
		}),
		`{"prediction_id":"a","relevance":[]}`:                                                                with(func(l *label.Label) { l.Relevances = []label.Relevance{} }),
		`{"prediction_id":12345678901234567890123,"class":"b"}`:                                               with(func(l *label.Label) { l.PredictionID, l.Class = "12345678901234567890123", "b" }),
		`{"trace_id":"` + traceHex + `","spanId":"` + spanHex + `","class":"b","row":2,"prediction_id":null}`: {TraceID: traceID, SpanID: spanID, Row: 2, Class: "b", Weight: 1},
		`{"model":"m","environment":"prod","key":4711,"label":"b","label_time":"2026-11-22T13:00:00+01:00","prediction_time":1795348800,"weight":20,"source":"s","set":"gold","unknown":[{}]}`: {
			Model: "m", Environment: "prod", Key: "4711", Class: "b", Time: noon, PredictionTime: noon, Weight: 20, Source: "s", Set: "gold",
		},
		// SageMaker's record, as its documentation has it.
		`{"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"a"},"eventVersion":"0"}`:            one,
		`{"groundTruthData":{"data":" \"fraud\"\n","encoding":"CSV"},"eventMetadata":{"eventId":"a"},"eventVersion":"0"}`: fraud,
		`{"groundTruthData":{"data":"ZnJhdWQ=","encoding":"BASE64"},"eventMetadata":{"eventId":"a"},"eventVersion":"0"}`:  fraud,
	} {
		got, s, err := parse(parser(t, label.Options{}), text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		assert.NoError(t, s.End(), text)
	}
}

func TestObjectErrors(t *testing.T) {
	long := strings.Repeat("x", label.MaxText+1)
	for text, want := range map[string]label.Error{
		``:                                   {Reason: label.BadJSON, Message: "not a JSON object"},
		` [1]`:                               {Reason: label.BadJSON, Offset: 1, Message: "not a JSON object"},
		`{"label":1`:                         {Reason: label.BadJSON, Offset: 10, Message: "the JSON ends too early"},
		`{"label":1]`:                        {Reason: label.BadJSON, Offset: 10, Message: "not JSON"},
		`{"label":01}`:                       {Reason: label.BadJSON, Offset: 10, Message: "not JSON"},
		` {"label":1}`:                       {Reason: label.BadLabel, Offset: 1, Message: "names no prediction: there is no prediction_id, no trace_id and no key"},
		`{"key":"a"}`:                        {Reason: label.BadLabel, Message: "has no label: there is no label, no class, no value and no relevance"},
		`{"key":"a","label":""}`:             {Reason: label.BadLabel, Field: "label", Offset: 19, Message: "is empty; null retracts a label"},
		`{"key":"a","label":NaN}`:            {Reason: label.BadLabel, Field: "label", Offset: 19, Message: `"NaN" is no finite number`},
		`{"key":"a","label":[1]}`:            {Reason: label.BadLabel, Field: "label", Offset: 19, Message: "is neither a text nor a number"},
		`{"key":"a","value":"b"}`:            {Reason: label.BadLabel, Field: "value", Offset: 19, Message: `"b" is no finite number`},
		`{"key":"a","value":1e999}`:          {Reason: label.BadLabel, Field: "value", Offset: 19, Message: `"1e999" is no finite number`},
		`{"key":1.5,"value":1}`:              {},
		`{"key":true,"value":1}`:             {Reason: label.BadLabel, Field: "key", Offset: 7, Message: `"true" is no text`},
		`{"key":"` + long + `","value":1}`:   {Reason: label.BadLabel, Field: "key", Offset: 7, Message: "has 513 bytes, at most 512"},
		`{"key":"a","class":"` + long + `"}`: {Reason: label.BadLabel, Field: "class", Offset: 19, Message: "has 513 bytes, at most 512"},
		"{\"key\":\"\xff\",\"label\":1}":     {Reason: label.BadLabel, Field: "key", Offset: 7, Message: `"\xff" is not UTF-8`},

		"{\"key\":\"a\",\"relevance\":[\"\xff\"]}":                                             {Reason: label.BadLabel, Field: "relevance", Offset: 23, Message: `"\xff" is not UTF-8`},
		`{"key":"a","label":1,"actual":2}`:                                                     {Reason: label.BadLabel, Field: "actual", Offset: 30, Message: `was given before, as "label"`},
		`{"key":"a","label":1,"label":null}`:                                                   {Reason: label.BadLabel, Field: "label", Offset: 29, Message: `was given before, as "label"`},
		`{"trace_id":"ab","label":1}`:                                                          {Reason: label.BadLabel, Field: "trace_id", Offset: 12, Message: `"ab" is no id of 32 hexadecimal digits`},
		`{"trace_id":"` + strings.Repeat("0", 32) + `","label":1}`:                             {Reason: label.BadLabel, Field: "trace_id", Offset: 12, Message: `"` + strings.Repeat("0", 32) + `" is no id of 32 hexadecimal digits`},
		`{"span_id":"` + spanHex + `","label":1,"key":"a"}`:                                    {Reason: label.BadLabel, Field: "span_id", Message: "is there without the trace's id"},
		`{"key":"a","label":1,"label_time":"noon"}`:                                            {Reason: label.BadLabel, Field: "label_time", Offset: 34, Message: `"noon" is no time from 1970 to 2261`},
		`{"key":"a","label":1,"label_time":"1969-01-01"}`:                                      {Reason: label.BadLabel, Field: "label_time", Offset: 34, Message: `"1969-01-01" is no time from 1970 to 2261`},
		`{"key":"a","label":1,"weight":-1}`:                                                    {Reason: label.BadLabel, Field: "weight", Offset: 30, Message: `"-1" is no weight: a finite number from 0 on`},
		`{"key":"a","label":1,"row":1.5}`:                                                      {Reason: label.BadLabel, Field: "row", Offset: 27, Message: `"1.5" is no row: 0, 1, 2, …`},
		`{"key":"a","label":1,"retracted":true}`:                                               {Reason: label.BadLabel, Field: "retracted", Message: "is true, and there is a label"},
		`{"key":"a","label":null,"retracted":false}`:                                           {Reason: label.BadLabel, Field: "retracted", Message: "is false, and the label is null, which retracts it"},
		`{"key":"a","label":1,"retracted":"x"}`:                                                {Reason: label.BadLabel, Field: "retracted", Offset: 33, Message: `"x" is neither true nor false`},
		`{"key":"a","relevance":{"a":-1}}`:                                                     {Reason: label.BadLabel, Field: "relevance", Offset: 23, Message: `the gain of "a" is no finite number from 0 on`},
		`{"key":"a","relevance":{"a":[]}}`:                                                     {Reason: label.BadLabel, Field: "relevance", Offset: 23, Message: `the gain of "a" is no finite number from 0 on`},
		`{"key":"a","relevance":["b",[]]}`:                                                     {Reason: label.BadLabel, Field: "relevance", Offset: 23, Message: "an item is neither a text nor a number"},
		`{"key":"a","relevance":"a"}`:                                                          {Reason: label.BadLabel, Field: "relevance", Offset: 23, Message: "is neither an object of items and gains nor a list of items"},
		`{"key":"a","relevance":[` + strings.Repeat(`1,`, label.MaxRelevances) + `1]}`:         {Reason: label.BadLabel, Field: "relevance", Offset: 23, Message: "has more than 1000 items"},
		`{"groundTruthData":{"data":"1,2","encoding":"CSV"},"eventMetadata":{"eventId":"a"}}`:  {Reason: label.BadLabel, Field: "groundTruthData.data", Message: `"1,2" is not one value`},
		`{"groundTruthData":{"data":"1\n2","encoding":"CSV"},"eventMetadata":{"eventId":"a"}}`: {Reason: label.BadLabel, Field: "groundTruthData.data", Message: `"1\n2" is more than one value`},
		`{"groundTruthData":{"data":"?","encoding":"BASE64"},"eventMetadata":{"eventId":"a"}}`: {Reason: label.BadLabel, Field: "groundTruthData.data", Message: `"?" is not BASE64`},
		`{"groundTruthData":{"data":"1","encoding":"PICKLE"},"eventMetadata":{"eventId":"a"}}`: {Reason: label.BadLabel, Field: "groundTruthData.encoding", Message: `"PICKLE" is neither CSV nor BASE64`},
	} {
		_, s, err := parse(parser(t, label.Options{}), text)
		if want == (label.Error{}) { // an id with a point is one, as it was written
			assert.NoError(t, err, text)
			continue
		}
		var got *label.Error
		require.ErrorAs(t, err, &got, text)
		assert.Equal(t, want, *got, text)
		if got.Reason != label.BadJSON {
			assert.NoError(t, s.End(), "%s: the object is passed over", text)
		}
	}
}

func TestOptions(t *testing.T) {
	var unread []string
	p := parser(t, label.Options{
		Columns:  map[string]string{"prediction_id": "order id", "label": "is_fraud", "label_time": "timestamp"},
		Defaults: label.Defaults{Model: "m", Environment: "prod", Source: "sql", Set: "gold"},
		Unread:   func(name string) { unread = append(unread, name) },
	})
	got, _, err := parse(p, `{"order_id":"a","is_fraud":0,"timestamp":"2026-11-22 12:00:00","label":"x","o":{"p":1},"source":"me"}`)
	require.NoError(t, err)
	assert.Equal(t, label.Label{
		PredictionID: "a", Class: "0", HasValue: true, Time: noon, Weight: 1, Model: "m", Environment: "prod", Source: "me", Set: "gold",
	}, got)
	assert.Equal(t, []string{"label", "o.p"}, unread)
	p = parser(t, label.Options{Now: func() time.Time { return noon }})
	_, _, err = parse(p, `{"key":"a","label":1,"label_time":"2026-11-23T12:00:00Z"}`)
	require.NoError(t, err)
	_, _, err = parse(p, `{"key":"a","label":1,"label_time":"2026-11-23T12:00:01Z"}`)
	require.EqualError(t, err, `label_time: "2026-11-23T12:00:01Z" is in the future`)
	for want, columns := range map[string]map[string]string{
		`"lable" is no field of a label: it is none of model, environment, prediction_id, key, trace_id, span_id, row, label, class, value, relevance, retracted, label_time, prediction_time, weight, source, set`: {"lable": "x"},
		`"label" has no column`:                   {"label": ""},
		`column "a-b" is for label and for value`: {"label": "a_b", "value": "a-b"},
	} {
		_, err := label.NewParser(label.Options{Columns: columns})
		assert.EqualError(t, err, want)
	}
}

// rows reads a CSV file.
func rows(t *testing.T, p *label.Parser, text string) (labels []label.Label, errs []error) {
	t.Helper()
	r, err := table.Read(strings.NewReader(text), "labels.csv", table.Options{Format: table.CSV})
	require.NoError(t, err)
	columns, err := p.Columns(r.Columns())
	require.NoError(t, err)
	for {
		cells, err := r.Next(nil)
		if errors.Is(err, io.EOF) {
			return labels, errs
		}
		require.NoError(t, err)
		l, err := columns.Row(cells)
		if err == nil {
			labels = append(labels, l)
		}
		errs = append(errs, err)
	}
}

func TestRow(t *testing.T) {
	labels, errs := rows(t, parser(t, label.Options{}), "prediction_id,prediction_label,label,label_time,weight\n"+
		"a,x,1.0,2026-11-22 12:00:00,2\n"+
		"b,x,,,\n"+
		"c,x,NULL,,\n"+
		"d,x,007,1795348800000,\n"+
		"e,x,1,never,\n"+
		",x,1,,\n")
	assert.Equal(t, []label.Label{
		{PredictionID: "a", Class: "1", Value: 1, HasValue: true, Time: noon, Weight: 2},
		{PredictionID: "d", Class: "007", Value: 7, HasValue: true, Time: noon, Weight: 1},
	}, labels)
	empty := &label.Error{Reason: label.Unlabelled, Message: "the label is empty"}
	assert.Equal(t, []error{
		nil, empty, empty, nil,
		&label.Error{Reason: label.BadLabel, Field: "label_time", Message: `"never" is no time from 1970 to 2261`},
		&label.Error{Reason: label.BadLabel, Message: "names no prediction: there is no prediction_id, no trace_id and no key"},
	}, errs)
	labels, errs = rows(t, parser(t, label.Options{}), "trace_id,class,retracted\n"+traceHex+",,t\n"+traceHex+",b,0\n")
	assert.Equal(t, []label.Label{{TraceID: traceID, Retracted: true, Weight: 1}, {TraceID: traceID, Class: "b", Weight: 1}}, labels)
	assert.Equal(t, []error{nil, nil}, errs)
}

func TestRowOfTypedCells(t *testing.T) {
	columns, err := parser(t, label.Options{}).Columns([]string{"key", "label", "label_time"})
	require.NoError(t, err)
	l, err := columns.Row([]table.Cell{{Kind: table.Number, Float: 17}, {Kind: table.Number, Float: 2.5}, {Kind: table.Time, Time: noon}})
	require.NoError(t, err)
	assert.Equal(t, label.Label{Key: "17", Class: "2.5", Value: 2.5, HasValue: true, Time: noon, Weight: 1}, l)
	for want, cells := range map[string][]table.Cell{
		"the label is empty": {{Kind: table.Integer, Int: 1}, {Kind: table.Number, Float: math.NaN()}, {}},
		`key: "17.5" is a number with a fraction or more digits than it can have; write it as a text`: {{Kind: table.Number, Float: 17.5}, {Kind: table.Integer}, {}},
		`label: "(bytes)" is neither a class nor a number`:                                            {{Kind: table.Integer}, {Kind: table.Bytes}, {}},
		`label: is no finite number`:                                                                  {{Kind: table.Integer}, {Kind: table.Number, Float: math.Inf(1)}, {}},
	} {
		_, err := columns.Row(cells)
		assert.EqualError(t, err, want)
	}
}

func TestColumnsErrors(t *testing.T) {
	for want, names := range map[string][]string{
		`no column names predictions: there is no prediction_id, no trace_id and no key among "id, label"`:       {"id", "label"},
		`no column has labels: there is no label, no class and no value among "prediction_id, prediction_label"`: {"prediction_id", "prediction_label"},
		`actual: is the same field as the column "label"`:                                                        {"key", "label", "actual"},
	} {
		_, err := parser(t, label.Options{}).Columns(names)
		assert.EqualError(t, err, want)
	}
}

// full has every field that can be there beside the others.
var full = label.Label{
	Model: "m", Environment: "prod", PredictionID: "a", Key: "k", TraceID: traceID, SpanID: spanID, Row: 3,
	Class: "b", Value: -2.5, HasValue: true, Relevances: []label.Relevance{{Item: "x", Gain: 2}},
	Time: noon, PredictionTime: noon.Add(-time.Hour), Weight: 0, Source: "s", Set: "gold",
}

func TestRecordReadsWhatWasEncoded(t *testing.T) {
	for _, want := range []label.Label{
		full,
		{PredictionID: "a", Retracted: true, Weight: 1},
		{TraceID: traceID, Class: "b", Weight: 1},
		{Key: "k", Relevances: []label.Relevance{}, Weight: 1, Time: noon},
	} {
		lr := plog.NewLogRecord()
		want.Encode(lr)
		got, ok, err := parser(t, label.Options{Unread: func(name string) { t.Error(name) }}).Record(lr)
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
}

// Records of other SDKs: without a field for the event's name, with a body, with short names.
func TestRecordOfAnySDK(t *testing.T) {
	var unread []string
	p := parser(t, label.Options{Unread: func(name string) { unread = append(unread, name) }})
	lr := plog.NewLogRecord()
	_, ok, err := p.Record(lr)
	assert.False(t, ok)
	require.NoError(t, err)

	lr.Attributes().PutStr("event.name", "ml.ground_truth")
	lr.Attributes().PutStr("code.file.path", "x.py")
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(noon))
	lr.SetSpanID(spanID) // without a trace
	body := lr.Body().SetEmptyMap()
	body.PutStr("prediction_id", "a")
	body.PutInt("label", 1)
	body.PutEmptyMap("relevance").PutInt("x", 2)
	l, ok, err := p.Record(lr)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, label.Label{
		PredictionID: "a", Class: "1", Value: 1, HasValue: true, Weight: 1, Time: noon, Relevances: []label.Relevance{{Item: "x", Gain: 2}},
	}, l)
	assert.Equal(t, []string{"code.file.path"}, unread)

	body.PutEmpty("label")
	body.Remove("relevance")
	lr.SetTimestamp(pcommon.NewTimestampFromTime(noon.Add(time.Hour)))
	l, _, err = p.Record(lr)
	require.NoError(t, err)
	assert.Equal(t, label.Label{PredictionID: "a", Retracted: true, Weight: 1, Time: noon.Add(time.Hour)}, l)

	body.PutEmptySlice("relevance").AppendEmpty().SetStr("y")
	body.PutStr("label_time", "2026-11-22T12:00:00Z")
	l, _, err = p.Record(lr)
	require.NoError(t, err)
	assert.Equal(t, []label.Relevance{{Item: "y", Gain: 1}}, l.Relevances)
	assert.Equal(t, noon, l.Time)

	lr.SetEventName("other")
	_, ok, err = p.Record(lr)
	assert.False(t, ok, "the field is the event's name")
	require.NoError(t, err)
}

func TestRecordErrors(t *testing.T) {
	for want, change := range map[string]func(lr plog.LogRecord){
		"names no prediction: there is no prediction_id, no trace_id and no key": func(lr plog.LogRecord) { lr.Attributes().Remove("key") },
		`value: "(bytes)" is no finite number`:                                   func(lr plog.LogRecord) { lr.Attributes().PutDouble("value", math.NaN()) },
		`relevance: the gain of "x" is no finite number from 0 on`:               func(lr plog.LogRecord) { lr.Attributes().PutEmptyMap("relevance").PutStr("x", "y") },
		"relevance: an item has 0 bytes, from 1 to 512":                          func(lr plog.LogRecord) { lr.Attributes().PutEmptySlice("relevance").AppendEmpty() },
		"relevance: an item is neither a text nor a number":                      func(lr plog.LogRecord) { lr.Attributes().PutEmptySlice("relevance").AppendEmpty().SetEmptyMap() },
		`Timestamp: is no time from 1970 to 2261`:                                func(lr plog.LogRecord) { lr.SetTimestamp(math.MaxUint64) },
		`key: was given before, as "key"`:                                        func(lr plog.LogRecord) { lr.Body().SetEmptyMap().PutStr("key", "b") },
	} {
		lr := plog.NewLogRecord()
		lr.SetEventName("ml.ground_truth")
		lr.Attributes().PutStr("key", "k")
		lr.Attributes().PutInt("label", 1)
		change(lr)
		_, ok, err := parser(t, label.Options{}).Record(lr)
		assert.True(t, ok)
		assert.EqualError(t, err, want)
	}
}

// FuzzObject: whatever the text, there is a label that its record gives back, or an error with a
// place in the text.
func FuzzObject(f *testing.F) {
	f.Add(`{"prediction_id":"a","label":1,"label_time":"2026-11-22"}`)
	f.Add(`{"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"a"},"eventVersion":"0"}`)
	f.Add(`{"key":"a","relevance":{"x":[1,{"y":NaN}]}}`)
	f.Add(`{"trace_id":"` + traceHex + `","label":null`)
	f.Fuzz(func(t *testing.T, text string) {
		p := parser(t, label.Options{})
		l, s, err := parse(p, text)
		if err != nil {
			var wrong *label.Error
			require.ErrorAs(t, err, &wrong)
			require.LessOrEqual(t, wrong.Offset, len(text))
			require.NotEmpty(t, wrong.Message)
			return
		}
		require.NoError(t, jsonEnds(s, text))
		lr := plog.NewLogRecord()
		l.Encode(lr)
		again, ok, err := p.Record(lr)
		require.NoError(t, err)
		require.True(t, ok)
		if l.HasValue {
			require.Equal(t, math.Float64bits(l.Value), math.Float64bits(again.Value))
		}
		require.Equal(t, l, again)
	})
}

// jsonEnds checks that an object ends where the scanner stands.
func jsonEnds(s *jsonscan.Scanner, text string) error {
	whole := jsonscan.New(text[:s.Offset()])
	if err := whole.Skip(); err != nil {
		return err
	}
	return whole.End()
}

// TestObjectInLatin1: what would be read as another class, or another id, is refused.
func TestObjectInLatin1(t *testing.T) {
	p := parser(t, label.Options{})
	for _, text := range []string{
		"{\"prediction_id\":\"p\",\"label\":\"M\xfcnchen\"}", "{\"prediction_id\":\"p\xfc\",\"label\":\"ok\"}", "{\"prediction_id\":\"p\",\"relevance\":[\"\xfc\"]}",
	} {
		_, err := p.Line(text)
		var wrong *label.Error
		require.ErrorAs(t, err, &wrong, text)
		assert.Equal(t, label.BadLabel, wrong.Reason)
		assert.Contains(t, wrong.Message, "is not UTF-8")
	}
}
