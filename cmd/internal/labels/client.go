// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/internal/retryafter"
)

// DefaultEndpoint is where the ground_truth receiver listens if it is not told otherwise.
const DefaultEndpoint = "http://localhost:4319" + defaultPath

const defaultPath = "/v1/ground-truth"

// MaxBatch is the number of labels that are posted at once at most. The receiver takes 10,000 labels,
// and 4 MiB, if it is not told otherwise.
const MaxBatch = 1000

// Waits between two attempts, where the collector does not say how long to wait.
const (
	// maxRetryAfter is how long a server may ask to be left alone.
	maxRetryAfter = time.Hour
	firstWait     = 200 * time.Millisecond
	longestWait   = 5 * time.Second
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

// Options say where labels are posted.
type Options struct {
	// Endpoint is an address with http:// or https://; without a path it is that of the receiver.
	// Empty means DefaultEndpoint.
	Endpoint string
	// Headers are sent along.
	Headers map[string]string
	// Timeout is how long a request is tried again; zero means 30 seconds.
	Timeout time.Duration
}

// Client posts labels. It is not safe for concurrent use.
type Client struct {
	// Tally is what has become of all labels so far.
	Tally Tally

	address string
	headers map[string]string
	timeout time.Duration
	http    *http.Client
	// now and sleep are the clock.
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

// NewClient returns a client, or what is wrong with the options.
func NewClient(o Options) (*Client, error) {
	c := &Client{address: o.Endpoint, headers: o.Headers, timeout: o.Timeout, http: &http.Client{}, now: time.Now, sleep: Sleep}
	if c.timeout == 0 {
		c.timeout = 30 * time.Second
	}
	if c.address == "" {
		c.address = DefaultEndpoint
	}
	u, err := url.Parse(c.address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("labels-endpoint: %q is not an address such as %s", o.Endpoint, DefaultEndpoint)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = defaultPath
	}
	c.address = u.String()
	return c, nil
}

// Sleep waits, or returns the context's error where that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Post sends labels, at most MaxBatch of them in a request. It returns an error at the first request
// that is not taken, or of which a label is rejected; Tally holds in any case.
func (c *Client) Post(ctx context.Context, labels []Label) error {
	for len(labels) > 0 {
		n := min(len(labels), MaxBatch)
		if err := c.post(ctx, labels[:n]); err != nil {
			return fmt.Errorf("the collector did not take a request of %s: %w", console.Plural(n, "label"), err)
		}
		labels = labels[n:]
	}
	return nil
}

// errTooLarge is the answer to a request of more labels, or bytes, than the receiver takes.
var errTooLarge = errors.New("the request is too large")

func (c *Client) post(ctx context.Context, labels []Label) error {
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	lines.SetEscapeHTML(false)
	for i := range labels {
		if err := lines.Encode(&labels[i]); err != nil {
			return err
		}
	}
	err := c.insist(ctx, body.Bytes())
	if n := len(labels) / 2; n > 0 && errors.Is(err, errTooLarge) {
		if err = c.post(ctx, labels[:n]); err == nil {
			err = c.post(ctx, labels[n:])
		}
		return err
	}
	if rejected, ok := errors.AsType[rejectedError](err); ok {
		return rejected.of(labels)
	}
	return err
}

// rejectedError says that labels were none to the collector, and which was the first.
type rejectedError struct {
	n, line int
	message string
}

func (e rejectedError) Error() string {
	return console.Plural(e.n, "label") + " rejected: " + e.message
}

// of names the prediction of the first one.
func (e rejectedError) of(labels []Label) error {
	if e.line < 1 || e.line > len(labels) {
		return e
	}
	l := &labels[e.line-1]
	return fmt.Errorf("%s rejected; the first is that of prediction %q: %s", console.Plural(e.n, "label"), cmp.Or(l.PredictionID, l.SpanID.String()), e.message)
}

// busyError is why a request may be taken later; after is how long the collector asks to wait, 0
// where it does not say.
type busyError struct {
	error
	after time.Duration
}

// insist sends a request until it is taken, refused for good, or time is up.
func (c *Client) insist(ctx context.Context, body []byte) error {
	deadline := c.now().Add(c.timeout)
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		err := c.attempt(ctx, body, deadline)
		busy, again := errors.AsType[busyError](err)
		if !again {
			return err
		}
		pause := max(busy.after, wait)
		if c.now().Add(pause).After(deadline) {
			return fmt.Errorf("tried for %s: %w", c.timeout, busy.error)
		}
		if err := c.sleep(ctx, pause); err != nil {
			return errors.Join(err, busy.error)
		}
	}
}

func (c *Client) attempt(ctx context.Context, body []byte, deadline time.Time) error {
	bounded, cancel := context.WithTimeout(ctx, deadline.Sub(c.now()))
	defer cancel()
	req, err := http.NewRequestWithContext(bounded, http.MethodPost, c.address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for key, value := range c.headers {
		req.Header.Set(key, value)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return busyError{error: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return busyError{error: err}
	}
	return c.take(resp, text)
}

// answer is the receiver's.
type answer struct {
	Accepted, Duplicate, Late, Rejected int
	Error                               string
	Errors                              []struct {
		Line           int
		Field, Message string
	}
}

// take reads an answer.
func (c *Client) take(resp *http.Response, text []byte) error {
	var a answer
	isAnswer := json.Unmarshal(text, &a) == nil
	said := a.Error
	if !isAnswer || said == "" {
		said = resp.Status
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusAccepted:
		if !isAnswer {
			return fmt.Errorf("%s: the answer is not that of a ground_truth receiver", resp.Status)
		}
		c.Tally.add(&a)
		return nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return busyError{error: errors.New(said), after: min(retryafter.Parse(resp.Header.Get("Retry-After"), c.now()), maxRetryAfter)}
	case http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %s", errTooLarge, said)
	}
	if resp.StatusCode == http.StatusBadRequest && a.Error == "" && len(a.Errors) > 0 {
		c.Tally.add(&a)
		first := a.Errors[0]
		if first.Field != "" {
			first.Message = first.Field + ": " + first.Message
		}
		return rejectedError{a.Rejected, first.Line, first.Message}
	}
	return errors.New(said)
}
