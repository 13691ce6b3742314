// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package labels

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// server answers as its function says, and keeps the bodies that it got.
type server struct {
	t      *testing.T
	answer func(w http.ResponseWriter, request int, lines []string)
	bodies [][]string
	header http.Header
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	assert.NoError(s.t, err)
	lines := strings.Split(strings.TrimSpace(string(body)), "\n")
	s.bodies, s.header = append(s.bodies, lines), r.Header
	s.answer(w, len(s.bodies), lines)
}

// accept is the answer to lines that are all taken.
func accept(w http.ResponseWriter, _ int, lines []string) {
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"accepted":%d,"duplicate":0,"late":0,"rejected":0}`, len(lines))
}

// client posts to a server. Its clock stands still but for the waits, which it returns.
func client(t *testing.T, answer func(http.ResponseWriter, int, []string)) (*Client, *server, *[]time.Duration) {
	t.Helper()
	s := &server{t: t, answer: answer}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	c, err := NewClient(Options{Endpoint: h.URL, Headers: map[string]string{"x-team": "risk"}})
	require.NoError(t, err)
	now, waits := noon, &[]time.Duration{}
	c.now = func() time.Time { return now }
	c.sleep = func(_ context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		now = now.Add(d)
		return nil
	}
	return c, s, waits
}

func some(n int) []Label {
	all := make([]Label, n)
	for i := range all {
		all[i] = Label{PredictionID: fmt.Sprintf("p%d", i), Label: "1", Time: noon}
	}
	return all
}

func TestPost(t *testing.T) {
	c, s, _ := client(t, accept)
	l := Label{
		TraceID: [16]byte{1}, SpanID: [8]byte{2}, Model: "fraud", Environment: "production", Label: "a<b",
		Time: noon, PredictionTime: noon.Add(-time.Hour),
	}
	require.NoError(t, c.Post(t.Context(), []Label{l, {PredictionID: "p", Label: "2.5", Time: noon}}))
	assert.Equal(t, []string{
		`{"trace_id":"01000000000000000000000000000000","span_id":"0200000000000000","model":"fraud","environment":"production","label":"a<b",` +
			`"label_time":"2026-11-22T12:00:00Z","prediction_time":"2026-11-22T11:00:00Z"}`,
		`{"prediction_id":"p","label":"2.5","label_time":"2026-11-22T12:00:00Z"}`,
	}, s.bodies[0])
	assert.Equal(t, "application/x-ndjson", s.header.Get("Content-Type"))
	assert.Equal(t, "risk", s.header.Get("X-Team"))
	assert.Equal(t, Tally{Accepted: 2}, c.Tally)

	require.NoError(t, c.Post(t.Context(), some(2*MaxBatch+1)))
	require.Len(t, s.bodies, 4)
	assert.Len(t, s.bodies[1], MaxBatch)
	assert.Len(t, s.bodies[3], 1)
	assert.Equal(t, 2*MaxBatch+3, c.Tally.Sent())
	require.NoError(t, c.Post(t.Context(), nil))
	assert.Len(t, s.bodies, 4, "nothing is nothing")
}

func TestTally(t *testing.T) {
	c, _, _ := client(t, func(w http.ResponseWriter, _ int, _ []string) {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"accepted":1,"duplicate":2,"late":3,"rejected":0}`)
	})
	require.NoError(t, c.Post(t.Context(), some(6)))
	assert.Equal(t, Tally{Accepted: 1, Duplicate: 2, Late: 3}, c.Tally)
}

// A collector without room is asked again, as late as it says.
func TestBusy(t *testing.T) {
	c, s, waits := client(t, func(w http.ResponseWriter, request int, lines []string) {
		switch request {
		case 1:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"accepted":0,"duplicate":0,"late":0,"rejected":0,"error":"the pipeline has no room: full"}`)
		case 2:
			w.Header().Set("Retry-After", noon.Add(10*time.Second).Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			w.WriteHeader(http.StatusBadGateway)
		default:
			accept(w, request, lines)
		}
	})
	require.NoError(t, c.Post(t.Context(), some(1)))
	assert.Equal(t, []time.Duration{7 * time.Second, 3 * time.Second, 4 * firstWait}, *waits)
	assert.Len(t, s.bodies, 4)
	assert.Equal(t, Tally{Accepted: 1}, c.Tally, "it counts once")
}

func TestBusyForTooLong(t *testing.T) {
	c, _, waits := client(t, func(w http.ResponseWriter, _ int, _ []string) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":"the pipeline has no room: full"}`)
	})
	require.EqualError(t, c.Post(t.Context(), some(2)), "the collector did not take a request of 2 labels: tried for 30s: the pipeline has no room: full")
	assert.Equal(t, []time.Duration{20 * time.Second}, *waits, "not beyond the time that it has")
	assert.Zero(t, c.Tally)

	c.sleep = func(context.Context, time.Duration) error { return context.Canceled }
	assert.ErrorIs(t, c.Post(t.Context(), some(1)), context.Canceled)
}

