// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package inferencelogreceiver

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/fileconsumer/attrs"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/helper"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/storageclient"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/prediction"
)

// fingerprintSize is how much of a file's start tells it from others, in bytes. Records differ at their end, where the
// event's id is, so that files of wide rows need more than the thousand bytes that are usual.
const fingerprintSize = 4 << 10

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

// follower follows files.
type follower struct {
	manager *fileconsumer.Manager
	client  storage.Client
	unsent  *unsent
}

// splitRecords finds lines. What stands behind the last line break is a record as soon as it is whole: some files end without
// a line break, others are still being written.
func splitRecords(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i:i], nil
	}
	if rest := bytes.TrimSpace(data); atEOF && bytes.HasSuffix(rest, []byte("}")) && json.Valid(rest) {
		return len(data), rest, nil
	}
	return 0, nil, nil
}

// follow starts to follow the files of the config.
func (r *inferenceLog) follow(ctx context.Context, host component.Host) (*follower, error) {
	cfg := fileconsumer.NewConfig()
	cfg.Include, cfg.Exclude = r.cfg.SageMaker.Include, r.cfg.SageMaker.Exclude
	cfg.ExcludeOlderThan = r.cfg.SageMaker.ExcludeOlderThan
	cfg.StartAt, cfg.PollInterval = r.cfg.SageMaker.StartAt, r.cfg.SageMaker.PollInterval
	cfg.MaxLogSize, cfg.MaxLogSizeBehavior = helper.ByteSize(r.cfg.SageMaker.MaxRecordSize), fileconsumer.MaxLogSizeBehaviorTruncate
	cfg.FingerprintSize, cfg.FlushPeriod = fingerprintSize, 0 // no half line goes out, however long the other half takes
	cfg.Resolver = attrs.Resolver{IncludeFilePath: true}
	f := &follower{client: storage.NewNopClient()}
	if id := r.cfg.SageMaker.Storage; id != nil {
		var err error
		if f.client, err = storageclient.Open(ctx, host, "sagemaker::storage", *id, storageclient.Owner{Kind: component.KindReceiver, ID: r.settings.ID}); err != nil {
			return nil, err
		}
		if f.unsent, err = loadUnsent(ctx, f.client); err != nil {
			r.logger.Warn("What the storage keeps of lines that were read and not sent cannot be used", zap.Error(err))
		}
	}
	emit := func(ctx context.Context, lines [][]byte, attributes map[string]any, _ int64, _ []int64) error {
		path, _ := attributes[attrs.LogFilePath].(string)
		return r.emit(ctx, f.unsent, path, lines)
	}
	var err error
	if f.manager, err = cfg.Build(r.settings.TelemetrySettings, emit, fileconsumer.WithSplitFunc(splitRecords)); err != nil {
		return nil, errors.Join(fmt.Errorf("'sagemaker': %w", err), f.client.Close(ctx))
	}
	if err := f.manager.Start(f.client); err != nil {
		return nil, errors.Join(fmt.Errorf("'sagemaker': %w", err), f.client.Close(ctx))
	}
	return f, nil
}

func (f *follower) stop(ctx context.Context) error {
	err := f.manager.Stop()
	return errors.Join(err, f.unsent.save(ctx, f.client), f.client.Close(ctx))
}

// emit takes lines of one file. While the pipeline has no room it waits and tries again: the lines count as read when it returns.
// Those that the collector's stop finds waiting are kept for the next start where there is a storage.
func (r *inferenceLog) emit(ctx context.Context, kept *unsent, path string, lines [][]byte) error {
	endpoint, variant := endpointOf(path)
	b := r.newBatch()
	var counts [numOutcomes]int
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := r.capture(b, line, endpoint, variant); err != nil {
			why := asRefusal(err)
			counts[why.outcome]++
			r.logger.Warn("A captured record is left out", zap.String("file", path), zap.String("reason", why.outcome.String()), zap.String("message", why.message))
			continue
		}
		counts[accepted]++
	}
	err := r.sendUntilTaken(ctx, b)
	if err != nil && ctx.Err() != nil && kept.add(path, lines) {
		return nil
	}
	if err != nil {
		counts[refusedOutcome], counts[accepted] = counts[accepted], 0
	}
	for o, n := range counts {
		r.telemetry.event(ctx, sageMaker, outcome(o), n)
	}
	return err
}

// sendKept sends the lines that the last collector had read and not sent.
func (r *inferenceLog) sendKept(ctx context.Context) {
	f := r.files
	kept := f.unsent.take()
	for i := range kept {
		if err := r.emit(ctx, f.unsent, kept[i].Path, kept[i].Lines); err != nil {
			r.logger.Error("Captured records are lost", zap.String("file", kept[i].Path), zap.Error(err))
		}
	}
	if len(kept) > 0 && ctx.Err() == nil {
		if err := f.unsent.save(ctx, f.client); err != nil {
			r.logger.Warn("Captured records may be sent again", zap.Error(err))
		}
	}
}

// sendUntilTaken sends until the pipeline takes it, refuses it for good or ctx ends.
func (r *inferenceLog) sendUntilTaken(ctx context.Context, b *batch) error {
	kept := b.traces
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 30*time.Second) {
		b.traces = ptrace.NewTraces() // what has been passed on is not ours to pass on again
		kept.CopyTo(b.traces)
		err := r.send(ctx, b, sageMaker)
		if err == nil {
			return nil
		}
		if consumererror.IsPermanent(err) {
			return fmt.Errorf("captured records are lost, the pipeline does not take them: %w", err)
		}
		r.logger.Warn("The pipeline has no room for captured records, trying again", zap.Duration("in", wait), zap.Error(err))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("captured records are lost, the collector stops before the pipeline takes them: %w", err)
		case <-timer.C:
		}
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
		return nil, &refusal{outcome: unsupportedPayload, message: fmt.Sprintf("unknown encoding %q", clip(c.Encoding, maxID))}
	}
	return payload.ParseAs(media, data, side, r.limits, header)
}
