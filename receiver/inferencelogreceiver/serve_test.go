// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
)

func TestPairInEitherOrder(t *testing.T) {
	for _, events := range [][]message{{request("a"), response("a")}, {response("a"), request("a")}} {
		next := &sink{}
		r := offline(t, config(), next, nil)
		for _, e := range events {
			assert.Equal(t, http.StatusOK, r.post(t, e).Code)
			assert.Equal(t, http.StatusOK, r.post(t, e).Code, "delivered twice")
		}
		require.NoError(t, r.Shutdown(t.Context()))
		require.Equal(t, []string{"a pair"}, next.names())
		span := next.spans()[0]
		assert.Equal(t, "predict fraud", span.Name())
		assert.Equal(t, ptrace.SpanKindServer, span.Kind())
		assert.True(t, span.StartTimestamp().AsTime().Equal(eventTime))
		assert.Equal(t, 5*time.Millisecond, span.EndTimestamp().AsTime().Sub(span.StartTimestamp().AsTime()))
	}
}

// What identifies a call: an id in one service says nothing of another's.
func TestCallsAreKeptApart(t *testing.T) {
	for _, header := range []string{"Ce-Namespace", "Ce-Inferenceservicename", "Ce-Endpoint", "Ce-Modelid"} {
		next := &sink{}
		r := offline(t, config(), next, nil)
		r.post(t, request("a"))
		r.post(t, response("a").with(header, "other"))
		require.NoError(t, r.Shutdown(t.Context()))
		assert.ElementsMatch(t, []string{"a no response", "a no request"}, next.names(), header)
	}
}

func TestSeldon(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.ModelName = []string{"modelid", "inferenceservicename"} }), next, nil)
	seldon := func(kind, id, body string) message {
		m := kserve(id, kind, body)
		return m.with("Ce-Type", "io.seldon.serving.inference."+kind, "Ce-Component", "", "Ce-Requestid", "r1", "Ce-Modelid", "classifier", "Ce-Endpoint", "canary")
	}
	assert.Equal(t, http.StatusOK, r.post(t, seldon("request", "1", `{"data":{"names":["f0","f1"],"ndarray":[[0.77,0.63]]}}`)).Code)
	assert.Equal(t, http.StatusOK, r.post(t, seldon("response", "2", `{"data":{"names":["proba"],"ndarray":[[0.098]]},"meta":{}}`)).Code)
	older := seldon("request", "3", `{"data":{"ndarray":[[1]]}}`).with("Ce-Specversion", "0.3", "Ce-Modelid", "NOTIMPLEMENTED", "Ce-Requestid", "r2")
	assert.Equal(t, http.StatusOK, r.post(t, older).Code)
	require.NoError(t, r.Shutdown(t.Context()))
	require.Equal(t, []string{"r1 pair", "r2 no response"}, next.names())
	attrs := next.spans()[0].Attributes().AsRaw()
	assert.Equal(t, "classifier", attrs["ml.model.name"])
	assert.Equal(t, "canary", attrs["ml.model.role"])
	assert.Equal(t, 0.77, attrs["ml.feature.f0"])
	assert.Equal(t, 0.098, attrs["ml.prediction.value"])
	attrs = next.spans()[1].Attributes().AsRaw()
	assert.Equal(t, "fraud", attrs["ml.model.name"], "NOTIMPLEMENTED is no name")
}

func TestModelAndResource(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) {
		c.Environment = "production"
		c.ModelVersion = []string{"modelversion", "metadata.X-Model-Version", "annotations.version"}
		c.Models = map[string]ModelConfig{"fraud": {Version: "1", Features: []string{"a", "b"}, Classes: []string{"no", "yes"}}}
	}), next, nil)
	v2 := kserve("d", "response", `{"model_name":"m","model_version":"4","outputs":[{"name":"p","shape":[1],"datatype":"INT64","data":[1]}]}`)
	for _, e := range []message{
		request("a").with("Ce-Metadata", `{"X-Model-Version":["2"]}`), response("a"),
		request("b").with("Ce-Annotations", `{"version":"3"}`, "Ce-Metadata", "{"), response("b"),
		request("c"), response("c").with("Ce-Modelversion", "5"),
		request("d"), v2,
		request("e"), response("e"),
		request("f").with("Ce-Namespace", "", "Ce-Inferenceservicename", "", "Ce-Modelid", "other"),
	} {
		require.Equal(t, http.StatusOK, r.post(t, e).Code)
	}
	require.NoError(t, r.Shutdown(t.Context()))
	var versions []any
	for _, s := range next.spans() {
		versions = append(versions, s.Attributes().AsRaw()["ml.model.version"])
	}
	assert.Equal(t, []any{"2", "3", "5", "4", "1", nil}, versions)
	attrs := next.spans()[4].Attributes().AsRaw()
	assert.Equal(t, int64(1), attrs["ml.feature.a"])
	assert.Equal(t, "yes", attrs["ml.prediction.class"])
	first, last := next.AllTraces()[0], next.AllTraces()[5]
	assert.Equal(t, map[string]any{"service.name": "fraud", "k8s.namespace.name": "prod", "deployment.environment.name": "production"}, first.ResourceSpans().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{"service.name": "other", "deployment.environment.name": "production"}, last.ResourceSpans().At(0).Resource().Attributes().AsRaw())
}

