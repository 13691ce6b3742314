// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package payload reads what a model server was asked and what it answered.
//
// A body is read once, from left to right, into tensors: blocks of rows and columns whose cells are
// numbers, strings or booleans. Known are the Open Inference Protocol V1 (instances, predictions;
// TensorFlow's columnar inputs and outputs, too) and V2 (inputs and outputs with a name, a shape
// and a datatype), Seldon's data.ndarray and data.tensor, the dataframes of MLflow's scoring
// server, CSV and JSON lines. What is not a table (images, token lists of different lengths, long
// strings) keeps its number of rows and loses its cells; LeftOut says why.
//
//	body ── scanner ──► nested arrays, rows of objects, tensors with a shape ──► Payload
//
// Sources: the protocols as published at
// https://kserve.github.io/website/docs/concepts/architecture/data-plane (V1 and V2),
// https://www.tensorflow.org/tfx/serving/api_rest (columnar),
// https://docs.seldon.io/projects/seldon-core/en/latest/reference/apis/prediction.html
// (SeldonMessage), https://mlflow.org/docs/latest/deployment/deploy-model-locally (dataframe_split,
// dataframe_records).
package payload

import (
	"fmt"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// Limits bound what is kept of one body. The body's own length is the caller's to bound.
type Limits struct {
	// Rows is the largest number of rows; more make the payload TooLarge.
	Rows int
	// Columns is the largest number of columns of a table; what is wider is not a table of features
	// and is left out.
	Columns int
	// Values is the largest number of cells of one payload.
	Values int
	// Text is the longest string of a cell, in bytes; a column with a longer one is left out.
	Text int
}

// Reason is why a payload was refused.
type Reason string

// The reasons.
const (
	// BadPayload is neither JSON nor CSV, or contradicts itself.
	BadPayload Reason = "bad_payload"
	// UnsupportedPayload is a protocol or an extension that is not read.
	UnsupportedPayload Reason = "unsupported_payload"
	// TooLarge has more rows or values than allowed.
	TooLarge Reason = "too_large"
)

// Error is a payload that was refused.
type Error struct {
	Reason  Reason
	Message string
}

func (e *Error) Error() string { return e.Message }

func failf(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Omission is why a tensor or a column has no cells.
type Omission uint8

// The omissions.
const (
	// Kept cells are there.
	Kept Omission = iota
	// TooWide tables have more columns than allowed: images, sequences.
	TooWide
	// Ragged rows have different lengths or depths.
	Ragged
	// NotScalar values are objects or binary data.
	NotScalar
	// LongText is a string beyond the limit.
	LongText
	// RowsDisagree is a tensor with another number of rows than the rest.
	RowsDisagree
	// NumOmissions is how many there are.
	NumOmissions
)

var omissionNames = [NumOmissions]string{"kept", "too_wide", "ragged", "not_scalar", "long_text", "rows_disagree"}

func (o Omission) String() string { return omissionNames[o] }

// Tensor is a block of rows and columns.
type Tensor struct {
	// Name is the tensor's, or the key's in rows of objects; empty for bare arrays.
	Name string
	// Keyed is set where Name is the key of a column: in rows of objects, and where each column has
	// its own array.
	Keyed bool
	// Names are those of the columns; nil where they have none.
	Names []string
	// Rows and Width are the numbers of rows and columns, Rank the number of dimensions as sent.
	Rows, Width, Rank int
	// Cells are the values, row by row; nil where they were left out.
	Cells []value.Value
	// Omitted says why there are no cells.
	Omitted Omission
}

// At returns the cell in a row and a column.
func (t *Tensor) At(row, column int) value.Value { return t.Cells[row*t.Width+column] }

func (t *Tensor) omit(o Omission) {
	t.Cells = nil
	if t.Omitted == Kept {
		t.Omitted = o
	}
}

// Failure is what a server says in place of an answer.
type Failure struct {
	// Code is the server's, often an HTTP status; empty if it gives none.
	Code string
	// Message is cut to 256 bytes.
	Message string
}

// Payload is one request or one response.
type Payload struct {
	// ModelName, ModelVersion and ID are what a V2 payload says of itself.
	ModelName, ModelVersion, ID string
	// Rows is the number of rows, -1 if there is none to be seen.
	Rows int
	// Tensors are the inputs or outputs, in their order.
	Tensors []Tensor
	// Failure is set on the body of an error.
	Failure *Failure

	bytes int
}

// Size is about what the payload takes in memory, in bytes.
func (p *Payload) Size() int {
	n := 256 + p.bytes
	for i := range p.Tensors {
		n += 128 + cap(p.Tensors[i].Cells)*value.Size
	}
	return n
}

// Side is which of the two bodies a payload is.
type Side uint8

// The sides.
const (
	Request Side = iota
	Response
)

func (s Side) String() string {
	if s == Response {
		return "response"
	}
	return "request"
}
