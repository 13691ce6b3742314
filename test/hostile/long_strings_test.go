//go:build hostile

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

const (
	longBytes = 1 << 20
	// stride is how far the marks in a long string are apart.
	stride = 16
)

// longStrings makes strings of a megabyte, each with a mark of its own, and knows them again.
type longStrings struct {
	of     []string // what the string with each mark was of
	random *rand.Rand
}

func newLongStrings() *longStrings { return &longStrings{random: rand.New(rand.NewPCG(1, 2))} }

// next is a string of which nothing else has as much as a mark.
func (l *longStrings) next(of string) string {
	mark := fmt.Sprintf("~%05d", len(l.of))
	l.of = append(l.of, of)
	var b strings.Builder
	b.Grow(longBytes)
	for b.Len() < longBytes {
		b.WriteString(mark)
		for range stride - len(mark) {
			b.WriteByte(byte('a' + l.random.IntN(26)))
		}
	}
	return b.String()
}

var markPattern = regexp.MustCompile(`~\d{5}`)

// longest returns for each string that is in a text the longest part of it.
func (l *longStrings) longest(text []byte) map[string]int {
	found := map[string]int{}
	for at := 0; ; {
		m := markPattern.FindIndex(text[at:])
		if m == nil {
			return found
		}
		begin := at + m[0]
		mark := text[begin : begin+6]
		end := begin + stride
		for end+6 <= len(text) && bytes.Equal(text[end:end+6], mark) {
			end += stride
		}
		var n int
		_, _ = fmt.Sscanf(string(mark), "~%d", &n)
		if n < len(l.of) {
			found[l.of[n]] = max(found[l.of[n]], end-begin)
		}
		at = min(end, len(text))
	}
}

// kept returns for each string that is in a folder the longest part of it.
func (l *longStrings) kept(dir string) map[string]int {
	all := map[string]int{}
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for of, n := range l.longest(content) {
			of = filepath.Base(path) + ": " + of
			all[of] = max(all[of], n)
		}
		return nil
	})
	return all
}

func beyond(all map[string]int, bound int) []string {
	var list []string
	for of, n := range all {
		if n > bound {
			list = append(list, fmt.Sprintf("%d bytes of %s", n, of))
		}
	}
	slices.Sort(list)
	return list
}

func (s *site) sendLogs(ld plog.Logs) {
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	require.NoError(s.t, err)
	s.postAgain("http://"+s.otlpHTTP+"/v1/logs", "application/x-protobuf", body)
}

func (s *site) sendMetrics(md pmetric.Metrics) {
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	require.NoError(s.t, err)
	s.postAgain("http://"+s.otlpHTTP+"/v1/metrics", "application/x-protobuf", body)
}

func (s *site) postAgain(url, contentType string, body []byte) (code int) {
	for begun := time.Now(); ; <-time.After(50 * time.Millisecond) {
		code, _ := s.post(url, contentType, body)
		if code/100 == 2 || code == 400 || time.Since(begun) > patience {
			return code
		}
	}
}

func prediction(span ptrace.Span) {
	span.Attributes().PutStr(mlconv.AttrModelName, "m")
	span.Attributes().PutStr(mlconv.AttrPredictionClass, "ok")
}

func call(span ptrace.Span) {
	span.Attributes().PutStr(mlconv.AttrGenAIOperation, "chat")
	span.Attributes().PutStr("gen_ai.provider.name", "openai")
	span.Attributes().PutStr("gen_ai.request.model", "gpt")
	span.Attributes().PutInt(mlconv.AttrGenAIInputTokens, 7)
	span.Attributes().PutInt(mlconv.AttrGenAIOutputTokens, 7)
}

func stage(resource pcommon.Resource, span ptrace.Span) {
	resource.Attributes().PutStr(mlconv.AttrPipelineName, "j")
	resource.Attributes().PutStr(mlconv.AttrPipelineRunID, fmt.Sprint("r", madeUp.Add(1)))
	span.Attributes().PutStr(mlconv.AttrTaskName, "train")
	span.Attributes().PutStr(mlconv.AttrTaskRunResult, "failure")
	span.Status().SetCode(ptrace.StatusCodeError)
	event := span.Events().AppendEmpty()
	event.SetName("exception")
	event.Attributes().PutStr("exception.type", "E")
	event.Attributes().PutStr("exception.message", "m")
}