func TestNoAnswer(t *testing.T) {
	requests := 0
	c, _, waits := client(t, func(w http.ResponseWriter, request int, lines []string) {
		if requests++; requests == 1 {
			panic(http.ErrAbortHandler)
		}
		accept(w, request, lines)
	})
	require.NoError(t, c.Post(t.Context(), some(1)))
	assert.Equal(t, []time.Duration{firstWait}, *waits)
}

// Requests are halved until the collector takes them.
func TestTooLarge(t *testing.T) {
	c, s, _ := client(t, func(w http.ResponseWriter, request int, lines []string) {
		if len(lines) > 2 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_, _ = io.WriteString(w, `{"error":"there are more labels than 'limits::labels'; send less at a time"}`)
			return
		}
		accept(w, request, lines)
	})
	require.NoError(t, c.Post(t.Context(), some(5)))
	assert.Equal(t, Tally{Accepted: 5}, c.Tally)
	var ids []string
	for _, body := range s.bodies {
		for _, line := range body {
			var l Label
			require.NoError(t, json.Unmarshal([]byte(line), &l))
			if len(body) <= 2 {
				ids = append(ids, l.PredictionID)
			}
		}
	}
	assert.Equal(t, []string{"p0", "p1", "p2", "p3", "p4"}, ids)

	c, _, _ = client(t, func(w http.ResponseWriter, _ int, _ []string) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	assert.ErrorIs(t, c.Post(t.Context(), some(1)), errTooLarge)
}

func TestRefused(t *testing.T) {
	for want, answer := range map[string]func(http.ResponseWriter){
		`1 label rejected; the first is that of prediction "p1": label_time: "x" is in the future`: func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"accepted":1,"duplicate":0,"late":0,"rejected":1,"errors":[{"line":2,"column":1,"offset":9,"field":"label_time","reason":"bad_label","message":"\"x\" is in the future"}]}`)
		},
		`the pipeline does not take it: no`: func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"accepted":0,"rejected":1,"errors":[{"line":1}],"error":"the pipeline does not take it: no"}`)
		},
		`404 Not Found`:    func(w http.ResponseWriter) { http.Error(w, "404 page not found", http.StatusNotFound) },
		`401 Unauthorized`: func(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) },
		`200 OK: the answer is not that of a ground_truth receiver`: func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") },
	} {
		c, s, _ := client(t, func(w http.ResponseWriter, _ int, _ []string) { answer(w) })
		require.EqualError(t, c.Post(t.Context(), some(2)), "the collector did not take a request of 2 labels: "+want)
		assert.Len(t, s.bodies, 1, "it is not sent again")
		if strings.Contains(want, "rejected") {
			assert.Equal(t, Tally{Accepted: 1, Rejected: 1}, c.Tally)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for given, want := range map[string]string{
		"":                                   DefaultEndpoint,
		"http://localhost:4319":              DefaultEndpoint,
		"https://labels.example.com/":        "https://labels.example.com/v1/ground-truth",
		"https://labels.example.com/a/b?c=d": "https://labels.example.com/a/b?c=d",
	} {
		c, err := NewClient(Options{Endpoint: given})
		require.NoError(t, err)
		assert.Equal(t, want, c.address)
	}
	for _, given := range []string{"localhost:4319", "ftp://localhost", "http://", "::"} {
		_, err := NewClient(Options{Endpoint: given})
		assert.EqualError(t, err, fmt.Sprintf("labels-endpoint: %q is not an address such as http://localhost:4319/v1/ground-truth", given))
	}
}

func TestSleep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, Sleep(ctx, time.Hour), context.Canceled)
	assert.NoError(t, Sleep(t.Context(), 0))
}
