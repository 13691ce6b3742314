// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package fetch reads JSON from a registry over HTTP, with bounds on what a server can make it
// read.
//
// A Client remembers the ETags of one round of requests for the next one: what a server answers
// with 304 costs no body. The rest is what each registry's package needs: errors that know their
// status and Retry-After, and globs.
package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/retryafter"
)

const (
	// DefaultMaxBody is the largest answer, in bytes.
	DefaultMaxBody = 16 << 20
	// maxCache bounds the answers that are kept for their ETags, in bytes over all of a client.
	maxCache = 32 << 20
	// maxMessage is how much of an error's text is shown.
	maxMessage = 300
	// maxRetryAfter bounds what a server can ask for.
	maxRetryAfter = time.Hour
)

// Client reads from one server. It is for one goroutine.
type Client struct {
	http    *http.Client
	base    *url.URL
	maxBody int64
	// last are the answers of the last good round, current those of this one.
	last, current map[string]answer
	size          int
}

// answer is a body that a server has named.
type answer struct {
	etag string
	body []byte
}

// Error is an answer that is none.
type Error struct {
	// Path is the path that was asked for.
	Path string
	// Status is the HTTP status; 0 where the answer itself was bad.
	Status int
	// RetryAfter is what the server asked to wait, at most an hour; 0 where it did not.
	RetryAfter time.Duration
	// Message is what the server says, or what is wrong with what it says.
	Message string
}

// Error names the path, the status and what the server says.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Path + ": ")
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
		if e.Message != "" {
			b.WriteString(": ")
		}
	}
	b.WriteString(e.Message)
	return b.String()
}

// CheckEndpoint says whether a URL can be a server's: http or https, with a host, and without what
// belongs elsewhere.
func CheckEndpoint(endpoint string) (*url.URL, error) {
	if endpoint == "" {
		return nil, errors.New("must not be empty")
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("is no URL") // the error has the URL, and that may have a secret
	case u.User != nil:
		return nil, errors.New("must not have a user or a password, use auth or headers")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("must be a URL such as https://registry.example.com")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not have a query or a fragment")
	}
	return u, nil
}

// New returns a client for the server at endpoint, whose path may have a prefix. Redirects to
// another server are refused, as the headers with secrets would go there. maxBody 0 is
// DefaultMaxBody.
func New(client *http.Client, endpoint string, maxBody int64) (*Client, error) {
	base, err := CheckEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	if maxBody <= 0 {
		maxBody = DefaultMaxBody
	}
	if base.Path == "" {
		base.Path = "/"
	}
	own := *client
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if req.URL.Scheme != base.Scheme || req.URL.Host != base.Host {
			return errors.New("redirects to another server")
		}
		if len(via) > 5 {
			return errors.New("redirects too often")
		}
		return nil
	}
	return &Client{http: &own, base: base, maxBody: maxBody, last: map[string]answer{}, current: map[string]answer{}}, nil
}

// Begin starts a round of requests.
func (c *Client) Begin() { c.current, c.size = map[string]answer{}, 0 }

// End ends a round that was good: the answers of the one before that were not asked for again are
// forgotten.
func (c *Client) End() { c.last = c.current }

// Get asks for a path below the endpoint and decodes the answer. Errors of the server, and of what
// it says, are *Error.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	target := c.base.JoinPath(path)
	target.RawQuery = query.Encode()
	key := target.String()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, key, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	known, isKnown := c.last[key]
	if isKnown {
		req.Header.Set("If-None-Match", known.etag)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the query
		}
		return fmt.Errorf("%s: %w", target.Path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBody+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", target.Path, err)
	case resp.StatusCode == http.StatusNotModified && isKnown:
		body = known.body
		c.keep(key, known)
	case resp.StatusCode != http.StatusOK:
		return &Error{
			Path: target.Path, Status: resp.StatusCode, Message: message(body),
			RetryAfter: min(retryafter.Parse(resp.Header.Get("Retry-After"), time.Now()), maxRetryAfter),
		}
	case int64(len(body)) > c.maxBody:
		return &Error{Path: target.Path, Message: fmt.Sprintf("the answer has more than %d bytes", c.maxBody)}
	default:
		if etag := resp.Header.Get("ETag"); etag != "" && len(etag) <= 512 {
			defer func() {
				if err == nil {
					c.keep(key, answer{etag, body})
				}
			}()
		}
	}
	if err = decode(body, into); err != nil {
		err = &Error{Path: target.Path, Message: "the answer is not as expected: " + clip(err.Error())}
	}
	return err
}

// decode reads one JSON value.
func decode(body []byte, into any) error {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("is no JSON object")
	}
	return json.Unmarshal(body, into)
}

// keep remembers an answer where there is room.
func (c *Client) keep(key string, a answer) {
	if _, there := c.current[key]; there || c.size+len(a.body)+len(key) > maxCache {
		return
	}
	c.size += len(a.body) + len(key)
	c.current[key] = a
}

// CloseIdleConnections lets the connections go.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// message finds what a server's error says: MLflow's message, FastAPI's detail, or the text.
func message(body []byte) string {
	var known struct {
		Code    string          `json:"error_code"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if decode(body, &known) == nil {
		var detail string
		if json.Unmarshal(known.Detail, &detail) != nil {
			detail = string(known.Detail)
		}
		parts := make([]string, 0, 3)
		for _, p := range []string{known.Code, known.Message, detail} {
			if p != "" && p != "null" {
				parts = append(parts, p)
			}
		}
		if len(parts) > 0 {
			return clip(strings.Join(parts, ": "))
		}
	}
	return clip(strings.TrimSpace(string(body)))
}

// clip bounds a string for the log and takes control characters out.
func clip(s string) string {
	if len(s) > maxMessage {
		s = s[:maxMessage] + "…"
	}
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s), "\uFFFD")
}
