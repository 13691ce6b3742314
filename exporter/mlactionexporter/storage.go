// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlactionexporter

import (
	"context"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/internal/configcheck"
	"github.com/otelcol-ml/otelcol-ml/internal/state/storageclient"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// openStorage opens the storage of the journal; nil where the config has none.
func (e *actionExporter) openStorage(ctx context.Context, host component.Host) (*storageclient.Client, error) {
	if e.cfg.Storage == nil {
		return nil, nil
	}
	return storageclient.Open(ctx, host, "storage", *e.cfg.Storage, storageclient.Owner{Kind: component.KindExporter, ID: e.id})
}

// evidenceStore keeps traces.
type evidenceStore struct{}

func (e *actionExporter) openEvidence(context.Context, component.Host) (*evidenceStore, error) {
	return &evidenceStore{}, nil
}

func (*evidenceStore) Add(ptrace.Traces)                      {}
func (*evidenceStore) Pin(string, []pcommon.TraceID)          {}
func (*evidenceStore) Release(string)                         {}
func (*evidenceStore) Close() error                           { return nil }
func (*evidenceStore) Files(string) map[string]procedure.File { return nil }
func (*evidenceStore) Describe(context.Context, string) map[string]any {
	return map[string]any{"waterfall": "", "trace_ids": []any{}, "links": []any{}, "note": ""}
}

// Evidence is what is kept of spans.
type Evidence struct{}

func defaultEvidence() Evidence { return Evidence{} }

func (*Evidence) check(*configcheck.Violations) {}
