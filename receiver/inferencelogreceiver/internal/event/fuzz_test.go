// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// FuzzLogRequests: whatever is posted as a record of KServe's agent, the events are within their
// bounds or there is a reason.
func FuzzLogRequests(f *testing.F) {
	const record = `{"Bytes":"eyJpbnN0YW5jZXMiOltbMSwyXV19","ContentType":"application/json","ReqType":"org.kubeflow.serving.inference.request","Id":"r1",` +
		`"InferenceService":"fraud","Namespace":"prod","Component":"predictor","Endpoint":"canary","Metadata":{"X-Model-Version":["7"]},"Annotations":null}`
	var blob bytes.Buffer
	require.NoError(f, parquet.Write(&blob, []logRow{{ReqType: "x", Bytes: "MQ==", ID: "a"}, {ReqType: "x"}}))
	f.Add("application/json", []byte("["+record+","+record+"]"))
	f.Add("application/json", []byte(record))
	f.Add("text/csv", []byte("bytes,reqType,id\nMQ==,org.kubeflow.serving.inference.request,1\n"))
	f.Add("application/octet-stream", blob.Bytes())
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", media)
		in, err := readLogRequests(r, 10_000)
		if err != nil {
			require.NotEmpty(t, refusal.Of(err).Message)
			return
		}
		require.LessOrEqual(t, len(in.Events), 10_000)
		for i := range in.Events {
			if e := &in.Events[i]; e.Err != nil {
				require.NotEmpty(t, refusal.Of(e.Err).Message)
			}
		}
	})
}

// FuzzStructured: an event in one JSON object is read or refused with a reason, and what is in
// base64 is decoded.
func FuzzStructured(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","type":"org.kubeflow.serving.inference.request","source":"http://localhost:9081/","id":"a","time":"2026-11-22T12:00:00Z",` +
		`"inferenceservicename":"fraud","namespace":"prod","datacontenttype":"application/json","data":{"instances":[[1,2]]}}`))
	f.Add([]byte(`{"specversion":"1.0","id":"1","type":"t","source":"s", "data_base64": "MQ=="}`))
	f.Add([]byte(`{"specversion":"0.3","id":"1","type":"t","source":"s","datacontentencoding":"base64","data":"MQ=="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := readStructured(data)
		if err != nil {
			require.NotEmpty(t, refusal.Of(err).Message)
			return
		}
		_ = e.Validate()
		_ = e.Data()
	})
}