// place is where an attribute may be.
type place struct {
	name string
	play func(s *site, key, long string)
}

func spanPlace(name string, set func(resource pcommon.Resource, span ptrace.Span, key, long string)) place {
	return place{name, func(s *site, key, long string) {
		s.send(spansOf(1, func(_ int, resource pcommon.Resource, span ptrace.Span) { set(resource, span, key, long) })...)
	}}
}

var places = []place{
	spanPlace("prediction", func(_ pcommon.Resource, span ptrace.Span, key, long string) {
		prediction(span)
		span.Attributes().PutStr(key, long)
	}),
	spanPlace("prediction's resource", func(resource pcommon.Resource, span ptrace.Span, key, long string) {
		prediction(span)
		span.Attributes().Remove(key)
		resource.Attributes().PutStr(key, long)
	}),
	spanPlace("call", func(_ pcommon.Resource, span ptrace.Span, key, long string) {
		call(span)
		span.Attributes().PutStr(key, long)
	}),
	spanPlace("stage", func(resource pcommon.Resource, span ptrace.Span, key, long string) {
		stage(resource, span)
		span.Attributes().PutStr(key, long)
	}),
	spanPlace("stage's resource", func(resource pcommon.Resource, span ptrace.Span, key, long string) {
		stage(resource, span)
		span.Attributes().Remove(key)
		resource.Attributes().PutStr(key, long)
	}),
	spanPlace("event of a stage", func(resource pcommon.Resource, span ptrace.Span, key, long string) {
		stage(resource, span)
		span.Events().At(0).Attributes().PutStr(key, long)
	}),
	{"label", func(s *site, key, long string) {
		ld := plog.NewLogs()
		record := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.SetEventName(mlconv.EventGroundTruth)
		record.Attributes().PutStr(mlconv.AttrPredictionID, fmt.Sprint("p", madeUp.Add(1)))
		record.Attributes().PutStr(mlconv.AttrLabelClass, "ok")
		record.Attributes().PutStr(key, long)
		s.sendLogs(ld)
	}},
	{"evaluation", func(s *site, key, long string) {
		ld := plog.NewLogs()
		record := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.SetEventName("gen_ai.evaluation.result")
		record.Attributes().PutStr("gen_ai.evaluation.name", "relevance")
		record.Attributes().PutDouble("gen_ai.evaluation.score.value", 1)
		record.Attributes().PutStr("gen_ai.response.id", fmt.Sprint("p", madeUp.Add(1)))
		record.Attributes().PutStr(mlconv.AttrModelName, "m")
		record.Attributes().PutStr(key, long)
		s.sendLogs(ld)
	}},
	{"metric", func(s *site, key, long string) {
		md := pmetric.NewMetrics()
		m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("app.gauge")
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		p.SetDoubleValue(1)
		p.Attributes().PutStr(key, long)
		s.sendMetrics(md)
	}},
}

// longPlay puts one long string in one place.
type longPlay struct {
	of   string
	play func(s *site, long string)
}

