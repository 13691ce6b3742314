// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

// KServe's agent writes what it logs to a blob store, too, and has a service of one's own turn
// batches into what is stored (kserve/kserve, pkg/logger/marshaller_http.go): it posts a JSON array
// of LogRequest (types.go), and stores the body of an answer of 2xx with the extension that the
// header names. The blobs of its own marshallers (marshaller_json.go, _csv.go, _parquet.go; the
// columns in marshaller_record.go) hold the same and can be posted as they are.
const (
	extensionHeader = "X-Log-Marshal-Extension"
	// maxLogBytes bounds what the records of a Parquet file take when they are decoded, in bytes.
	maxLogBytes = 64 << 20
)

// logRequest is a record of KServe's agent as its JSON has it.
type logRequest struct {
	Bytes            []byte
	ContentType      string
	ReqType          string
	ID               string `json:"Id"`
	InferenceService string
	Namespace        string
	Component        string
	Endpoint         string
	Metadata         map[string][]string
	Annotations      map[string]string
}

// WriteBlob answers with what the agent stores.
func WriteBlob(w http.ResponseWriter, blob []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(extensionHeader, "json")
	_, _ = w.Write(blob) // the agent has gone
}

// readLogRequests reads a batch of KServe's agent, or one of its blobs.
func readLogRequests(r *http.Request, limit int) (Posted, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch media {
	case "application/json", "text/csv", "application/octet-stream", "application/vnd.apache.parquet", "application/x-parquet":
	default:
		return Posted{}, errNoEvent
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return Posted{}, err
	}
	trimmed := bytes.TrimSpace(data)
	switch {
	case bytes.HasPrefix(data, []byte("PAR1")):
		return parquetRequests(data, limit)
	case bytes.HasPrefix(trimmed, []byte("{")):
		return jsonRequests([]json.RawMessage{trimmed})
	case bytes.HasPrefix(trimmed, []byte("[")):
		list, err := elements(trimmed, limit, "records")
		if err != nil {
			return Posted{}, err
		}
		out, err := jsonRequests(list)
		if err != nil {
			return Posted{}, err
		}
		if out.Blob = trimmed; len(list) == 1 { // as KServe's own
			out.Blob = list[0]
		}
		return out, nil
	case media == "text/csv":
		return csvRequests(trimmed, limit)
	default:
		return Posted{}, errNoEvent
	}
}

func jsonRequests(list []json.RawMessage) (Posted, error) {
	out := Posted{Events: make([]Received, len(list))}
	for i, raw := range list {
		var lr logRequest
		if err := json.Unmarshal(raw, &lr); err != nil {
			out.Events[i].Err = refusal.New(refusal.BadEvent, "the record is none of KServe's agent: "+err.Error())
			continue
		}
		if lr.ReqType == "" {
			if len(list) == 1 {
				return Posted{}, errNoEvent
			}
			out.Events[i].Err = refusal.New(refusal.BadEvent, "the record is none of KServe's agent: it has no ReqType")
			continue
		}
		out.Events[i] = lr.event()
	}
	return out, nil
}

// event makes the CloudEvent that the agent would have sent.
func (lr *logRequest) event() Received {
	e := event.New(event.CloudEventsVersionV1)
	e.SetID(lr.ID)
	e.SetType(lr.ReqType)
	e.SetSource("kserve") // the record has the agent's own address
	for _, a := range []struct{ name, value string }{
		{AttributeService, lr.InferenceService}, {AttributeNamespace, lr.Namespace}, {AttributeComponent, lr.Component}, {AttributeEndpoint, lr.Endpoint},
	} {
		if a.value != "" {
			e.SetExtension(a.name, a.value)
		}
	}
	for _, a := range []struct {
		name  string
		value any
		n     int
	}{{"metadata", lr.Metadata, len(lr.Metadata)}, {"annotations", lr.Annotations, len(lr.Annotations)}} {
		if a.n == 0 {
			continue
		}
		if a.n > maxMembers {
			return Received{Err: refusal.New(refusal.TooLarge, fmt.Sprintf("the record has more than %d %s", maxMembers, a.name))}
		}
		if text, err := json.Marshal(a.value); err == nil {
			e.SetExtension(a.name, string(text))
		}
	}
	e.DataEncoded = lr.Bytes
	return Received{Event: e}
}
