// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLogRequests: whatever is posted as a record of KServe's agent, the events are within their bounds or there is a reason.
func FuzzLogRequests(f *testing.F) {
	f.Add("application/json", []byte("["+agentRequest+","+agentResponse+"]"))
	f.Add("application/json", []byte(agentRequest))
	f.Add("text/csv", []byte("bytes,reqType,id\nMQ==,org.kubeflow.serving.inference.request,1\n"))
	f.Add("application/octet-stream", []byte(parquetBlob(f, []logRow{{ReqType: "x", Bytes: "MQ==", ID: "a"}, {ReqType: "x"}})))
	f.Fuzz(func(t *testing.T, media string, body []byte) {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "/", bytes.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", media)
		in, err := readLogRequests(r)
		if err != nil {
			require.NotEmpty(t, asRefusal(err).message)
			return
		}
		require.LessOrEqual(t, len(in.events), maxLogRequests)
		for i := range in.events {
			if e := &in.events[i]; e.err != nil {
				require.NotEmpty(t, asRefusal(e.err).message)
			}
		}
	})
}

// FuzzStructured: an event in one JSON object is read or refused with a reason, and what is in base64 is decoded.
func FuzzStructured(f *testing.F) {
	f.Add([]byte(request("a").structured()))
	f.Add([]byte(`{"specversion":"1.0","id":"1","type":"t","source":"s", "data_base64": "MQ=="}`))
	f.Add([]byte(`{"specversion":"0.3","id":"1","type":"t","source":"s","datacontentencoding":"base64","data":"MQ=="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := readStructured(data)
		if err != nil {
			require.NotEmpty(t, asRefusal(err).message)
			return
		}
		_ = e.Validate()
		_ = e.Data()
	})
}
