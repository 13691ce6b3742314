// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
)

// call is a request as a server has it.
type call struct {
	line   string // GET /path?query
	header http.Header
	body   string
	at     time.Time
}

// reply is what a server answers: a status and a body, or an error of the connection.
type reply struct {
	status int
	body   string
	header http.Header
	err    error
	hang   bool // until the client gives up
}

// server is a round tripper that answers from lists, one for each request line without its query.
// The last of a list is what it goes on answering.
type server struct {
	replies map[string][]reply
	calls   []call
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.calls = append(s.calls, call{line: r.Method + " " + r.URL.RequestURI(), header: r.Header.Clone(), body: string(body), at: time.Now()})
	key := r.Method + " " + r.URL.EscapedPath()
	list, ok := s.replies[key]
	if !ok {
		list = []reply{{status: 404, body: `{"message":"not in the test: ` + key + `"}`}}
	}
	one := list[0]
	if len(list) > 1 {
		s.replies[key] = list[1:]
	}
	if one.hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if one.err != nil {
		return nil, one.err
	}
	h := one.header
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{StatusCode: one.status, Status: fmt.Sprint(one.status), Header: h, Body: io.NopCloser(strings.NewReader(one.body)), Request: r}, nil
}

// lines are the request lines of the calls.
func (s *server) lines() []string {
	var out []string
	for _, c := range s.calls {
		out = append(out, c.line)
	}
	return out
}

// count is how many calls had a method and path.
func (s *server) count(prefix string) int {
	n := 0
	for _, line := range s.lines() {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// memory is a journal.
type memory struct {
	records map[string]Record
	events  []string
	// refuse is the error of Before from its nth call on, from 1.
	refuse   error
	from     int
	calls    int
	afterErr error
}

func (m *memory) Before(_ context.Context, step string, r Record) error {
	m.calls++
	if m.refuse != nil && m.calls >= m.from {
		return m.refuse
	}
	m.write("before", step, r)
	return nil
}

func (m *memory) After(_ context.Context, step string, r Record) error {
	if m.afterErr != nil {
		return m.afterErr
	}
	m.write("after", step, r)
	return nil
}

func (m *memory) write(when, step string, r Record) {
	if m.records == nil {
		m.records = map[string]Record{}
	}
	m.records[step] = r
	m.events = append(m.events, when+" "+step+" "+string(r.State))
}

// data are those of an alert, as the engine gives them.
func data(more map[string]any) map[string]any {
	d := map[string]any{
		"alert":  map[string]any{"name": "SLOBreach", "severity": "critical", "state": "firing", "summary": "false positives", "labels": map[string]any{"team": "fraud"}},
		"model":  map[string]any{"name": "fraud", "version": "7"},
		"target": map[string]any{"from": "7", "to": "6", "why": "the version before"},
		"key":    "0123456789abcdef0123456789abcdef",
		"with":   map[string]any{}, "secrets": map[string]any{},
	}
	maps.Copy(d, more)
	return d
}

// steps reads the steps of an action that is written as YAML, with the parameters and secrets that
// they read declared.
func steps(t *testing.T, text string) []action.Step {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("description: a test\nkind: notify\n")
	for key, names := range map[string][]string{"parameters": {"id", "model"}, "secrets": {"token", "hook"}} {
		var there []string
		for _, name := range names {
			prefix := map[string]string{"parameters": "with.", "secrets": "secrets."}[key]
			if strings.Contains(text, prefix+name) || key == "secrets" && strings.Contains(text, "sign: "+name) {
				there = append(there, name)
			}
		}
		if len(there) > 0 {
			b.WriteString(key + ":\n")
			for _, name := range there {
				b.WriteString("  " + name + ": {description: x}\n")
			}
		}
	}
	b.WriteString("do:\n" + text)
	d, err := action.Read("test.yaml", b.Bytes())
	require.NoError(t, err, b.String())
	return d.Do
}

// runner sends to a server of the test.
func runner(t *testing.T, s http.RoundTripper, o Options) *Runner {
	t.Helper()
	o.HTTP = &http.Client{Transport: s}
	if o.Base == nil {
		base, err := url.Parse("https://api.example.com/base")
		require.NoError(t, err)
		o.Base = base
	}
	o.UserAgent = "test/1"
	r, err := New(o)
	require.NoError(t, err)
	return r
}

var errReset = errors.New("connection reset by peer")

func sorted(m map[string]Record) []string {
	var out []string
	for name, r := range m {
		out = append(out, name+" "+string(r.State))
	}
	slices.Sort(out)
	return out
}
