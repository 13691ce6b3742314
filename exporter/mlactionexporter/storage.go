// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/jaeger"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/evidence/redact"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/internal/alert"
	"github.com/otelcol-ml/otelcol-ml/internal/scrub"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
)

// openStorage opens the storage of the journal; nil where the config has none.
func (e *actionExporter) openStorage(ctx context.Context, host component.Host) (*storageclient.Client, error) {
	if e.cfg.Storage == nil {
		return nil, nil
	}
	return storageclient.Open(ctx, host, "storage", *e.cfg.Storage, storageclient.Owner{Kind: component.KindExporter, ID: e.id})
}

// evidenceStore keeps traces, or none where the config has no directory.
type evidenceStore struct {
	*evidence.Store
	links []evidence.Link
}

// openEvidence opens the buffer of spans.
func (e *actionExporter) openEvidence(ctx context.Context, host component.Host) (*evidenceStore, error) {
	c := &e.cfg.Evidence
	if c.Directory == "" {
		return &evidenceStore{}, nil
	}
	o := evidence.Options{
		Directory: c.Directory, MaxBytes: int64(c.MaxSizeMiB) << 20, MaxAge: c.MaxAge, MaxPinned: int64(c.MaxPinnedMiB) << 20,
		MaxSpansPerTrace: c.MaxSpansPerTrace, Contrast: c.ContrastTraces, Logger: e.logger,
		Redact: redact.Options{Keep: c.Keep, Remove: c.Remove, Features: c.Features},
		Links:  func(id pcommon.TraceID) []evidence.Link { return e.traceLinks(id) },
	}
	if c.ContrastTraces == 0 {
		o.Contrast = -1
	}
	if c.Jaeger.HasValue() {
		client, err := c.Jaeger.Get().ToClient(ctx, host.GetExtensions(), e.settings.TelemetrySettings)
		if err != nil {
			return nil, fmt.Errorf("'evidence::jaeger': %w", err)
		}
		scrub.Client(client)
		if o.Fetch, err = jaeger.New(client, c.Jaeger.Get().Endpoint); err != nil {
			return nil, fmt.Errorf("'evidence::jaeger': %w", err)
		}
	}
	store, err := evidence.Open(o)
	if err != nil {
		return nil, fmt.Errorf("'evidence::directory': %w", err)
	}
	return &evidenceStore{Store: store, links: e.plainLinks()}, nil
}

var errNoTraces = errors.New("no traces are kept: 'evidence::directory' is empty")

// placeholder is what makes a link one to a trace.
const placeholder = "{trace_id}"

// traceLinks are the links to a trace.
func (e *actionExporter) traceLinks(id pcommon.TraceID) []evidence.Link {
	out := []evidence.Link{}
	if href := alert.TraceURL(e.cfg.TraceURL, id, pcommon.SpanID{}); href != "" {
		out = append(out, evidence.Link{Text: "trace " + id.String()[:8], Href: href})
	}
	for _, text := range slices.Sorted(maps.Keys(e.cfg.Links)) {
		if strings.Contains(e.cfg.Links[text], placeholder) {
			out = append(out, evidence.Link{Text: text, Href: alert.TraceURL(e.cfg.Links[text], id, pcommon.SpanID{})})
		}
	}
	return out
}

// plainLinks are those that are the same for all traces.
func (e *actionExporter) plainLinks() []evidence.Link {
	var out []evidence.Link
	for _, text := range slices.Sorted(maps.Keys(e.cfg.Links)) {
		if !strings.Contains(e.cfg.Links[text], placeholder) {
			out = append(out, evidence.Link{Text: text, Href: e.cfg.Links[text]})
		}
	}
	return out
}

// Add keeps spans for a while.
func (s *evidenceStore) Add(td ptrace.Traces) {
	if s.Store != nil {
		s.Store.Add(td)
	}
}

// Pin keeps the traces of a case.
func (s *evidenceStore) Pin(caseID string, about evidence.About) {
	if s.Store != nil {
		s.Store.Pin(caseID, about)
	}
}

// Release forgets a case.
func (s *evidenceStore) Release(caseID string) {
	if s.Store != nil {
		s.Store.Release(caseID)
	}
}

// Describe returns what templates read as evidence.
func (s *evidenceStore) Describe(ctx context.Context, caseID string) map[string]any {
	out := map[string]any{"waterfall": "", "trace_ids": []any{}, "links": []any{}, "note": errNoTraces.Error()}
	if s.Store != nil {
		out = s.Store.Describe(ctx, caseID)
	}
	links, _ := out["links"].([]any)
	for _, l := range s.links {
		links = append(links, map[string]any{"text": l.Text, "href": l.Href})
	}
	out["links"] = links
	return out
}

// Files are what bodies carry.
func (s *evidenceStore) Files(caseID string) map[string]procedure.File {
	if s.Store == nil {
		none := func(context.Context, int) (procedure.Attachment, error) { return procedure.Attachment{}, errNoTraces }
		return map[string]procedure.File{action.Traces: none, action.TracesJSON: none}
	}
	return s.Store.Files(caseID)
}

// Close ends. What was pinned stays on disk.
func (s *evidenceStore) Close() error {
	if s == nil || s.Store == nil {
		return nil
	}
	return s.Store.Close()
}
