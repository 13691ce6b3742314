// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/metadatatest"
)

// repeated is a body of about 4 MiB, the most that is taken: item as often as it fits, with commas
// between. A %d in it counts.
func repeated(before, item, after string) string {
	var b strings.Builder
	b.WriteString(before)
	for i := 0; b.Len() < 4<<20-len(item)-len(after)-16; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		first, rest, counted := strings.Cut(item, "%d")
		b.WriteString(first)
		if counted {
			b.WriteString(strconv.Itoa(i))
		}
		b.WriteString(rest)
	}
	b.WriteString(after)
	return b.String()
}

const (
	batchType      = "application/cloudevents-batch+json"
	structuredType = "application/cloudevents+json"
	// openEvent is a structured event up to its data.
	openEvent = `{"specversion":"1.0","type":"org.kubeflow.serving.inference.request","source":"x","id":"%d","inferenceservicename":"fraud","datacontenttype":"application/json","data":`
	openAgent = `[{"ReqType":"org.kubeflow.serving.inference.request","Id":"1","InferenceService":"m",`
)

// TestBombs: bodies that are small when they are packed, and of many items or deep ones when they are
// read, are refused by the bound that they break, before they take a multiple of what any body of
// that size takes.
func TestBombs(t *testing.T) {
	one := strings.ReplaceAll(openEvent, "%d", "1")
	const much = 2 << 20
	for name, c := range map[string]struct {
		media, body, message string
	}{
		"batch of lists":       {batchType, repeated("[", "[]", "]"), "more than 10000 events, the most that 'limits::events' allows"},
		"batch of numbers":     {batchType, repeated("[", "0", "]"), "more than 10000 events"},
		"batch of objects":     {batchType, repeated("[", "{}", "]"), "more than 10000 events"},
		"batch of events":      {batchType, repeated("[", openEvent+"{}}", "]"), "more than 10000 events"},
		"deep batch":           {batchType, "[" + strings.Repeat("[", much) + strings.Repeat("]", much-10) + "]", "exceeded max depth"},
		"event of members":     {structuredType, repeated(one+"{},", `"a%d":1`, "}"), "more than 256 attributes"},
		"event of one member":  {structuredType, repeated(one+"{},", `"a":1`, "}"), "more than 256 attributes"},
		"members in a batch":   {batchType, "[" + repeated(one+"{},", `"a%d":1`, "}") + "]", "more than 256 attributes"},
		"deep attribute":       {structuredType, one + `{},"x":` + strings.Repeat("[", much-200) + strings.Repeat("]", much-200) + "}", "exceeded max depth"},
		"deep data":            {structuredType, one + `{"instances":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}}", "nests deeper than 64"},
		"rows of nothing":      {structuredType, repeated(one+`{"instances":[`, "[]", "]}}"), "more than 10000 rows"},
		"rows of numbers":      {structuredType, repeated(one+`{"instances":[`, "0", "]}}"), "more than 10000 rows"},
		"rows of objects":      {structuredType, repeated(one+`{"instances":[`, "{}", "]}}"), "more than 10000 rows"},
		"wide objects":         {structuredType, repeated(one+`{"instances":[{`, `"a%d":1`, "}]}}"), ""},
		"columns":              {structuredType, repeated(one+`{"inputs":{`, `"a%d":[1]`, "}}}"), ""},
		"tensors":              {structuredType, repeated(one+`{"inputs":[`, `{"name":"a%d","datatype":"INT64","shape":[1],"data":[1]}`, "]}}"), ""},
		"payload in base64":    {structuredType, strings.Replace(one, `"data":`, `"data_base64":`, 1) + `"` + base64.StdEncoding.EncodeToString([]byte(repeated(`{"instances":[`, "0", "]}")[:much])) + `"}`, "more than 10000 rows"},
		"agent's lists":        {"application/json", repeated("[", "[]", "]"), "more than 10000 records, the most that 'limits::events' allows"},
		"agent's records":      {"application/json", repeated("[", `{"ReqType":"x","Id":"%d"}`, "]"), "more than 10000 records"},
		"agent's annotations":  {"application/json", repeated(openAgent+`"Annotations":{`, `"a%d":""`, "}}]"), ""},
		"agent's metadata":     {"application/json", repeated(openAgent+`"Metadata":{`, `"a%d":[]`, "}}]"), ""},
		"CSV of many columns":  {"text/csv", strings.Repeat("a,", much-20) + "reqType,bytes\n", "cells, at most 65536 are read"},
		"CSV with a wide line": {"text/csv", "reqType,bytes\n" + strings.Repeat(",", 3<<20), "cells, at most 65536 are read"},
		"CSV of many records":  {"text/csv", "reqType,bytes\n" + strings.Repeat("a,\n", 20_000), "more than 10000 records"},
	} {
		t.Run(name, func(t *testing.T) {
			r := offline(t, config(), consumertest.NewNop(), nil)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w := httptest.NewRecorder()
			m := message{Headers: map[string]string{"Content-Type": c.media}, Body: json.RawMessage(c.body)}
			r.serve(w, m.request(t))
			runtime.ReadMemStats(&after)
			assert.Less(t, (after.TotalAlloc-before.TotalAlloc)>>20, uint64(160), "MiB in all, of which reading the body takes 23")
			require.NoError(t, r.Shutdown(t.Context()))
			if c.message == "" {
				return // it is within the bounds and its values are left out, or stored by KServe's agent all the same
			}
			assert.Equal(t, http.StatusBadRequest, w.Code)
			assert.Contains(t, w.Body.String(), c.message)
		})
	}
}

// TestEventBounds: the bounds can be set, a request or an event is refused whole and counted, and
// the others of its batch are taken.
func TestEventBounds(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	next := &sink{}
	cfg := config(func(c *Config) {
		c.NetAddr.Endpoint, c.PairingTimeout, c.Limits.Events, c.Limits.EventSize = "", 0, 2, 40
	})
	r, err := newReceiver(metadatatest.NewSettings(tel), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	batch := func(bodies ...string) message {
		var events []string
		for i, body := range bodies {
			events = append(events, kserve(fmt.Sprint("e", i), "request", body).structured())
		}
		return message{Headers: map[string]string{"Content-Type": batchType}, Body: json.RawMessage("[" + strings.Join(events, ",") + "]")}
	}
	small, large := `{"instances":[[1,2]]}`, `{"instances":[[1,2]],"x":"`+strings.Repeat("x", 20)+`"}`

	w := r.post(t, batch(small, small, small))
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, w.Body.String(), "more than 2 events")
	assert.Empty(t, next.spans())

	w = r.post(t, batch(small, large))
	assert.Equal(t, http.StatusBadRequest, w.Code)
	var answer ingest.Answer
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	assert.Equal(t, 1, answer.Accepted)
	assert.Contains(t, w.Body.String(), "the event's data has 48 bytes, 'limits::event_size' is 40")
	assert.Len(t, next.spans(), 1)

	assert.Equal(t, http.StatusOK, r.post(t, batch(small, small)).Code)
	require.NoError(t, r.Shutdown(t.Context()))
	point := func(outcome string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attribute.String("source", "cloudevents"), attribute.String("outcome", outcome))}
	}
	metadatatest.AssertEqualInferenceLogEvents(t, tel, []metricdata.DataPoint[int64]{point("accepted", 3), point("too_large", 2)}, metricdatatest.IgnoreTimestamp())
}

// TestPackedBomb is the one of 4 KB: over HTTP, with gzip.
func TestPackedBomb(t *testing.T) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	require.NoError(t, err)
	_, err = io.WriteString(z, repeated("[", "[]", "]"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Less(t, packed.Len(), 8<<10)
	r := started(t, config(), consumertest.NewNop(), nil)
	req, err := http.NewRequest(http.MethodPost, r.url(), &packed)
	require.NoError(t, err)
	req.Header.Set("Content-Type", batchType)
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Contains(t, string(answer), "'limits::events'")
}

// TestDecodingAtATime: no more requests are decoded at a time than there are CPUs; one that waits and
// whose sender goes is not decoded.
func TestDecodingAtATime(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.PairingTimeout = 0 }), next, nil)
	for range cap(r.decoding) {
		r.decoding <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.serve(httptest.NewRecorder(), request("a").request(t).WithContext(ctx))
	assert.Empty(t, next.spans())
	for range cap(r.decoding) {
		<-r.decoding
	}
	r.post(t, request("a"))
	assert.Len(t, next.spans(), 1)
	assert.Empty(t, r.decoding)
	require.NoError(t, r.Shutdown(t.Context()))
}
