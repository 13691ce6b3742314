// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

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

// event reads a row of a table.
func (row *logRow) event() Received {
	lr := logRequest{
		ContentType: row.ContentType, ReqType: row.ReqType, ID: row.ID, InferenceService: row.InferenceService,
		Namespace: row.Namespace, Component: row.Component, Endpoint: row.Endpoint,
	}
	var err error
	if lr.Bytes, err = base64.StdEncoding.DecodeString(row.Bytes); err != nil {
		return Received{Err: refusal.New(refusal.BadEvent, "the record's bytes are no base64: "+err.Error())}
	}
	if row.Metadata != "" && json.Unmarshal([]byte(row.Metadata), &lr.Metadata) != nil {
		return Received{Err: refusal.New(refusal.BadEvent, "the record's metadata is no JSON object of lists")}
	}
	if row.Annotations != "" && json.Unmarshal([]byte(row.Annotations), &lr.Annotations) != nil {
		return Received{Err: refusal.New(refusal.BadEvent, "the record's annotations are no JSON object of texts")}
	}
	return lr.event()
}

// csvRequests reads a blob of CSV; the header says where the columns are.
func csvRequests(data []byte, limit int) (Posted, error) {
	if cells := mostCells(data); cells > maxCells {
		return Posted{}, refusal.New(refusal.TooLarge, fmt.Sprintf("a line of the CSV has %d cells, at most %d are read", cells, maxCells))
	}
	r := csv.NewReader(bytes.NewReader(data))
	header, err := r.Read()
	if err != nil || !slices.Contains(header, "reqType") || !slices.Contains(header, "bytes") {
		return Posted{}, errNoEvent
	}
	at := make(map[string]int, len(header))
	for i, name := range header {
		at[name] = i
	}
	var out Posted
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return Posted{}, refusal.New(refusal.BadEvent, "the CSV cannot be read: "+err.Error())
		}
		if len(out.Events) == limit {
			return Posted{}, tooMany(limit, "records")
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
		out.Events = append(out.Events, row.event())
	}
}

// maxCells is how many cells a line may have: each takes a byte in the file, and 24 and more when
// it is read. Commas in quotes count as well: of a record's metadata there are not as many.
const maxCells = 1 << 16

// mostCells returns how many cells the line with the most of them has, at most.
func mostCells(data []byte) int {
	most := 0
	for line := range bytes.Lines(data) {
		most = max(most, bytes.Count(line, []byte{','})+1)
	}
	return most
}
