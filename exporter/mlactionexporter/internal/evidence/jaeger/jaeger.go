// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package jaeger fetches a trace from the query API of Jaeger, version 3, which Jaeger 1.3 and later and Jaeger 2
// serve: https://github.com/jaegertracing/jaeger-idl/blob/main/proto/api_v3/query_service.proto.
package jaeger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// ErrNotFound is returned for a trace that Jaeger does not have.
var ErrNotFound = errors.New("the trace is not in Jaeger")

// Client asks one Jaeger. It is safe for concurrent use.
type Client struct {
	http *http.Client
	base *url.URL
	// maxBytes bounds an answer.
	maxBytes int64
}

const maxAnswer = 32 << 20

// New returns a client of the Jaeger whose API is at base, such as http://jaeger:16686, with a path where it has one
// (--query.base-path). It does not follow redirects, whatever c does.
func New(c *http.Client, base string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the endpoint is no URL with http or https and a host")
	}
	own := *c
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{http: &own, base: u, maxBytes: maxAnswer}, nil
}

// Trace returns the spans of a trace as they were sent, without what Jaeger corrects. start and end are when it was,
// which some storages need; zero where that is not known. The error is ErrNotFound where Jaeger answers so, or has no
// span of it.
func (c *Client) Trace(ctx context.Context, id pcommon.TraceID, start, end time.Time) (ptrace.Traces, error) {
	u := c.base.JoinPath("api/v3/traces", id.String())
	q := url.Values{"raw_traces": {"true"}}
	if !start.IsZero() && !end.IsZero() {
		q.Set("start_time", start.UTC().Format(time.RFC3339Nano))
		q.Set("end_time", end.UTC().Format(time.RFC3339Nano))
	}
	u.RawQuery = q.Encode()
	none := ptrace.NewTraces()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return none, errors.New("the request to Jaeger cannot be made")
	}
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		// Of a *url.Error the URL is left out: it may have a password.
		if of := (*url.Error)(nil); errors.As(err, &of) {
			err = of.Err
		}
		return none, fmt.Errorf("ask Jaeger: %w", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, c.maxBytes+1))
	switch {
	case res.StatusCode == http.StatusNotFound:
		return none, ErrNotFound
	case res.StatusCode != http.StatusOK:
		return none, fmt.Errorf("the answer of Jaeger is %d: %s", res.StatusCode, message(data))
	case err != nil:
		return none, fmt.Errorf("read Jaeger's answer: %w", err)
	case int64(len(data)) > c.maxBytes:
		return none, fmt.Errorf("the answer of Jaeger has more than %d bytes", c.maxBytes)
	}
	return decode(data, id)
}

// answer is one of those in a body.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		HTTPCode int    `json:"httpCode"`
		Message  string `json:"message"`
	} `json:"error"`
}

// decode reads a body: one answer, or several, as the gateway writes a stream in chunks. What is of another trace is
// left out.
func decode(data []byte, id pcommon.TraceID) (ptrace.Traces, error) {
	out := ptrace.NewTraces()
	d := json.NewDecoder(strings.NewReader(string(data)))
	for {
		var a answer
		err := d.Decode(&a)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, errors.New("the answer of Jaeger is not the JSON that is expected")
		}
		if a.Error != nil {
			if a.Error.HTTPCode == http.StatusNotFound {
				return out, ErrNotFound
			}
			return out, fmt.Errorf("the answer of Jaeger is %d: %s", a.Error.HTTPCode, short(a.Error.Message))
		}
		if len(a.Result) == 0 {
			return out, errors.New("the answer of Jaeger has no result")
		}
		td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(a.Result)
		if err != nil {
			return out, errors.New("the result in Jaeger's answer is no OTLP")
		}
		td.ResourceSpans().MoveAndAppendTo(out.ResourceSpans())
	}
	out.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.Spans().RemoveIf(func(s ptrace.Span) bool { return s.TraceID() != id })
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
	if out.SpanCount() == 0 {
		return out, ErrNotFound
	}
	return out, nil
}

// message is what the body of an error says.
func message(data []byte) string {
	var a answer
	if json.Unmarshal(data, &a) == nil && a.Error != nil {
		return short(a.Error.Message)
	}
	return short(string(data))
}

const maxMessage = 200

func short(s string) string {
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "?")
	if len(s) > maxMessage {
		return strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}
