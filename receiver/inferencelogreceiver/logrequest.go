// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// KServe's agent writes what it logs to a blob store, too, and has a service of one's own turn batches into what is stored
// (kserve/kserve, pkg/logger/marshaller_http.go): it posts a JSON array of LogRequest (types.go), and stores the body of an answer of 2xx with the
// extension that the header names. The blobs of its own marshallers (marshaller_json.go, _csv.go, _parquet.go; the columns in marshaller_record.go)
// hold the same and can be posted as they are.
const (
	extensionHeader = "X-Log-Marshal-Extension"
	// maxLogRequests is the largest number of records in one body.
	maxLogRequests = 10_000
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

// logRow is a record as CSV and Parquet have it: the body in base64, maps as JSON.
type logRow struct {
	Bytes            string `parquet:"bytes"`
	ContentType      string `parquet:"contentType"`
	ReqType          string `parquet:"reqType"`
	ID               string `parquet:"id"`
	InferenceService string `parquet:"inferenceService"`
	Namespace        string `parquet:"namespace"`
	Component        string `parquet:"component"`
	Endpoint         string `parquet:"endpoint"`
	Metadata         string `parquet:"metadata"`
	Annotations      string `parquet:"annotations"`
}

// posted is what a POST brings.
type posted struct {
	events []received
	// blob is what KServe's agent stores; nil for all but a batch of its.
	blob []byte
}

// errNoEvent is for a body that is nothing we know.
var errNoEvent = badEvent("this is no CloudEvent: neither ce-specversion 1.0 or 0.3 nor a Content-Type of application/cloudevents+json or application/cloudevents-batch+json; " +
	"nor is it a record of KServe's agent as JSON, CSV or Parquet")

// readLogRequests reads a batch of KServe's agent, or one of its blobs.
func readLogRequests(r *http.Request) (posted, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch media {
	case "application/json", "text/csv", "application/octet-stream", "application/vnd.apache.parquet", "application/x-parquet":
	default:
		return posted{}, errNoEvent
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return posted{}, err
	}
	trimmed := bytes.TrimSpace(data)
	switch {
	case bytes.HasPrefix(data, []byte("PAR1")):
		return parquetRequests(data)
	case bytes.HasPrefix(trimmed, []byte("{")):
		return jsonRequests([]json.RawMessage{trimmed})
	case bytes.HasPrefix(trimmed, []byte("[")):
		var list []json.RawMessage
		if err := json.Unmarshal(trimmed, &list); err != nil {
			return posted{}, badEvent("the batch is no JSON array of records: " + err.Error())
		}
		out, err := jsonRequests(list)
		if err != nil {
			return posted{}, err
		}
		if out.blob = trimmed; len(list) == 1 { // as KServe's own
			out.blob = list[0]
		}
		return out, nil
	case media == "text/csv":
		return csvRequests(trimmed)
	default:
		return posted{}, errNoEvent
	}
}

func jsonRequests(list []json.RawMessage) (posted, error) {
	if len(list) > maxLogRequests {
		return posted{}, tooManyRecords()
	}
	out := posted{events: make([]received, len(list))}
	for i, raw := range list {
		var lr logRequest
		if err := json.Unmarshal(raw, &lr); err != nil {
			out.events[i].err = badEvent("the record is none of KServe's agent: " + err.Error())
			continue
		}
		if lr.ReqType == "" {
			if len(list) == 1 {
				return posted{}, errNoEvent
			}
			out.events[i].err = badEvent("the record is none of KServe's agent: it has no ReqType")
			continue
		}
		out.events[i] = lr.event()
	}
	return out, nil
}

func tooManyRecords() error {
	return &refusal{outcome: tooLarge, message: fmt.Sprintf("more than %d records", maxLogRequests)}
}

// event makes the CloudEvent that the agent would have sent.
func (lr *logRequest) event() received {
	e := event.New(event.CloudEventsVersionV1)
	e.SetID(lr.ID)
	e.SetType(lr.ReqType)
	e.SetSource("kserve") // the record has the agent's own address
	for _, a := range []struct{ name, value string }{
		{attributeService, lr.InferenceService}, {attributeNamespace, lr.Namespace}, {attributeComponent, lr.Component}, {attributeEndpoint, lr.Endpoint},
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
		if text, err := json.Marshal(a.value); err == nil {
			e.SetExtension(a.name, string(text))
		}
	}
	e.DataEncoded = lr.Bytes
	return received{event: e}
}

// event reads a row of a table.
func (row *logRow) event() received {
	lr := logRequest{
		ContentType: row.ContentType, ReqType: row.ReqType, ID: row.ID, InferenceService: row.InferenceService,
		Namespace: row.Namespace, Component: row.Component, Endpoint: row.Endpoint,
	}
	var err error
	if lr.Bytes, err = base64.StdEncoding.DecodeString(row.Bytes); err != nil {
		return received{err: badEvent("the record's bytes are no base64: " + err.Error())}
	}
	if row.Metadata != "" && json.Unmarshal([]byte(row.Metadata), &lr.Metadata) != nil {
		return received{err: badEvent("the record's metadata is no JSON object of lists")}
	}
	if row.Annotations != "" && json.Unmarshal([]byte(row.Annotations), &lr.Annotations) != nil {
		return received{err: badEvent("the record's annotations are no JSON object of texts")}
	}
	return lr.event()
}

// csvRequests reads a blob of CSV; the header says where the columns are.
func csvRequests(data []byte) (posted, error) {
	r := csv.NewReader(bytes.NewReader(data))
	header, err := r.Read()
	if err != nil || !slices.Contains(header, "reqType") || !slices.Contains(header, "bytes") {
		return posted{}, errNoEvent
	}
	at := make(map[string]int, len(header))
	for i, name := range header {
		at[name] = i
	}
	var out posted
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return posted{}, badEvent("the CSV cannot be read: " + err.Error())
		}
		if len(out.events) == maxLogRequests {
			return posted{}, tooManyRecords()
		}
		cell := func(name string) string {
			if i, ok := at[name]; ok {
				return cells[i]
			}
			return ""
		}
		row := logRow{
			Bytes: cell("bytes"), ContentType: cell("contentType"), ReqType: cell("reqType"), ID: cell("id"), InferenceService: cell("inferenceService"),
			Namespace: cell("namespace"), Component: cell("component"), Endpoint: cell("endpoint"), Metadata: cell("metadata"), Annotations: cell("annotations"),
		}
		out.events = append(out.events, row.event())
	}
}

