// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// batcher is a span processor that exports a full batch before it takes the next span: the SDK's
// own drops spans or, when it blocks, keeps to itself what could not be exported. It is not safe
// for concurrent use.
type batcher struct {
	ctx      context.Context
	exporter sdktrace.SpanExporter
	size     int
	progress func(int)

	spans             []sdktrace.ReadOnlySpan
	attributes        int
	delivered, failed int
	err               error
}

var _ sdktrace.SpanProcessor = (*batcher)(nil)

func (*batcher) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

func (b *batcher) OnEnd(s sdktrace.ReadOnlySpan) {
	b.spans = append(b.spans, s)
	b.attributes += len(s.Attributes())
	if len(b.spans) >= b.size || b.attributes >= maxAttributes {
		_ = b.flush() // kept in b.err
	}
}

// flush exports what waits. After an error nothing is exported any more.
func (b *batcher) flush() error {
	if b.err != nil || len(b.spans) == 0 {
		return b.err
	}
	if err := b.exporter.ExportSpans(b.ctx, b.spans); err != nil {
		b.failed += len(b.spans)
		b.err = fmt.Errorf("the collector did not take a batch of %d spans: %w", len(b.spans), err)
	} else {
		b.delivered += len(b.spans)
		if b.progress != nil {
			b.progress(b.delivered)
		}
	}
	clear(b.spans)
	b.spans, b.attributes = b.spans[:0], 0
	return b.err
}

// ForceFlush exports what waits.
func (b *batcher) ForceFlush(context.Context) error { return b.flush() }

// Shutdown does nothing: Run has flushed, or has a reason not to.
func (*batcher) Shutdown(context.Context) error { return nil }
