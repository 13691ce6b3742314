// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package alert

import (
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// DefaultTraceURL is the template of a link to a trace in a Jaeger on this computer.
const DefaultTraceURL = "http://localhost:16686/trace/{trace_id}?uiFind={span_id}"

// TraceURL fills the template of a link to a trace: {trace_id} and {span_id} become the ids in hex.
// It is empty without a template or a trace. Without a span the parameter of the query that would
// name it is left out.
func TraceURL(template string, trace pcommon.TraceID, span pcommon.SpanID) string {
	if template == "" || trace.IsEmpty() {
		return ""
	}
	id := ""
	if !span.IsEmpty() {
		id = hex.EncodeToString(span[:])
	}
	if base, query, ok := strings.Cut(template, "?"); ok && id == "" {
		parameters := slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool { return strings.HasSuffix(p, "={span_id}") })
		template = base
		if len(parameters) > 0 {
			template += "?" + strings.Join(parameters, "&")
		}
	}
	return strings.NewReplacer("{trace_id}", hex.EncodeToString(trace[:]), "{span_id}", id).Replace(template)
}

// CheckTraceURL says what is wrong with a template; the empty one is good.
func CheckTraceURL(template string) error {
	if template == "" {
		return nil
	}
	if !strings.Contains(template, "{trace_id}") {
		return errors.New("must contain {trace_id}")
	}
	u, err := url.Parse(strings.NewReplacer("{trace_id}", "0", "{span_id}", "0").Replace(template))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("must be an http or https URL")
	}
	return nil
}