// plays are all of them: each attribute of the vocabulary, and each prefix with a long name behind
// it, in each place; each attribute of each dialect's own examples; and what is no attribute.
func plays(t *testing.T) (all []longPlay) {
	add := func(of string, play func(s *site, long string)) { all = append(all, longPlay{of, play}) }
	for _, p := range places {
		for _, n := range mlconv.Attributes() {
			switch {
			case n.Kind == mlconv.Event:
			case strings.HasSuffix(n.Name, "."):
				add(p.name+": "+n.Name+"*", func(s *site, long string) { p.play(s, n.Name+long, "x") })
				add(p.name+": "+n.Name+"x", func(s *site, long string) { p.play(s, n.Name+"x", long) })
			default:
				add(p.name+": "+n.Name, func(s *site, long string) { p.play(s, n.Name, long) })
			}
		}
		add(p.name+": a key", func(s *site, long string) { p.play(s, long, "x") })
	}
	files, err := filepath.Glob(filepath.Join(processtest.RepoRoot(t), "processor/mlnormalizeprocessor/internal/dialect/testdata/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		all = append(all, dialectPlays(t, file)...)
	}
	for name, set := range fields {
		add("field: "+name, func(s *site, long string) {
			s.send(spansOf(1, func(_ int, resource pcommon.Resource, span ptrace.Span) { set(resource, span, long) })...)
		})
	}
	for name, record := range records {
		add("record: "+name, func(s *site, long string) {
			ld := plog.NewLogs()
			record(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty(), long)
			s.sendLogs(ld)
		})
	}
	for name, set := range metricFields {
		add("metric: "+name, func(s *site, long string) {
			md := pmetric.NewMetrics()
			rm := md.ResourceMetrics().AppendEmpty()
			m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
			m.SetName("app.gauge")
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			p.SetDoubleValue(1)
			set(rm, m, p, long)
			s.sendMetrics(md)
		})
	}
	for _, key := range []string{"prediction_id", "label", "label_time", "source", "set", "key", "model", "weight", "relevance", "x"} {
		add("HTTP: "+key, func(s *site, long string) {
			line := map[string]any{"prediction_id": fmt.Sprint("h", madeUp.Add(1)), "label": "ok"}
			line[key] = long
			body, err := json.Marshal(line)
			require.NoError(s.t, err)
			s.postAgain("http://"+s.labels+"/v1/ground-truth", "application/x-ndjson", body)
		})
	}
	slices.SortStableFunc(all, func(a, b longPlay) int { return cmp.Compare(a.of, b.of) }) // maps have no order
	return all
}

// dialectPlays are those of the examples of a dialect.
func dialectPlays(t *testing.T, file string) (all []longPlay) {
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var examples []struct {
		Resource, Attributes map[string]any
		Scope, Span          string
		Events               []struct {
			Name       string
			Attributes map[string]any
		}
	}
	content = bytes.ReplaceAll(content, []byte(traffic.Model), []byte("example")) // the healthy model's totals are exact
	require.NoError(t, yaml.Unmarshal(content, &examples))
	seen := map[string]bool{}
	for _, e := range examples {
		for _, key := range slices.Sorted(maps.Keys(e.Attributes)) {
			if seen[key] {
				continue
			}
			seen[key] = true
			all = append(all, longPlay{"dialect " + filepath.Base(file) + ": " + key, func(s *site, long string) {
				s.send(spansOf(1, func(_ int, resource pcommon.Resource, span ptrace.Span) {
					_ = resource.Attributes().FromRaw(e.Resource)
					_ = span.Attributes().FromRaw(e.Attributes)
					span.SetName(cmp.Or(e.Span, "span"))
					for _, event := range e.Events {
						added := span.Events().AppendEmpty()
						added.SetName(event.Name)
						_ = added.Attributes().FromRaw(event.Attributes)
					}
					span.Attributes().PutStr(key, long)
				})...)
			}})
		}
	}
	return all
}

// fields are what a span has beside plain attributes.
var fields = map[string]func(resource pcommon.Resource, span ptrace.Span, long string){
	"name of a prediction": func(_ pcommon.Resource, span ptrace.Span, long string) { prediction(span); span.SetName(long) },
	"name of a stage": func(resource pcommon.Resource, span ptrace.Span, long string) {
		stage(resource, span)
		span.SetName(long)
	},
	"name of a stage without another": func(resource pcommon.Resource, span ptrace.Span, long string) {
		stage(resource, span)
		span.Attributes().Remove(mlconv.AttrTaskName)
		span.SetName(long)
	},
	"status message": func(resource pcommon.Resource, span ptrace.Span, long string) {
		stage(resource, span)
		span.Events().RemoveIf(func(ptrace.SpanEvent) bool { return true })
		span.Status().SetMessage(long)
	},
	"event name": func(resource pcommon.Resource, span ptrace.Span, long string) {
		stage(resource, span)
		span.Events().At(0).SetName(long)
	},
	"tracestate": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.TraceState().FromRaw(long)
	},
	"sampled tracestate": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.TraceState().FromRaw("ot=th:8;x:" + long)
	},
	"tracestate of a link": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Links().AppendEmpty().TraceState().FromRaw(long)
	},
	"attribute of a link": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Links().AppendEmpty().Attributes().PutStr("x", long)
	},
	"name in ml.features": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Attributes().PutEmptyMap(mlconv.AttrFeatures).PutInt(long, 1)
	},
	"value in ml.features": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Attributes().PutEmptyMap(mlconv.AttrFeatures).PutStr("x", long)
	},
	"name in JSON": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Attributes().PutStr(mlconv.AttrFeatures, `{"`+long+`":1}`)
	},
	"value in JSON": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Attributes().PutStr(mlconv.AttrFeatures, `{"x":"`+long+`"}`)
	},
	"class in the scores": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Attributes().PutEmptyMap(mlconv.AttrPredictionScores).PutDouble(long, 0.5)
	},
	"item of a ranking": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Attributes().PutEmptySlice(mlconv.AttrPredictionRanking).AppendEmpty().SetStr(long)
	},
	"id of a check": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		span.Attributes().PutInt(mlconv.AttrContractViolations, 1)
		span.Attributes().PutEmptySlice(mlconv.AttrContractViolated).AppendEmpty().SetStr(long)
	},
	"a million keys": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		var b strings.Builder
		for i := range 200_000 {
			fmt.Fprintf(&b, `"%s%d":1,`, long[:6], i)
		}
		span.Attributes().PutStr(mlconv.AttrFeatures, `{`+b.String()+`"x":1}`)
	},
	"a million scores": func(_ pcommon.Resource, span ptrace.Span, long string) {
		prediction(span)
		var b strings.Builder
		for i := range 200_000 {
			fmt.Fprintf(&b, `"%s%d":0,`, long[:6], i)
		}
		span.Attributes().PutStr(mlconv.AttrPredictionScores, `{`+b.String()+`"x":1}`)
	},
	"deep JSON": func(_ pcommon.Resource, span ptrace.Span, _ string) {
		prediction(span)
		span.Attributes().PutStr(mlconv.AttrFeatures, strings.Repeat(`{"a":`, longBytes/5))
	},
	"deep messages": func(_ pcommon.Resource, span ptrace.Span, _ string) {
		call(span)
		span.Attributes().PutStr("gen_ai.input.messages", strings.Repeat(`[`, longBytes))
	},
	"a JSON text in messages": func(_ pcommon.Resource, span ptrace.Span, long string) {
		call(span)
		span.Attributes().PutStr("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"`+long+`"}]}]`)
	},
	"label of an evaluation": func(_ pcommon.Resource, span ptrace.Span, long string) {
		judged(span).PutStr("gen_ai.evaluation.score.label", long)
	},
	"name of an evaluation": func(_ pcommon.Resource, span ptrace.Span, long string) {
		judged(span).PutStr("gen_ai.evaluation.name", long)
	},
	"explanation of an evaluation": func(_ pcommon.Resource, span ptrace.Span, long string) {
		judged(span).PutStr("gen_ai.evaluation.explanation", long)
	},
}