func TestIDs(t *testing.T) {
	run := func(events ...message) ptrace.Span {
		next := &sink{}
		r := offline(t, config(), next, nil)
		for _, e := range events {
			require.Equal(t, http.StatusOK, r.post(t, e).Code)
		}
		require.NoError(t, r.Shutdown(t.Context()))
		require.Len(t, next.spans(), 1)
		return next.spans()[0]
	}
	pair := run(request("a"), response("a"))
	again := run(response("a"), request("a"))
	assert.Equal(t, pair.TraceID(), again.TraceID())
	assert.Equal(t, pair.SpanID(), again.SpanID())
	assert.False(t, pair.TraceID().IsEmpty())
	assert.False(t, pair.SpanID().IsEmpty())
	alone := run(request("a"))
	assert.Equal(t, pair.SpanID(), alone.SpanID(), "the request without its response is the same call")
	late := run(response("a"))
	assert.NotEqual(t, pair.SpanID(), late.SpanID(), "but a response of its own is another span")
	other := run(request("a").with("Ce-Time", eventTime.Add(time.Hour).Format(time.RFC3339)))
	assert.NotEqual(t, pair.TraceID(), other.TraceID(), "an id that is used again")
	timeless := run(request("a").with("Ce-Time", ""))
	assert.Equal(t, timeless.SpanID(), run(request("a").with("Ce-Time", "")).SpanID())
	assert.WithinDuration(t, time.Now(), timeless.StartTimestamp().AsTime(), time.Minute)

	const parent = "00-90bdf848647d50283394155d2df58f19-84dacdfdf07cadfc-"
	unsampled := run(request("a").with("Ce-Traceparent", parent+"00"))
	assert.Equal(t, "90bdf848647d50283394155d2df58f19", unsampled.TraceID().String())
	assert.True(t, unsampled.ParentSpanID().IsEmpty(), "nobody has recorded the parent")
	assert.Equal(t, "84dacdfdf07cadfc", run(request("a").with("Ce-Traceparent", parent+"01")).ParentSpanID().String())
	for _, bad := range []string{"x", parent, strings.Replace(parent, "9", "x", 1) + "01", strings.Replace(parent, "-84", "-xx", 1) + "01", parent + "xx"} {
		span := run(request("a").with("Ce-Traceparent", bad))
		assert.False(t, span.TraceID().IsEmpty())
		assert.True(t, span.ParentSpanID().IsEmpty(), bad)
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		response      message
		kind, message string
	}{
		"body":   {kserve("a", "response", `{"error":"no such model"}`), "_OTHER", "no such model"},
		"code":   {kserve("a", "response", `{"status":{"code":500,"info":"boom","status":"FAILURE"}}`), "500", "boom"},
		"status": {kserve("a", "response", `Internal Server Error`).with("Ce-Statuscode", "503"), "503", ""},
	} {
		next := &sink{}
		r := offline(t, config(), next, nil)
		require.Equal(t, http.StatusOK, r.post(t, request("a")).Code, name)
		require.Equal(t, http.StatusOK, r.post(t, c.response).Code, name)
		require.NoError(t, r.Shutdown(t.Context()))
		require.Equal(t, []string{"a pair"}, next.names())
		span := next.spans()[0]
		assert.Equal(t, ptrace.StatusCodeError, span.Status().Code(), name)
		assert.Equal(t, c.message, span.Status().Message(), name)
		assert.Equal(t, c.kind, span.Attributes().AsRaw()["error.type"], name)
		assert.Equal(t, int64(1), span.Attributes().AsRaw()["ml.feature.feature_0"], name)
	}
}