// parquetRequests reads a blob of Parquet as the agent writes it: without compression, so that a body cannot unfold.
func parquetRequests(data []byte) (out posted, err error) {
	defer func() { // the library panics on some damaged files
		if p := recover(); p != nil {
			out, err = posted{}, badEvent(fmt.Sprintf("the Parquet file is damaged: %v", p))
		}
	}()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return posted{}, badEvent("the Parquet file cannot be read: " + err.Error())
	}
	if file.NumRows() > maxLogRequests {
		return posted{}, tooManyRecords()
	}
	if _, ok := file.Schema().Lookup("reqType"); !ok {
		return posted{}, errNoEvent
	}
	for _, group := range file.Metadata().RowGroups {
		for _, column := range group.Columns {
			if column.MetaData.Codec != format.Uncompressed {
				return posted{}, &refusal{outcome: unsupportedPayload, message: fmt.Sprintf("the Parquet file's column %s is compressed, which KServe's are not",
					strings.Join(column.MetaData.PathInSchema, "."))}
			}
			if column.MetaData.NumValues > maxLogRequests {
				return posted{}, tooManyRecords()
			}
		}
	}
	reader := parquet.NewGenericReader[logRow](file)
	defer func() { _ = reader.Close() }()
	size, rows := 0, make([]logRow, 64)
	for {
		n, err := reader.Read(rows)
		for i := range rows[:n] {
			if size += len(rows[i].Bytes) + len(rows[i].Metadata) + len(rows[i].Annotations); size > maxLogBytes {
				return posted{}, &refusal{outcome: tooLarge, message: fmt.Sprintf("the Parquet file's records take more than %d bytes", maxLogBytes)}
			}
			out.events = append(out.events, rows[i].event())
		}
		switch {
		case errors.Is(err, io.EOF) || err == nil && n == 0:
			return out, nil
		case err != nil:
			return posted{}, badEvent("the Parquet file cannot be read: " + err.Error())
		case len(out.events) > maxLogRequests:
			return posted{}, tooManyRecords()
		}
	}
}
