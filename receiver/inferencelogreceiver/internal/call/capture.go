// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package call

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

// CaptureReader reads the lines of SageMaker's data capture.
type CaptureReader struct {
	// Model is the model's name; empty means that of the endpoint.
	Model string
	// MaxRecordSize is the longest line, in bytes.
	MaxRecordSize int
	Limits        payload.Limits
}

// record is one line of SageMaker's data capture, as its developer guide and
// amazon-sagemaker-examples have it.
type record struct {
	CaptureData struct {
		EndpointInput  *captured `json:"endpointInput"`
		EndpointOutput *captured `json:"endpointOutput"`
	} `json:"captureData"`
	EventMetadata struct {
		EventID string `json:"eventId"`
		// InferenceID is the caller's own.
		InferenceID   string    `json:"inferenceId"`
		InferenceTime time.Time `json:"inferenceTime"`
	} `json:"eventMetadata"`
}

// captured is one of the two bodies.
type captured struct {
	ObservedContentType string `json:"observedContentType"`
	Data                string `json:"data"`
	// Encoding is CSV, JSON or BASE64.
	Encoding string `json:"encoding"`
}

// layout is where SageMaker puts files: <prefix>/<endpoint>/<variant>/yyyy/mm/dd/hh/<name>.jsonl.
var layout = regexp.MustCompile(`(?:^|/)([^/]+)/([^/]+)/\d{4}/\d{2}/\d{2}/\d{2}/[^/]+$`)

// EndpointOf returns the endpoint and the variant in a file's path, empty where it does not have
// SageMaker's layout.
func EndpointOf(path string) (endpoint, variant string) {
	if m := layout.FindStringSubmatch(filepath.ToSlash(path)); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// Read reads one line. isHeader returns what tells whether the first row of a CSV names features of
// a model.
func (r *CaptureReader) Read(line []byte, endpoint, variant string, isHeader func(model string) func(cells []string) bool) (Pair, error) {
	var rec record
	if len(line) >= r.MaxRecordSize {
		return Pair{}, refusal.New(refusal.TooLarge, "the line is longer than max_record_size")
	}
	if err := json.Unmarshal(line, &rec); err != nil {
		return Pair{}, refusal.New(refusal.BadEvent, "the line is no record of data capture: "+err.Error())
	}
	data, meta := rec.CaptureData, rec.EventMetadata
	switch {
	case data.EndpointInput == nil && data.EndpointOutput == nil:
		return Pair{}, refusal.New(refusal.BadEvent, "the record has neither endpointInput nor endpointOutput")
	case meta.EventID == "" || meta.InferenceTime.Year() < 1970 || meta.InferenceTime.Year() > 2261:
		return Pair{}, refusal.New(refusal.BadEvent, "the record has no eventId or no inferenceTime")
	case len(meta.EventID) > maxID || len(meta.InferenceID) > maxID:
		return Pair{}, refusal.New(refusal.BadEvent, "an id is too long")
	}
	c := Call{
		Source: SageMaker, ID: meta.InferenceID, Model: r.Model, Service: endpoint, Variant: variant,
		Time: pcommon.NewTimestampFromTime(meta.InferenceTime),
	}
	c.Stamp = c.Time
	if c.ID == "" {
		c.ID = meta.EventID
	}
	if c.Model == "" {
		c.Model = endpoint
	}
	if c.Model == "" {
		return Pair{}, refusal.New(refusal.BadEvent, "the path does not tell the endpoint (<endpoint>/<variant>/yyyy/mm/dd/hh/<file>); set 'sagemaker::model'")
	}
	key := keyOf("sagemaker", endpoint, variant, c.Model, meta.EventID)
	side := func(body *captured, which payload.Side, isHeader func(cells []string) bool) (*Side, error) {
		if body == nil {
			return nil, nil
		}
		one := c
		one.Response = which == payload.Response
		var err error
		one.Payload, err = r.body(body, which, isHeader)
		return &Side{Key: key, Value: &one}, err
	}
	var pair Pair
	var err error
	if pair.Left, err = side(data.EndpointInput, payload.Request, isHeader(c.Model)); err != nil {
		return Pair{}, err
	}
	if pair.Right, err = side(data.EndpointOutput, payload.Response, noHeader); err != nil {
		return Pair{}, err
	}
	return pair, nil
}

func noHeader([]string) bool { return false }

// body reads one of the two bodies.
func (r *CaptureReader) body(c *captured, side payload.Side, isHeader func(cells []string) bool) (*payload.Payload, error) {
	data, media := c.Data, c.ObservedContentType
	switch strings.ToUpper(c.Encoding) {
	case "CSV":
		return payload.ParseCSV(data, r.Limits, isHeader)
	case "BASE64":
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, refusal.New(refusal.BadPayload, "the data is no base64: "+err.Error())
		}
		data = string(raw)
	case "JSON":
		if media == "" {
			media = "application/json"
		}
	default:
		return nil, refusal.New(refusal.UnsupportedPayload, fmt.Sprintf("unknown encoding %q", ingest.Clip(c.Encoding, maxID)))
	}
	return payload.ParseAs(media, data, side, r.Limits, isHeader)
}