// A response that is stamped before its request has no duration below zero; a payload that says
// nothing is a prediction all the same.
func TestOddities(t *testing.T) {
	next := &sink{}
	r := offline(t, config(), next, nil)
	r.post(t, kserve("a", "request", `{"strData":"some text"}`))
	r.post(t, kserve("a", "response", `{"strData":"some text"}`).with("Ce-Time", eventTime.Add(-time.Second).Format(time.RFC3339)))
	require.NoError(t, r.Shutdown(t.Context()))
	span := next.spans()[0]
	assert.Equal(t, span.StartTimestamp(), span.EndTimestamp())
	assert.Equal(t, "predict", span.Attributes().AsRaw()["ml.operation.name"])
}

func TestMalformed(t *testing.T) {
	valid := request("a")
	for name, c := range map[string]struct {
		m               message
		reason, message string
	}{
		"no CloudEvent":        {valid.with("Ce-Specversion", ""), "bad_event", "this is no CloudEvent"},
		"a version of its own": {valid.with("Ce-Specversion", "9"), "bad_event", "this is no CloudEvent"},
		"no id":                {valid.with("Ce-Id", ""), "bad_event", "id: MUST be a non-empty string"},
		"no source":            {valid.with("Ce-Source", ""), "bad_event", "source: REQUIRED"},
		"bad time":             {valid.with("Ce-Time", "yesterday"), "bad_event", "yesterday"},
		"no model":             {valid.with("Ce-Inferenceservicename", ""), "bad_event", "names no model: it has none of the attributes inferenceservicename, modelid"},
		"long id":              {valid.with("Ce-Id", strings.Repeat("x", 257)), "bad_event", "id has 257 bytes, at most 256 are taken"},
		"no JSON":              {kserve("a", "request", `{"instances":[1`), "bad_payload", "ends too early"},
		"no protocol":          {kserve("a", "request", `{"x":1}`), "unsupported_payload", "none of instances"},
		"raw tensors":          {kserve("a", "request", `{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","parameters":{"binary_data_size":1}}]}`+"\x01"), "unsupported_payload", "binary tensor data and shared memory are not read"},
		"a picture":            {kserve("a", "request", "\x89PNG"), "unsupported_payload", "no JSON object"},
		"many rows":            {kserve("a", "request", `{"instances":[`+strings.Repeat("1,", 10_000)+`1]}`), "too_large", "more than 10000 rows"},
		"structured":           {message{Headers: map[string]string{"Content-Type": "application/cloudevents+json"}, Body: json.RawMessage(`{"specversion":"1.0"`)}, "bad_event", ""},
		"an odd batch":         {message{Headers: map[string]string{"Content-Type": "application/cloudevents-batch+json"}, Body: json.RawMessage(`{}`)}, "bad_event", "the batch is no JSON array of events"},
	} {
		t.Run(name, func(t *testing.T) {
			next := &sink{}
			r := offline(t, config(), next, nil)
			w := r.post(t, c.m)
			assert.Equal(t, http.StatusBadRequest, w.Code)
			assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
			var body ingest.Answer
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
			require.Len(t, body.Refused, 1)
			assert.Equal(t, c.reason, body.Refused[0].Reason)
			assert.Contains(t, body.Refused[0].Message, c.message)
			assert.Zero(t, body.Accepted)
			require.NoError(t, r.Shutdown(t.Context()))
			assert.Empty(t, next.spans())
		})
	}
}

func TestOtherEventsAreIgnored(t *testing.T) {
	next := &sink{}
	r := offline(t, config(), next, nil)
	for _, e := range []message{
		request("a").with("Ce-Type", "io.seldon.serving.feedback"),
		request("b").with("Ce-Component", "transformer"),
	} {
		assert.Equal(t, http.StatusOK, r.post(t, e).Code)
	}
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Empty(t, next.spans())

	next = &sink{}
	r = offline(t, config(func(c *Config) { c.Components = nil }), next, nil)
	r.post(t, request("b").with("Ce-Component", "transformer"))
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Len(t, next.spans(), 1)
}

