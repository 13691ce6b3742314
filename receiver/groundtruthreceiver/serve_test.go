// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package groundtruthreceiver

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/otelcol-ml/otelcol-ml/internal/label"
	"github.com/otelcol-ml/otelcol-ml/receiver/groundtruthreceiver/internal/body"
)

const (
	oneLabel  = `{"prediction_id":"a","label":"ok","label_time":"1999-12-31T12:00:00Z"}`
	twoLabels = oneLabel + "\n" + `{"prediction_id":"b","label":1,"model":"m","weight":2,"source":"s"}`
)

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &sink{}
		r := offline(t, config(func(c *Config) {
			c.LateAfter = 30 * 24 * time.Hour
			c.Defaults.Environment = "prod"
		}), next)
		now := time.Now().UTC()
		status, a := r.post(t, twoLabels)
		assert.Equal(t, http.StatusAccepted, status)
		assert.Equal(t, answer{Accepted: 2}, a)
		noon := time.Date(1999, 12, 31, 12, 0, 0, 0, time.UTC)
		assert.Equal(t, []label.Label{
			{PredictionID: "a", Class: "ok", Time: noon, Weight: 1, Environment: "prod"},
			{PredictionID: "b", Class: "1", Value: 1, HasValue: true, Time: now, Model: "m", Weight: 2, Source: "s", Environment: "prod"},
		}, next.labels(t))

		status, a = r.post(t, "["+oneLabel+","+oneLabel+`,
			{"prediction_id":"c","label":"ok","label_time":"1999-10-01"}, {"prediction_id":"d","label":"ok","prediction_time":"1999-10-01"},
			{"prediction_id":"e","label":"ok","label_time":"noon"}, 7, {"prediction_id":"f","label":null}]`)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, answer{Accepted: 1, Duplicate: 2, Late: 2, Rejected: 2, Errors: []body.Rejection{
			{Line: 3, Column: 51, Offset: 326, Field: "label_time", Reason: label.BadLabel, Message: `"noon" is no time from 1970 to 2261`},
			{Line: 3, Column: 60, Offset: 335, Reason: label.BadLabel, Message: "not a JSON object"},
		}}, a)
		assert.True(t, next.labels(t)[2].Retracted)

		status, a = r.post(t, oneLabel)
		assert.Equal(t, http.StatusAccepted, status, "nothing is new")
		assert.Equal(t, answer{Duplicate: 1}, a)
		assert.Len(t, next.labels(t), 3)
		status, a = r.post(t, strings.Replace(oneLabel, `"ok"`, `"fraud"`, 1))
		assert.Equal(t, http.StatusAccepted, status, "another label of the same time is no duplicate")
		assert.Equal(t, answer{Accepted: 1}, a)
	})
}

func TestBackPressure(t *testing.T) {
	next := &sink{}
	r := offline(t, config(), next)
	next.Fail(errFull, consumererror.NewPermanent(errFull), nil)
	status, a := r.post(t, oneLabel)
	assert.Equal(t, http.StatusTooManyRequests, status)
	assert.Equal(t, answer{Error: "the pipeline has no room: the queue is full"}, a)
	status, a = r.post(t, oneLabel)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, answer{Error: "the pipeline does not take it: Permanent error: the queue is full"}, a)
	status, a = r.post(t, oneLabel)
	assert.Equal(t, http.StatusAccepted, status, "what was refused is no duplicate")
	assert.Equal(t, answer{Accepted: 1}, a)
}

// A pipeline that hangs makes a sender wait no longer than hand_on_timeout, whether it heeds its
// context or not. What it takes later is known when it comes again.
func TestBlockedPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next, until := &sink{}, make(chan struct{})
		r := offline(t, config(func(c *Config) { c.Limits.Requests = 2 }), next)
		next.Hang(true)
		start := time.Now()
		status, a := r.post(t, oneLabel)
		assert.Equal(t, http.StatusTooManyRequests, status)
		assert.Equal(t, answer{Error: "the pipeline has no room: it has not taken them in time"}, a)
		assert.Equal(t, r.cfg.HandOnTimeout, time.Since(start))
		next.Hang(false)

		next.Hold(until)
		for _, id := range []string{"x", "y"} {
			status, a = r.post(t, strings.Replace(oneLabel, `"a"`, `"`+id+`"`, 1))
			assert.Equal(t, http.StatusTooManyRequests, status)
			assert.Equal(t, answer{Error: "the pipeline has no room: it has not taken them in time"}, a)
		}
		status, a = r.post(t, oneLabel)
		assert.Equal(t, http.StatusTooManyRequests, status)
		assert.Equal(t, answer{Error: "the pipeline has no room: too many requests wait for it"}, a)
		next.Hold(nil)
		close(until)
		r.running.Wait()
		assert.Equal(t, []string{"x=ok", "y=ok"}, next.ids(t))
		status, a = r.post(t, strings.Replace(oneLabel, `"a"`, `"x"`, 1))
		assert.Equal(t, http.StatusAccepted, status)
		assert.Equal(t, answer{Duplicate: 1}, a)
		require.NoError(t, r.Shutdown(t.Context()))
	})
}

// Shutdown ends a request that waits.
func TestShutdownEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &sink{}
		r := offline(t, config(), next)
		next.Hang(true)
		var status int
		var wg sync.WaitGroup
		wg.Go(func() { status, _ = r.post(t, oneLabel) })
		synctest.Wait()
		start := time.Now()
		require.NoError(t, r.Shutdown(t.Context()))
		wg.Wait()
		assert.Zero(t, time.Since(start))
		assert.Equal(t, http.StatusTooManyRequests, status)
	})
}

