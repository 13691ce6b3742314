// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

// result is what became of a request and its response.
type result struct {
	// rows is the number of rows, 0 if unknown.
	rows int
	// written is true where the span says more than that the model was called.
	written bool
	// leftOut counts tensors without cells, by why.
	leftOut [payload.NumOmissions]int64
}

// write puts features and answers on a span. Either payload may be nil. They may be written again,
// with the same result.
func write(attrs pcommon.Map, k *knowledge, request, response *payload.Payload) result {
	w := writer{attrs: attrs, k: k, rows: -1}
	if request != nil {
		w.rows = request.Rows
		w.oneRow(request)
	}
	if w.rows < 0 && response != nil {
		w.rows = response.Rows
	}
	w.result.rows = max(w.rows, 0)
	if w.rows > 1 {
		attrs.PutInt(mlconv.AttrBatchSize, int64(w.rows))
	}
	if request != nil {
		w.features(request)
	}
	if response != nil && response.Failure == nil {
		w.answer(response)
	}
	return w.result
}

type writer struct {
	attrs  pcommon.Map
	k      *knowledge
	rows   int
	result result
}

// oneRow turns a bare list of numbers into one row where it is as long as the model has features.
func (w *writer) oneRow(p *payload.Payload) {
	if n := w.k.numFeatures(); n > 1 && len(p.Tensors) == 1 {
		t := &p.Tensors[0]
		_, column := w.k.features[t.Name]
		if t.Rank == 1 && t.Rows == n && !t.Keyed && !column && t.Names == nil && t.Omitted == payload.Kept {
			t.Rows, t.Width, p.Rows, w.rows = 1, n, 1, 1
		}
	}
}

// usable is true for a tensor with cells for every row.
func (w *writer) usable(t *payload.Tensor, broadcast bool) bool {
	o := t.Omitted
	if o == payload.Kept && t.Rows != w.rows && (t.Rows != 1 || !broadcast) {
		o = payload.RowsDisagree
	}
	if o != payload.Kept {
		w.result.leftOut[o]++
		return false
	}
	return t.Width > 0 && t.Rows > 0
}

func (w *writer) features(p *payload.Payload) {
	width := 0
	for i := range p.Tensors {
		width += p.Tensors[i].Width
	}
	w.attrs.EnsureCapacity(w.attrs.Len() + min(width, 1<<12) + 6)
	alone := len(p.Tensors) == 1
	for i := range p.Tensors {
		t := &p.Tensors[i]
		if !w.usable(t, true) {
			continue
		}
		w.result.written = true
		for j := range t.Width {
			column{t, j}.put(w.attrs, w.featureKey(t, j, alone))
		}
	}
}

// featureKey returns the attribute of a column; alone says that the tensor is the only one.
func (w *writer) featureKey(t *payload.Tensor, j int, alone bool) string {
	switch {
	case t.Names != nil:
		return mlconv.PrefixFeature + t.Names[j]
	case alone && !t.Keyed && t.Width == len(w.k.featureKeys) && (t.Name == "" || t.Rank > 1 || t.Width > 1):
		return w.k.featureKeys[j]
	case t.Width == 1 && t.Name != "":
		return mlconv.PrefixFeature + t.Name
	case alone || t.Name == "":
		if j < len(positionKeys) {
			return positionKeys[j]
		}
		return positionKey(j)
	default:
		return mlconv.PrefixFeature + t.Name + "_" + strconv.Itoa(j)
	}
}
