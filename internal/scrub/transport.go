// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scrub

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
)

const (
	// maxBody is how much of an answer is scrubbed, in bytes: as much as any of our clients reads.
	maxBody = 32<<20 + 1
	// minInData is the length of a secret from which it is looked for in answers that are good: a
	// shorter one may be a number or a word of theirs.
	minInData = 16
)

// Client has all that comes back to a client scrubbed of the secrets that were sent: the values of
// headers, also those that an extension for authentication adds, and a password in the URL. More
// secrets may be given. The client is changed.
func Client(c *http.Client, secrets ...string) {
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	c.Transport = &transport{base: base, secrets: secrets}
}

type transport struct {
	base    http.RoundTripper
	secrets []string
}

// usual are headers whose values are no secrets.
var usual = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Connection": true, "Content-Encoding": true, "Content-Length": true, "Content-Type": true, "Host": true,
	"If-Modified-Since": true, "If-None-Match": true, "Traceparent": true, "Tracestate": true, "Transfer-Encoding": true, "User-Agent": true,
}

// sent gathers the secrets of one request. It is written to while the request is.
type sent struct {
	mu     sync.Mutex
	values []string
}

func (s *sent) header(name string, values []string) {
	if strings.HasPrefix(name, ":") || usual[http.CanonicalHeaderKey(name)] {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values = append(s.values, values...)
}

func (s *sent) scrubber() *Scrubber {
	s.mu.Lock()
	defer s.mu.Unlock()
	return New(s.values...)
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	s := &sent{values: append([]string(nil), t.secrets...)}
	if password, ok := request.URL.User.Password(); ok {
		s.values = append(s.values, password)
	}
	for name, values := range request.Header { // those that no extension changes, also where nothing is written
		s.header(name, values)
	}
	ctx := httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{WroteHeaderField: s.header})
	response, err := t.base.RoundTrip(request.WithContext(ctx))
	if err != nil {
		if text := s.scrubber().Text(err.Error()); text != err.Error() {
			err = &scrubbedError{text, err}
		}
		return response, err
	}
	good := response.StatusCode < http.StatusMultipleChoices
	if !good {
		scrubber := s.scrubber()
		response.Status = scrubber.Text(response.Status)
		for _, values := range response.Header {
			for i := range values {
				values[i] = scrubber.Text(values[i])
			}
		}
	}
	response.Body = &body{ReadCloser: response.Body, sent: s, good: good}
	return response, nil
}

// CloseIdleConnections lets the connections go.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// scrubbedError is an error with another text.
type scrubbedError struct {
	text string
	err  error
}

func (e *scrubbedError) Error() string { return e.text }

// Unwrap returns the error as it was, whose text is not to be shown.
func (e *scrubbedError) Unwrap() error { return e.err }

// Timeout tells whether it is that of a timeout, as http.Client asks.
func (e *scrubbedError) Timeout() bool {
	timeout, ok := errors.AsType[net.Error](e.err)
	return ok && timeout.Timeout()
}

// body is that of an answer. It is read as a whole when its first part is asked for.
type body struct {
	io.ReadCloser
	sent  *sent
	good  bool
	clean io.Reader // nil until then
}

func (b *body) Read(p []byte) (int, error) {
	if b.clean == nil {
		data, err := io.ReadAll(io.LimitReader(b.ReadCloser, maxBody))
		b.clean = io.MultiReader(bytes.NewReader(b.scrub(data)), b.rest(err))
	}
	return b.clean.Read(p)
}

// rest is what follows, or the error that does.
func (b *body) rest(err error) io.Reader {
	if err != nil {
		return failing{err}
	}
	return b.ReadCloser
}

func (b *body) scrub(data []byte) []byte {
	scrubber := b.sent.scrubber()
	if b.good {
		scrubber = scrubber.long()
	}
	if !scrubber.in(data) {
		return data
	}
	return []byte(scrubber.Text(string(data)))
}

// long is a Scrubber of the long forms alone.
func (s *Scrubber) long() *Scrubber {
	out := New()
	for _, form := range s.forms { // the longest come first
		if len(form) >= minInData {
			out.forms = append(out.forms, form)
		}
	}
	out.replace()
	return out
}

// in tells whether a secret is in data.
func (s *Scrubber) in(data []byte) bool {
	for _, form := range s.forms {
		if bytes.Contains(data, []byte(form)) {
			return true
		}
	}
	return false
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
