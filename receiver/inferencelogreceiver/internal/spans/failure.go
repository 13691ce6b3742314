// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"net/http"
	"strconv"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/call"
)

// failure marks the span of a response that is an error.
func failure(span ptrace.Span, c *call.Call) {
	f := c.Payload.Failure
	if f == nil && c.Status < http.StatusBadRequest {
		return
	}
	kind, message := "_OTHER", ""
	if f != nil {
		message = f.Message
		if f.Code != "" {
			kind = f.Code
		}
	}
	if c.Status >= http.StatusBadRequest {
		kind = strconv.Itoa(c.Status)
	}
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage(message)
	span.Attributes().PutStr(mlconv.AttrErrorType, kind)
}