func TestRefusedRequests(t *testing.T) {
	next := &sink{}
	r := offline(t, config(func(c *Config) { c.Limits.Labels = 2 }), next)
	for text, want := range map[string]answer{
		"": {Rejected: 1, Error: "line 1, column 1: there are no labels", Errors: []body.Rejection{{Line: 1, Column: 1, Reason: label.BadJSON, Message: "there are no labels"}}},
		"[{\"prediction_id\":\"a\",\"label\":1},\n{]": {Rejected: 1, Error: "line 2, column 2: not JSON", Errors: []body.Rejection{
			{Line: 2, Column: 2, Offset: 35, Reason: label.BadJSON, Message: "not JSON"},
		}},
	} {
		status, a := r.post(t, text)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, want, a)
	}
	status, a := r.post(t, twoLabels+"\n"+oneLabel)
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	assert.Equal(t, answer{Error: "there are more labels than 'limits::labels'; send less at a time"}, a)
	assert.Empty(t, next.AllLogs())
}

// do sends a request over the network.
func do(t *testing.T, method, url, encoding string, content []byte) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(content))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-ndjson")
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, strings.TrimSpace(string(text))
}

func TestHTTP(t *testing.T) {
	next := &sink{}
	r := started(t, config(func(c *Config) { c.MaxRequestBodySize = 1000 }), next, nil)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)

	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(twoLabels))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer encoder.Close()
	for _, c := range []struct {
		encoding string
		content  []byte
		want     string
	}{
		{"", []byte(twoLabels), `{"accepted":2,"duplicate":0,"late":0,"rejected":0}`},
		{"gzip", packed.Bytes(), `{"accepted":1,"duplicate":1,"late":0,"rejected":0}`},
		{"zstd", encoder.EncodeAll([]byte(twoLabels), nil), `{"accepted":1,"duplicate":1,"late":0,"rejected":0}`},
	} {
		status, header, text := do(t, http.MethodPost, r.url(), c.encoding, c.content)
		assert.Equal(t, http.StatusAccepted, status, text)
		assert.Equal(t, "application/json", header.Get("Content-Type"))
		assert.Equal(t, c.want, text)
	}
	assert.Len(t, next.labels(t), 4)

	status, _, text := do(t, http.MethodPost, r.url(), "gzip", []byte(twoLabels))
	assert.Equal(t, http.StatusBadRequest, status, text)
	status, _, text = do(t, http.MethodPost, r.url(), "gzip", packed.Bytes()[:30])
	assert.Equal(t, http.StatusBadRequest, status)
	assert.JSONEq(t, `{"accepted":0,"duplicate":0,"late":0,"rejected":0,"error":"the body cannot be read: unexpected EOF"}`, text)
	status, _, text = do(t, http.MethodPost, r.url(), "", []byte(strings.Repeat(" ", 1001)))
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	assert.JSONEq(t, `{"accepted":0,"duplicate":0,"late":0,"rejected":0,"error":"the body is larger than max_request_body_size"}`, text)
	status, header, text := do(t, http.MethodGet, r.url(), "", nil)
	assert.Equal(t, http.StatusMethodNotAllowed, status)
	assert.Equal(t, http.MethodPost, header.Get("Allow"))
	assert.JSONEq(t, `{"accepted":0,"error":"labels are sent with POST"}`, text)

	// The content type says that these are lines, so that the second one is taken.
	status, _, text = do(t, http.MethodPost, r.url(), "", []byte("{\n"+oneLabel))
	assert.Equal(t, http.StatusBadRequest, status)
	var a answer
	require.NoError(t, json.Unmarshal([]byte(text), &a))
	assert.Equal(t, answer{Duplicate: 1, Rejected: 1, Errors: []body.Rejection{
		{Line: 1, Column: 2, Offset: 1, Reason: label.BadJSON, Message: "the JSON ends too early"},
	}}, a)
}

// FuzzServe: whatever the body, the answer is 202, or 400 with the place of each rejection that is
// in the body; and what is accepted arrives.
func FuzzServe(f *testing.F) {
	f.Add(twoLabels)
	f.Add("[" + oneLabel + ",\n 7, {}]")
	f.Add(`{"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"a"},"eventVersion":"0"}`)
	f.Add("\ufeff{\"key\":\"a\",\"relevance\":[1,{\"x\":NaN}],\"label_time\":1e300}\n\r\n{")
	f.Fuzz(func(t *testing.T, text string) {
		next := &sink{}
		r := offline(t, config(), next)
		status, a := r.post(t, text)
		switch status {
		case http.StatusAccepted:
			require.Zero(t, a.Rejected)
		case http.StatusBadRequest:
			require.Positive(t, a.Rejected)
			require.NotEmpty(t, a.Errors)
			for _, e := range a.Errors {
				require.LessOrEqual(t, e.Offset, len(text))
				require.Equal(t, strings.Count(text[:e.Offset], "\n")+1, e.Line)
				require.Equal(t, e.Offset-strings.LastIndex(text[:e.Offset], "\n"), e.Column)
				require.NotEmpty(t, e.Message)
			}
		default:
			t.Fatalf("status %d", status)
		}
		require.Len(t, next.labels(t), a.Accepted)
	})
}

func BenchmarkServe(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := offline(b, config(func(c *Config) { c.Limits.Remembered = 0 }), &discard{})
			var text strings.Builder
			for i := range n {
				fmt.Fprintf(&text, "{\"prediction_id\":\"request-%d\",\"label\":\"fraud\",\"label_time\":\"2026-11-22T12:00:00Z\",\"source\":\"chargeback\",\"model\":\"m\"}\n", i)
			}
			b.ReportAllocs()
			for b.Loop() {
				if status, _ := r.post(b, text.String()); status != http.StatusAccepted {
					b.Fatal(status)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/label")
		})
	}
}