func TestStructuredAndBatch(t *testing.T) {
	next := &sink{}
	r := offline(t, config(), next, nil)
	one := message{Headers: map[string]string{"Content-Type": "application/cloudevents+json; charset=utf-8"}, Body: json.RawMessage(request("a").structured())}
	require.Equal(t, http.StatusOK, r.post(t, one).Code)
	batch := message{Headers: map[string]string{"Content-Type": "application/cloudevents-batch+json"}, Body: json.RawMessage("[" + strings.Join([]string{
		response("a").structured(), request("b").structured(), kserve("c", "request", `{"x":1}`).structured(), response("b").structured(),
	}, ",") + "]")}
	w := r.post(t, batch)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.JSONEq(t, `{"accepted":3,"refused":[{"index":2,"id":"c","reason":"unsupported_payload","message":"the request has none of instances, inputs, data, jsonData, strData, binData, dataframe_split and dataframe_records"}]}`, w.Body.String())
	batch.Body = json.RawMessage("[{}," + request("d").structured() + `,{"specversion":"1.0","id":"` + strings.Repeat("x", 1<<20) + `","time":"yesterday"},null]`)
	w = r.post(t, batch)
	var body ingest.Answer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	assert.Equal(t, 1, body.Accepted, "an event without its envelope does not take the others with it")
	require.Len(t, body.Refused, 3)
	assert.Contains(t, body.Refused[0].Message, "no specversion")
	assert.Less(t, w.Body.Len(), 3*(maxID+512+100), "what is quoted is bounded")
	one.Body = json.RawMessage(response("d").structured())
	require.Equal(t, http.StatusOK, r.post(t, one).Code)

	require.NoError(t, r.Shutdown(t.Context()))
	assert.Equal(t, []string{"a pair", "b pair", "d pair"}, next.names(), "the rest of the batch is taken")
	assert.Len(t, next.AllTraces(), 2, "those of a batch at once")
}

// A full pipeline is told to the sender, and what the sender sends again is counted once.
func TestPipelineIsFull(t *testing.T) {
	next := &sink{}
	r := offline(t, config(), next, nil)
	require.Equal(t, http.StatusOK, r.post(t, request("a")).Code)
	next.Fail(errFull)
	for range 2 {
		w := r.post(t, response("a"))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
		assert.JSONEq(t, `{"accepted":0,"error":"the pipeline has no room: the queue is full"}`, w.Body.String())
	}
	next.Fail(nil)
	assert.Equal(t, http.StatusOK, r.post(t, response("a")).Code)
	assert.Equal(t, http.StatusOK, r.post(t, response("a")).Code)

	next.Fail(consumererror.NewPermanent(errFull))
	require.Equal(t, http.StatusOK, r.post(t, request("b")).Code)
	w := r.post(t, response("b"))
	assert.Equal(t, http.StatusBadRequest, w.Code, "to be sent again would not help")
	assert.Contains(t, w.Body.String(), "the pipeline does not take it")
	next.Fail(nil)
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Equal(t, []string{"a pair"}, next.names())
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &sink{}
		r := offline(t, config(), next, nil)
		r.post(t, request("a"))
		time.Sleep(20*time.Second + 500*time.Millisecond) // between two sweeps
		r.post(t, response("b"))
		time.Sleep(9 * time.Second)
		assert.Empty(t, next.spans())
		next.Fail(errFull)
		time.Sleep(5 * time.Second)
		next.Fail(nil)
		time.Sleep(time.Second)
		assert.Equal(t, []string{"a no response"}, next.names(), "once the pipeline has room")
		attrs := next.spans()[0].Attributes().AsRaw()
		assert.Equal(t, int64(1), attrs["ml.feature.feature_0"])
		assert.Equal(t, true, attrs["ml.prediction.duration.unknown"])
		assert.Equal(t, next.spans()[0].StartTimestamp(), next.spans()[0].EndTimestamp())

		r.post(t, response("a"))
		require.NoError(t, r.Shutdown(t.Context()))
		assert.Equal(t, []string{"a no response", "b no request", "a no request"}, next.names(), "the rest when the collector stops")
		attrs = next.spans()[1].Attributes().AsRaw()
		assert.Equal(t, "1", attrs["ml.prediction.class"])
	})
}

func TestUnpairedIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &sink{}
		r := offline(t, config(func(c *Config) { c.Unpaired = UnpairedDrop }), next, nil)
		r.post(t, request("a"))
		time.Sleep(time.Minute)
		r.post(t, request("b"))
		r.post(t, response("b"))
		require.NoError(t, r.Shutdown(t.Context()))
		assert.Equal(t, []string{"b pair"}, next.names())
	})
}

