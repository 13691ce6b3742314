// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/jsonscan"
)

// Parse reads a JSON body in one of the protocols. A response that is an error has a Failure.
// Whatever is wrong with it, the error is an *Error.
func Parse(body string, side Side, limits Limits) (*Payload, error) {
	out, known, err := parse(body, side, limits)
	if err != nil || known {
		return out, err
	}
	if side == Request {
		return nil, failf(UnsupportedPayload, "the request has none of instances, inputs, data, jsonData, strData, binData, dataframe_split and dataframe_records")
	}
	return nil, failf(UnsupportedPayload, "the response has none of predictions, outputs, data, jsonData, strData, binData and error")
}

// parse reads a document; known is false where it has no key of any protocol.
func parse(body string, side Side, limits Limits) (out *Payload, known bool, err error) {
	body = strings.TrimPrefix(body, byteOrderMark)
	r := reader{p: jsonscan.New(body), side: side, limits: limits, out: &Payload{Rows: -1, bytes: len(body)}}
	switch r.p.Peek() {
	case '{':
	case 0:
		return nil, false, failf(UnsupportedPayload, "the %s has no body", side)
	default:
		return nil, false, failf(UnsupportedPayload, "the %s is no JSON object", side)
	}
	if err := r.document(); err != nil {
		return nil, false, explain(&r.p, err)
	}
	r.finish()
	return r.out, r.known || r.out.Failure != nil, nil
}

// reader reads one document.
type reader struct {
	p      jsonscan.Scanner
	side   Side
	limits Limits
	out    *Payload
	// known is set once a key of a protocol was there.
	known bool
	// detail is FastAPI's way to say that something went wrong; it counts where there is no answer.
	detail string
	// decoded is what strings take that were decoded from base64, in bytes.
	decoded int
}

func (r *reader) document() error {
	err := r.p.Object(func(key string) error {
		switch key {
		case "instances":
			return r.when(Request, r.rows)
		case "predictions":
			return r.when(Response, r.rows)
		case "inputs":
			return r.when(Request, r.inputs)
		case "outputs":
			return r.when(Response, r.inputs)
		case "data":
			return r.data()
		case "jsonData":
			return r.rowsOrRow()
		case "strData", "binData": // one string or one file: a row that is not a table
			r.known, r.out.Rows = true, 1
			return r.p.Skip()
		case "dataframe_split":
			return r.when(Request, r.split)
		case "dataframe_records":
			return r.when(Request, r.rows)
		case "raw_input_contents", "raw_output_contents":
			return failf(UnsupportedPayload, "%s: binary tensor data is not read", key)
		case "model_name":
			return r.label(&r.out.ModelName)
		case "model_version":
			return r.label(&r.out.ModelVersion)
		case "id":
			return r.label(&r.out.ID)
		case "error":
			return r.when(Response, r.failure)
		case "detail":
			return r.label(&r.detail)
		case "status":
			return r.when(Response, r.status)
		}
		return r.p.Skip()
	})
	if err != nil {
		return err
	}
	if !r.known && r.detail != "" && r.side == Response && r.out.Failure == nil {
		r.out.Failure = &Failure{Message: clip(r.detail)}
	}
	return r.p.End()
}

// finish bounds the columns of all tensors together.
func (r *reader) finish() {
	r.out.bytes += r.p.Copied() + r.decoded
	width := 0
	for i := range r.out.Tensors {
		t := &r.out.Tensors[i]
		if t.Omitted != Kept {
			continue
		}
		if width += t.Width; width > r.limits.Columns {
			t.omit(TooWide)
		}
	}
}
