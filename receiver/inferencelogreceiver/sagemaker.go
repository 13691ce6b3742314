// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/storageclient"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/prediction"
)

// record is one line of SageMaker's data capture, as its developer guide and amazon-sagemaker-examples have it.
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

// unsentKey is where the storage has lines that were read and not sent.
const unsentKey = "inference_log.unsent"

// follow starts to follow the files of the config.
func (r *inferenceLog) follow(ctx context.Context, host component.Host) (*ingest.Follower, error) {
	return ingest.Follow(ctx, host, ingest.Source{
		Key: "sagemaker", Files: r.cfg.SageMaker.Files, Storage: r.cfg.SageMaker.Storage, Unsent: unsentKey,
		Owner: storageclient.Owner{Kind: component.KindReceiver, ID: r.settings.ID},
		Items: "captured records", Split: ingest.SplitJSONLines, Read: r.readLines,
		Logger: r.logger, Telemetry: r.settings.TelemetrySettings,
	})
}

// capturedLines are lines of one file, as spans.
type capturedLines struct {
	r      *inferenceLog
	batch  *batch
	counts [numOutcomes]int
}

// readLines reads lines of one file.
func (r *inferenceLog) readLines(_ context.Context, path string, lines [][]byte) ingest.Batch {
	b := &capturedLines{r: r, batch: r.newBatch()}
	endpoint, variant := endpointOf(path)
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := r.capture(b.batch, line, endpoint, variant); err != nil {
			why := asRefusal(err)
			b.counts[why.outcome]++
			r.logger.Warn("A captured record is left out", zap.String("file", path), zap.String("reason", why.outcome.String()), zap.String("message", why.message))
			continue
		}
		b.counts[accepted]++
	}
	return b
}

// Send passes a copy on: what has been passed on is not ours to pass on again.
func (b *capturedLines) Send(ctx context.Context) error {
	kept := b.batch.traces
	defer func() { b.batch.traces = kept }()
	b.batch.traces = ptrace.NewTraces()
	kept.CopyTo(b.batch.traces)
	return b.r.send(ctx, b.batch, sageMaker)
}

// Done counts the records.
func (b *capturedLines) Done(ctx context.Context, err error) {
	if err != nil {
		b.counts[refusedOutcome], b.counts[accepted] = b.counts[accepted], 0
	}
	for o, n := range b.counts {
		b.r.telemetry.event(ctx, sageMaker, outcome(o), n)
	}
}

// endpointOf returns the endpoint and the variant in a file's path, empty where it does not have SageMaker's layout.
func endpointOf(path string) (endpoint, variant string) {
	if m := layout.FindStringSubmatch(filepath.ToSlash(path)); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// capture makes a span of one line.
func (r *inferenceLog) capture(b *batch, line []byte, endpoint, variant string) error {
	var rec record
	if len(line) >= r.cfg.SageMaker.MaxRecordSize {
		return &refusal{outcome: tooLarge, message: "the line is longer than max_record_size"}
	}
	if err := json.Unmarshal(line, &rec); err != nil {
		return badEvent("the line is no record of data capture: " + err.Error())
	}
	data, meta := rec.CaptureData, rec.EventMetadata
	switch {
	case data.EndpointInput == nil && data.EndpointOutput == nil:
		return badEvent("the record has neither endpointInput nor endpointOutput")
	case meta.EventID == "" || meta.InferenceTime.Year() < 1970 || meta.InferenceTime.Year() > 2261:
		return badEvent("the record has no eventId or no inferenceTime")
	case len(meta.EventID) > maxID || len(meta.InferenceID) > maxID:
		return badEvent("an id is too long")
	}
	c := call{
		source: sageMaker, id: meta.InferenceID, model: r.cfg.SageMaker.Model, service: endpoint, variant: variant,
		time: pcommon.NewTimestampFromTime(meta.InferenceTime),
	}
	c.stamp = c.time
	if c.id == "" {
		c.id = meta.EventID
	}
	if c.model == "" {
		c.model = endpoint
	}
	if c.model == "" {
		return badEvent("the path does not tell the endpoint (<endpoint>/<variant>/yyyy/mm/dd/hh/<file>); set 'sagemaker::model'")
	}
	known := r.knowledge(b.set, c.model, r.cfg.Models[c.model].Version)
	var request, response *call
	if data.EndpointInput != nil {
		in := c
		var err error
		if in.payload, err = r.body(data.EndpointInput, payload.Request, known); err != nil {
			return err
		}
		request = &in
	}
	if data.EndpointOutput != nil {
		out := c
		var err error
		if out.payload, err = r.body(data.EndpointOutput, payload.Response, known); err != nil {
			return err
		}
		response = &out
	}
	b.addCall(keyOf("sagemaker", endpoint, variant, c.model, meta.EventID), request, response)
	return nil
}

// body reads one of the two bodies.
func (r *inferenceLog) body(c *captured, side payload.Side, known *prediction.Knowledge) (*payload.Payload, error) {
	header := known.IsHeader
	if side == payload.Response {
		header = func([]string) bool { return false }
	}
	data, media := c.Data, c.ObservedContentType
	switch strings.ToUpper(c.Encoding) {
	case "CSV":
		return payload.ParseCSV(data, r.limits, header)
	case "BASE64":
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, &refusal{outcome: badPayload, message: "the data is no base64: " + err.Error()}
		}
		data = string(raw)
	case "JSON":
		if media == "" {
			media = "application/json"
		}
	default:
		return nil, &refusal{outcome: unsupportedPayload, message: fmt.Sprintf("unknown encoding %q", ingest.Clip(c.Encoding, maxID))}
	}
	return payload.ParseAs(media, data, side, r.limits, header)
}