// judged is the attributes of an evaluation of a call.
func judged(span ptrace.Span) pcommon.Map {
	call(span)
	event := span.Events().AppendEmpty()
	event.SetName("gen_ai.evaluation.result")
	event.Attributes().PutStr("gen_ai.evaluation.name", "relevance")
	event.Attributes().PutDouble("gen_ai.evaluation.score.value", 1)
	return event.Attributes()
}

// records are what a log record has beside plain attributes.
var records = map[string]func(record plog.LogRecord, long string){
	"body": func(record plog.LogRecord, long string) {
		record.SetEventName(mlconv.EventGroundTruth)
		record.Body().SetStr(long)
	},
	"event name": func(record plog.LogRecord, long string) { record.SetEventName(long) },
	"severity": func(record plog.LogRecord, long string) {
		record.SetEventName(mlconv.EventGroundTruth)
		record.SetSeverityText(long)
	},
	"item of the relevance": func(record plog.LogRecord, long string) {
		record.SetEventName(mlconv.EventGroundTruth)
		record.Attributes().PutStr(mlconv.AttrPredictionID, "r")
		record.Attributes().PutEmptyMap(mlconv.AttrLabelRelevance).PutInt(long, 1)
	},
}

// metricFields are what an application's metric has beside plain attributes.
var metricFields = map[string]func(rm pmetric.ResourceMetrics, m pmetric.Metric, p pmetric.NumberDataPoint, long string){
	"name": func(_ pmetric.ResourceMetrics, m pmetric.Metric, _ pmetric.NumberDataPoint, long string) {
		m.SetName(long)
	},
	"unit": func(_ pmetric.ResourceMetrics, m pmetric.Metric, _ pmetric.NumberDataPoint, long string) {
		m.SetUnit(long)
	},
	"description": func(_ pmetric.ResourceMetrics, m pmetric.Metric, _ pmetric.NumberDataPoint, long string) {
		m.SetDescription(long)
	},
	"service": func(rm pmetric.ResourceMetrics, _ pmetric.Metric, _ pmetric.NumberDataPoint, long string) {
		rm.Resource().Attributes().PutStr("service.name", long)
	},
	"resource": func(rm pmetric.ResourceMetrics, _ pmetric.Metric, _ pmetric.NumberDataPoint, long string) {
		rm.Resource().Attributes().PutStr("x", long)
	},
	"scope": func(rm pmetric.ResourceMetrics, _ pmetric.Metric, _ pmetric.NumberDataPoint, long string) {
		rm.ScopeMetrics().At(0).Scope().SetName(long)
	},
	"exemplar": func(_ pmetric.ResourceMetrics, _ pmetric.Metric, p pmetric.NumberDataPoint, long string) {
		e := p.Exemplars().AppendEmpty()
		e.SetDoubleValue(1)
		e.SetTimestamp(p.Timestamp())
		e.FilteredAttributes().PutStr("x", long)
	},
}