// Loggers that send only requests, or only responses, need no pairing.
func TestWithoutPairing(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.PairingTimeout = 0 }), next, nil)
	r.post(t, request("a"))
	r.post(t, response("b"))
	assert.Equal(t, []string{"a no response", "b no request"}, next.names(), "at once")
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestPendingIsBounded(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.Limits.Pending = 3 }), next, nil)
	for i := range 5 {
		assert.Equal(t, http.StatusOK, r.post(t, request(strconv.Itoa(i))).Code)
	}
	assert.Equal(t, []string{"0 no response", "1 no response"}, next.names())
	n, size := r.pairs.Waiting()
	assert.Equal(t, 3, n)
	assert.Greater(t, size, 3*512)
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestMethod(t *testing.T) {
	r := started(t, config(func(c *Config) { c.Path = "/events" }), &sink{}, nil)
	resp, err := http.Get(r.url())
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	assert.Equal(t, http.MethodPost, resp.Header.Get("Allow"))
	other, err := http.Post("http://"+r.listener.Addr().String()+"/", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	defer other.Body.Close()
	assert.Equal(t, http.StatusNotFound, other.StatusCode)
	http.DefaultClient.CloseIdleConnections()
}

// Bodies are bounded, also those that grow when they are unpacked.
func TestLargeBodies(t *testing.T) {
	r := started(t, config(func(c *Config) { c.MaxRequestBodySize = 1000 }), &sink{}, nil)
	body := []byte(`{"instances":[` + strings.Repeat("1,", 1000) + `1]}`)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(body)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Less(t, packed.Len(), 1000)
	for name, data := range map[string][]byte{"": body, "gzip": packed.Bytes(), "structured": body, "batch": append([]byte("["), body...)} {
		m := request("a")
		encoding := name
		switch name {
		case "structured":
			m.Headers, encoding = map[string]string{"Content-Type": "application/cloudevents+json"}, ""
		case "batch":
			m.Headers, encoding = map[string]string{"Content-Type": "application/cloudevents-batch+json"}, ""
		}
		m.Body = data
		req := m.request(t)
		req, err := http.NewRequest(http.MethodPost, r.url(), req.Body)
		require.NoError(t, err)
		for k, v := range m.Headers {
			req.Header.Set(k, v)
		}
		if encoding != "" {
			req.Header.Set("Content-Encoding", encoding)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode, "%s: %s", name, text)
		assert.Contains(t, string(text), "max_request_body_size")
	}
	http.DefaultClient.CloseIdleConnections()
}

// Whatever is posted, the handler answers, and with one of its statuses.
func FuzzServe(f *testing.F) {
	f.Add("application/json", "1.0", "org.kubeflow.serving.inference.request", "2026-01-01T00:00:00Z", `{"instances":[[1]]}`)
	f.Add("application/cloudevents+json", "", "", "", request("a").structured())
	f.Add("application/cloudevents-batch+json", "", "", "", "["+request("a").structured()+","+response("a").structured()+"]")
	f.Add("application/json", "0.3", "io.seldon.serving.inference.response", "", `{"data":{"ndarray":[1]}}`)
	f.Fuzz(func(t *testing.T, contentType, version, kind, at, body string) {
		r := offline(t, config(func(c *Config) { c.Limits.Rows, c.Limits.Values, c.Limits.Columns = 100, 1000, 20 }), &sink{}, nil)
		m := kserve("a", "request", body).with("Content-Type", contentType, "Ce-Specversion", version, "Ce-Type", kind, "Ce-Time", at)
		assert.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, r.post(t, m).Code)
		require.NoError(t, r.Shutdown(t.Context()))
	})
}

// What waits is counted as what it takes: limits::pending_size bounds the memory.
func TestSizeOfWhatWaits(t *testing.T) {
	for name, body := range map[string]string{
		"one row":     `{"instances":[[1,2,3,4]]}`,
		"many rows":   `{"instances":[` + strings.Repeat("[1.5,2.5,3.5],", 500) + `[1,2,3]]}`,
		"many names":  `{"instances":[` + strings.Repeat(`{"a":1,"b":"text","c":3},`, 50) + `{}]}`,
		"many texts":  `{"instances":[[` + strings.Repeat(`"a\u00e4bcdefghijklmnopqrst",`, 500) + `""]]}`,
		"many inputs": `{"inputs":[` + strings.Repeat(`{"name":"x","shape":[1],"datatype":"FP32","data":[1]},`, 500) + `{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := offline(t, config(func(c *Config) { c.Limits.PendingSize, c.PairingTimeout = 1<<30, time.Hour }), &sink{}, nil)
			heap := func() float64 {
				for range 3 { // pools let go what they have with the second one
					runtime.GC()
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return float64(m.HeapAlloc)
			}
			before := heap()
			for i := range 200 {
				require.Equal(t, http.StatusOK, r.post(t, kserve(strconv.Itoa(i), "request", body)).Code)
			}
			after := heap()
			n, size := r.pairs.Waiting()
			assert.Equal(t, 200, n)
			assert.Less(t, after-before, 1.3*float64(size))
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}
