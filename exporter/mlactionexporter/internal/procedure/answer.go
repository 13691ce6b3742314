// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
	"github.com/otelcol-ml/otelcol-ml/internal/retryafter"
	"github.com/otelcol-ml/otelcol-ml/internal/scrub"
)

// maxReason is how much of an answer is said, in characters.
const maxReason = 300

// meaning is what an attempt says of the request's effect.
type meaning uint8

const (
	good         meaning = iota // it had its effect
	wasThere                    // it was done before
	bad                         // it had none, and will have none
	unauthorized                // it had none, for lack of a login
	later                       // it had none yet: it was not sent, or is to be sent again later
	unknown                     // it may have had its effect
)

// answer is what came of one attempt.
type answer struct {
	meaning meaning
	status  int
	// body is the decoded JSON, or the text; headers have lower-case names.
	body    any
	headers map[string]any
	// cut is set where the body is longer than what is read, or ends too early; body is nil then if
	// it is JSON.
	cut bool
	// wait is what the server asks for.
	wait time.Duration
	// reason says what went wrong.
	reason string
}

// attempt sends a request once.
func (x *run) attempt(ctx context.Context, s *action.Step, p *prepared) *answer {
	if timeout := x.timeout(s); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var reached contact
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, reached.trace()), p.method, p.url.String(), bytes.NewReader(p.body))
	if err != nil {
		return &answer{meaning: bad, reason: "the request cannot be written"}
	}
	request.Header = p.header.Clone()
	if len(p.body) == 0 {
		request.Body = http.NoBody
	}
	if p.sign != "" {
		if err := sign(request, p); err != nil {
			return &answer{meaning: bad, reason: err.Error()}
		}
	}
	response, err := x.client.Do(request)
	if err != nil {
		a := &answer{meaning: unknown, reason: "no answer: " + scrub.OneLine(withoutURL(err))}
		if reached.never(err) {
			a.meaning, a.reason = later, "not sent: "+scrub.OneLine(withoutURL(err))
		}
		return a
	}
	return x.read(s, response)
}

// timeout is how long one attempt may take; 0 where the client has one of its own.
func (x *run) timeout(s *action.Step) time.Duration {
	if s.Timeout == 0 && x.client.Timeout == 0 {
		return attemptTime
	}
	return s.Timeout
}

// sign adds the headers of Standard Webhooks.
func sign(request *http.Request, p *prepared) error {
	webhook, err := standardwebhooks.NewWebhook(p.sign)
	if err != nil {
		return errors.New("sign: the secret is no base64")
	}
	now := time.Now()
	signature, err := webhook.Sign(p.id, now, p.body)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	request.Header.Set(standardwebhooks.HeaderWebhookID, p.id)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return nil
}

// contact sees how far a request came.
type contact struct{ tried, connected atomic.Bool }

func (c *contact) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { c.tried.Store(true) },
		ConnectStart: func(string, string) { c.tried.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { c.connected.Store(true) },
	}
}

// never reports whether a request was certainly not sent: there was no connection to send it on.
func (c *contact) never(err error) bool {
	if c.connected.Load() {
		return false
	}
	if c.tried.Load() {
		return true
	}
	// Round trippers that are no http.Transport may not trace.
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	return dns || record || verify || authority
}

// withoutURL leaves out the URL of an error, which may have secrets.
func withoutURL(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return err.Error()
}

// read reads an answer, and says what it means.
func (x *run) read(s *action.Step, response *http.Response) *answer {
	a := &answer{status: response.StatusCode, headers: make(map[string]any, len(response.Header))}
	for name, values := range response.Header {
		a.headers[strings.ToLower(name)] = values[0]
	}
	limit := x.options.MaxAnswer
	data, err := io.ReadAll(io.LimitReader(response.Body, int64(limit)+1))
	response.Body.Close() // what is not read is thrown away with the connection
	if len(data) > limit {
		data, a.cut = data[:limit], true
	}
	a.cut = a.cut || err != nil
	isJSON := a.decode(data, response.Header.Get("Content-Type"))
	status := a.status
	switch {
	case slices.Contains(s.Already, status):
		a.meaning = wasThere
	case len(s.Statuses) == 0 && status >= 200 && status < 300, slices.Contains(s.Statuses, status):
		a.meaning = good
		if err != nil && s.ReadsOnly() {
			a.meaning, a.reason = unknown, "the answer broke off: "+scrub.OneLine(err.Error())
		}
		return a
	case status == http.StatusUnauthorized:
		a.meaning = unauthorized
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusTooEarly,
		status == http.StatusForbidden && response.Header.Get("Retry-After") != "": // GitHub's secondary limit
		a.meaning = later
	case status >= 500:
		a.meaning = unknown
	default:
		a.meaning = bad
	}
	a.wait = retryafter.Parse(response.Header.Get("Retry-After"), time.Now())
	a.reason = fmt.Sprintf("answered %d %s", status, http.StatusText(status))
	switch {
	case status >= 300 && status < 400:
		a.reason += ", which is not followed"
		if to, err := response.Location(); err == nil {
			a.reason += "; it leads to " + to.Host
		}
	case status >= 200 && status < 300:
		a.reason += ", not " + strings.Trim(fmt.Sprint(s.Statuses), "[]")
	}
	if why := x.scrub.Text(reason(a.body, data, isJSON)); why != "" {
		a.reason += ": " + language.Truncate(scrub.OneLine(why), maxReason)
	}
	return a
}

// decode reads the body as JSON if it says or looks like it, and reports whether it does.
func (a *answer) decode(data []byte, contentType string) bool {
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return false
	}
	isJSON := strings.Contains(contentType, "json") || trimmed[0] == '{' || trimmed[0] == '['
	if isJSON && a.cut {
		return true
	}
	if isJSON {
		if v, err := language.DecodeJSON(data); err == nil {
			a.body = v
			return true
		}
	}
	a.body = strings.ToValidUTF8(string(data), "\uFFFD")
	return false
}

// reason finds what an answer says in the forms that systems have for it: RFC 9457 (detail, title),
// {"message"}, {"error": {"message"}}, {"error_code", "message"}, Kubernetes' Status, Jira's
// {"errorMessages", "errors"}, PagerDuty's {"message", "errors": [...]}, and texts.
func reason(body any, data []byte, isJSON bool) string {
	m, ok := body.(map[string]any)
	if !ok {
		if text := strings.TrimSpace(string(data)); !strings.HasPrefix(text, "<") { // a page of HTML says nothing
			return text
		}
		return ""
	}
	var parts []string
	add := func(v any) {
		if text, ok := v.(string); ok && strings.TrimSpace(text) != "" && !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	for _, key := range []string{"error_code", "title", "reason", "error", "message", "detail"} {
		add(m[key])
	}
	for _, key := range []string{"error", "detail"} {
		switch v := m[key].(type) {
		case map[string]any:
			add(v["code"])
			add(v["message"])
			add(v["detail"])
		case []any: // FastAPI's list of violations
			parts = append(parts, language.Text(v))
		}
	}
	for _, key := range []string{"errorMessages", "errors"} {
		switch v := m[key].(type) {
		case []any:
			if len(v) > 0 {
				parts = append(parts, language.Text(v))
			}
		case map[string]any:
			if len(v) > 0 {
				parts = append(parts, language.Text(v))
			}
		}
	}
	if len(parts) == 0 && isJSON && len(m) > 0 {
		return language.Text(m)
	}
	return strings.Join(parts, ": ")
}