const (
	// longestKept is the most bytes of a long string that may be in the state, in what is scraped and
	// in an alert: those of a message of an exception.
	longestKept = 1100
	// mostKept is the most that is kept for the next start, in bytes.
	mostKept = 48 << 20
)

// every is one in how many strings are played.
var every = flag.Int("every", 16, "one in so many of the long strings is played; 1 plays all 2,600 of them")

// A string of a megabyte costs its span, and nothing that stays: neither memory, nor the state, nor
// what is scraped, nor an alert, wherever it is put.
func TestLongStrings(t *testing.T) {
	l := newLongStrings()
	s := newSite(t)
	s.under(attack{"long strings", func(t *testing.T, s *site) {
		kind, peak, begun := "", s.peak(), time.Now()
		for i, p := range plays(t) {
			if i%*every != 0 {
				continue
			}
			if k, _, _ := strings.Cut(p.of, ":"); k != kind {
				t.Logf("%s: %d to %d MB, %v, %d strings", kind, peak>>20, s.peak()>>20, time.Since(begun).Round(time.Millisecond), len(l.of))
				kind, peak, begun = k, s.peak(), time.Now()
			}
			p.play(s, l.next(p.of))
		}
		page := s.page()
		assert.Less(t, len(page), 16<<20, "what is scraped")
		assert.Empty(t, beyond(l.longest([]byte(page)), longestKept), "what is scraped")
		_, own := processtest.Get("http://" + s.Metrics + "/metrics")
		assert.Empty(t, beyond(l.longest([]byte(own)), longestKept), "the collector's own metrics")
	}})
	kept := l.kept(filepath.Join(s.Dir, "state", "storage"))
	maps.Copy(kept, l.kept(filepath.Join(s.Dir, "state", "tsdb")))
	alerts, err := filepath.Glob(filepath.Join(s.Dir, "state", "alerts*"))
	require.NoError(t, err)
	for _, file := range alerts {
		maps.Copy(kept, l.kept(file))
	}
	assert.Empty(t, beyond(kept, longestKept), "what is kept")
	assert.Empty(t, beyond(l.longest([]byte(s.log())), longestKept), "the log")
	assert.Less(t, s.stateBytes(), int64(mostKept))
	t.Logf("%d strings, %d bytes are kept", len(l.of), s.stateBytes())
	t.Log(strings.Join(beyond(kept, 256), "\n"))
}
