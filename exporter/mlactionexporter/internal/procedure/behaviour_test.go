// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The steps that most cases are about.
const (
	readOnce   = "  - {name: read, request: GET /r, extract: {v: body.v}}\n"
	sendNever  = "  - {name: send, request: POST /s, repeat: never, extract: {id: 'body?.id'}}\n"
	sendAlways = "  - {name: send, request: PUT /s, extract: {id: 'body?.id'}}\n"
	find       = "  - {name: find, request: GET /f, extract: {id: 'first(body)?.id'}}\n"
	sendLookup = find + "  - {name: send, when: steps.find.id == nil, request: POST /s, repeat: lookup, extract: {id: 'body?.id'}}\n"
	verify     = "  - {name: verify, request: GET /v, poll: {until: 'body.state == \"ok\"', fail: 'body.state == \"bad\"', interval: 2s, timeout: 10s}}\n"
	login      = "  - {name: login, request: POST /login, reads: true, extract: {token: body.token}, hide: [token]}\n"
)

var (
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused")}
	created    = reply{status: 201, body: `{"id": 1000000}`}
	empty      = reply{status: 200, body: `[]`}
	found      = reply{status: 200, body: `[{"id": 1000000}]`}
)

func answers(status int, body string, header ...string) reply {
	r := reply{status: status, body: body, header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.header.Set(header[i], header[i+1])
	}
	return r
}

// TestBehaviour is a table of what answers, and none, lead to. Time is that of synctest.
func TestBehaviour(t *testing.T) {
	for _, c := range []struct {
		name    string
		steps   string
		replies map[string][]reply
		before  map[string]Record
		dryRun  bool
		journal *memory
		timeout time.Duration
		options Options

		want   Outcome
		reason string // a part of it
		step   string
		lines  []string
		events []string
		notes  []string
		would  []string
		took   time.Duration
	}{
		{
			name: "success", steps: readOnce + sendNever,
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":1}`)}, "POST /base/s": {created}},
			want:    Completed, lines: []string{"GET /base/r", "POST /base/s"}, events: []string{"before send sent", "after send done"},
		},
		{
			name: "other statuses", steps: "  - {name: send, request: PUT /s, statuses: [404]}\n",
			replies: map[string][]reply{"PUT /base/s": {answers(404, "")}}, want: Completed,
		},
		{
			name: "a success that is not listed", steps: "  - {name: send, request: PUT /s, statuses: [201, 202]}\n",
			replies: map[string][]reply{"PUT /base/s": {answers(200, "")}}, want: Broken, step: "send", reason: "answered 200 OK, not 201 202", events: []string{"before send sent", "after send failed"},
		},
		{
			name: "done before", steps: "  - {name: send, request: PUT /s, already: [409], extract: {id: body.id}}\n",
			replies: map[string][]reply{"PUT /base/s": {answers(409, "it is there")}}, want: Already, reason: "nothing had to be changed", events: []string{"before send sent", "after send done"},
		},
		{
			name: "nothing to change", steps: sendLookup, replies: map[string][]reply{"GET /base/f": {found}}, want: Already, lines: []string{"GET /base/f"},
		},
		{
			name: "refused for good", steps: sendNever, replies: map[string][]reply{"POST /base/s": {answers(422, `{"message":"title\n is required"}`)}},
			want: Broken, step: "send", reason: "answered 422 Unprocessable Entity: title is required", lines: []string{"POST /base/s"}, events: []string{"before send sent", "after send failed"},
		},
		{
			name: "redirect", steps: sendAlways, replies: map[string][]reply{"PUT /base/s": {answers(307, "", "Location", "https://evil.example.com/x?token=1")}},
			want: Broken, reason: "answered 307 Temporary Redirect, which is not followed; it leads to evil.example.com", lines: []string{"PUT /base/s"},
		},
		{
			name: "too many requests, then success", steps: sendNever,
			replies: map[string][]reply{"POST /base/s": {answers(429, "", "Retry-After", "7"), created}},
			want:    Completed, lines: []string{"POST /base/s", "POST /base/s"}, events: []string{"before send sent", "before send sent", "after send done"}, took: 7 * time.Second,
		},
		{
			name: "too many requests, until a date", steps: sendNever,
			replies: map[string][]reply{"POST /base/s": {answers(429, "", "Retry-After", "Sat, 01 Jan 2000 00:00:20 GMT"), created}}, want: Completed, took: 20 * time.Second,
		},
		{
			name: "too many requests for ever", steps: sendNever, replies: map[string][]reply{"POST /base/s": {answers(429, "slow down")}},
			want: Broken, reason: "5 attempts: answered 429 Too Many Requests: slow down", took: 15 * time.Second, events: append(repeated("before send sent", 5), "after send failed"),
		},
		{
			name: "too long a wait", steps: sendNever, timeout: time.Minute, replies: map[string][]reply{"POST /base/s": {answers(429, "", "Retry-After", "3600")}},
			want: Broken, reason: "the time was over (1h0m0s were to be waited, 1m0s were left): answered 429", took: 0,
		},
		{
			name: "too long a wait without a deadline", steps: sendNever, replies: map[string][]reply{"POST /base/s": {answers(429, "", "Retry-After", "3600")}},
			want: Broken, reason: "1h0m0s were to be waited, which is more than 5m0s", took: 0,
		},
		{
			name: "GitHub's secondary limit", steps: sendNever, replies: map[string][]reply{"POST /base/s": {answers(403, "", "Retry-After", "3"), created}}, want: Completed, took: 3 * time.Second,
		},
		{
			name: "forbidden", steps: sendNever, replies: map[string][]reply{"POST /base/s": {answers(403, "")}}, want: Broken, reason: "answered 403 Forbidden",
		},
		{
			name: "not sent, then success", steps: sendNever, replies: map[string][]reply{"POST /base/s": {{err: errRefused}, {err: &net.DNSError{Err: "no such host", Name: "api"}}, created}},
			want: Completed, took: 3 * time.Second, events: append(repeated("before send sent", 3), "after send done"),
		},
		{
			name: "never sent", steps: sendNever, replies: map[string][]reply{"POST /base/s": {{err: errRefused}}},
			want: Broken, reason: "5 attempts: not sent: dial tcp: connect: connection refused", took: 15 * time.Second, events: append(repeated("before send sent", 5), "after send failed"),
		},
		{
			name: "a read fails, then not", steps: readOnce, replies: map[string][]reply{"GET /base/r": {answers(500, ""), {err: errReset}, answers(503, "", "Retry-After", "9"), answers(200, `{"v":1}`)}},
			want: Completed, took: 12 * time.Second,
		},
		{
			name: "a read fails for ever", steps: readOnce, replies: map[string][]reply{"GET /base/r": {answers(502, "<html>bad gateway</html>")}},
			want: Broken, reason: "5 attempts: answered 502 Bad Gateway", took: 15 * time.Second,
		},
		{
			name: "a read hangs", steps: "  - {name: read, request: GET /r, timeout: 4s}\n", replies: map[string][]reply{"GET /base/r": {{hang: true}, answers(200, "")}}, want: Completed, took: 5 * time.Second,
		},
		{
			name: "a read hangs without a timeout", steps: readOnce, replies: map[string][]reply{"GET /base/r": {{hang: true}, answers(200, `{"v":1}`)}}, want: Completed, took: 31 * time.Second,
		},

		// Whether a request that changes something had its effect is not known.
		{
			name: "always: 5xx, then success", steps: sendAlways, replies: map[string][]reply{"PUT /base/s": {answers(500, ""), {err: errReset}, created}},
			want: Completed, took: 3 * time.Second, events: append(repeated("before send sent", 3), "after send done"),
		},
		{
			name: "always: 5xx for ever", steps: sendAlways, replies: map[string][]reply{"PUT /base/s": {answers(500, `{"message":"boom"}`)}},
			want: Unknown, reason: "it may have had its effect; 5 attempts: answered 500 Internal Server Error: boom", took: 15 * time.Second, events: append(repeated("before send sent", 5), "after send sent"),
		},
		{
			name: "always: no answer, then refused", steps: sendAlways, replies: map[string][]reply{"PUT /base/s": {{err: errReset}, answers(403, "no")}},
			want: Unknown, reason: "it may have had its effect; answered 403 Forbidden: no", took: time.Second,
		},
		{
			name: "always: no answer, then done before", steps: "  - {name: send, request: PUT /s, already: [409]}\n", replies: map[string][]reply{"PUT /base/s": {{err: errReset}, answers(409, "")}},
			want: Completed, took: time.Second,
		},
		{
			name: "never: 5xx", steps: sendNever, replies: map[string][]reply{"POST /base/s": {answers(504, "")}},
			want: Unknown, step: "send", reason: "it may have had its effect, and is not to be sent again: answered 504 Gateway Timeout", lines: []string{"POST /base/s"}, events: []string{"before send sent", "after send sent"},
		},
		{
			name: "never: no answer", steps: sendNever, replies: map[string][]reply{"POST /base/s": {{err: errReset}}},
			want: Unknown, reason: "it may have had its effect, and is not to be sent again: no answer: connection reset by peer", lines: []string{"POST /base/s"},
		},
		{
			name: "lookup: no answer, and it is there", steps: sendLookup, replies: map[string][]reply{"GET /base/f": {empty, found}, "POST /base/s": {{err: errReset}}},
			want: Completed, took: 5 * time.Second, lines: []string{"GET /base/f", "POST /base/s", "GET /base/f"}, events: []string{"before send sent", "after send sent", "after send done"},
		},
		{
			name: "lookup: no answer, and it is not there", steps: sendLookup, replies: map[string][]reply{"GET /base/f": {empty}, "POST /base/s": {answers(503, ""), created}},
			want: Completed, took: 5 * time.Second, lines: []string{"GET /base/f", "POST /base/s", "GET /base/f", "POST /base/s"},
			events: []string{"before send sent", "after send sent", "before send sent", "after send done"},
		},
		{
			name: "lookup: it is never there", steps: sendLookup, replies: map[string][]reply{"GET /base/f": {empty}, "POST /base/s": {answers(500, "")}},
			want: Unknown, reason: "it may have had its effect; 5 attempts: answered 500", took: 20 * time.Second,
		},
		{
			name: "lookup: the time is over", steps: sendLookup, timeout: 3 * time.Second, replies: map[string][]reply{"GET /base/f": {empty}, "POST /base/s": {answers(500, "")}},
			want: Unknown, reason: "answered 500 Internal Server Error; the time was over (5s were to be waited, 3s were left) before it could be looked for",
		},
		{
			name: "lookup: what was done before it is not done again", steps: "  - {name: first, request: POST /first, repeat: never, extract: {id: body.id}}\n" + sendLookup + "  - {name: last, request: 'PUT /l/{{ .steps.first.id }}'}\n",
			replies: map[string][]reply{"POST /base/first": {created}, "GET /base/f": {empty, found}, "POST /base/s": {{err: errReset}}, "PUT /base/l/1000000": {answers(200, "")}},
			want:    Completed, took: 5 * time.Second, lines: []string{"POST /base/first", "GET /base/f", "POST /base/s", "GET /base/f", "PUT /base/l/1000000"},
		},

		// After a crash.
		{
			name: "before: done", steps: readOnce + sendNever + "  - {name: last, request: 'PUT /l/{{ .steps.send.id }}'}\n", before: map[string]Record{"send": {State: Done, Output: map[string]any{"id": 1e6}}},
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":1}`)}, "PUT /base/l/1000000": {answers(200, "")}}, want: Completed, lines: []string{"GET /base/r", "PUT /base/l/1000000"},
		},
		{
			name: "before: all done", steps: sendNever, before: map[string]Record{"send": {State: Done}}, want: Completed, lines: nil,
		},
		{
			name: "before: sent, always", steps: sendAlways, before: map[string]Record{"send": {State: Sent}}, replies: map[string][]reply{"PUT /base/s": {created}}, want: Completed, lines: []string{"PUT /base/s"},
		},
		{
			name: "before: sent, always, and refused now", steps: sendAlways, before: map[string]Record{"send": {State: Sent}}, replies: map[string][]reply{"PUT /base/s": {answers(403, "")}},
			want: Unknown, reason: "it may have had its effect; answered 403 Forbidden", lines: []string{"PUT /base/s"}, events: []string{"before send sent", "after send sent"},
		},
		{
			name: "before: sent, never", steps: readOnce + sendNever, before: map[string]Record{"send": {State: Sent}}, want: Unknown, step: "send", reason: "it was sent before, no answer is known, and it is not to be sent again", lines: nil,
		},
		{
			name: "before: sent, lookup finds it", steps: sendLookup, before: map[string]Record{"send": {State: Sent}}, replies: map[string][]reply{"GET /base/f": {found}},
			want: Completed, lines: []string{"GET /base/f"}, events: []string{"after send done"},
		},
		{
			name: "before: sent, lookup does not find it", steps: sendLookup, before: map[string]Record{"send": {State: Sent}}, replies: map[string][]reply{"GET /base/f": {empty}, "POST /base/s": {created}},
			want: Completed, lines: []string{"GET /base/f", "POST /base/s"},
		},
		{
			name: "before: sent a moment ago, lookup waits", steps: sendLookup, before: map[string]Record{"send": {State: Sent, At: time.Date(2000, 1, 1, 0, 0, -2, 0, time.UTC)}}, replies: map[string][]reply{"GET /base/f": {found}},
			want: Completed, took: 3 * time.Second,
		},
		{
			name: "before: failed", steps: sendNever, before: map[string]Record{"send": {State: Failed}}, replies: map[string][]reply{"POST /base/s": {created}}, want: Completed, lines: []string{"POST /base/s"},
		},
		{
			name: "before: a login is done again", steps: login + "  - {name: send, request: PUT /s, headers: {Authorization: 'Bearer {{ .steps.login.token }}'}}\n",
			before: map[string]Record{"send": {State: Failed}}, replies: map[string][]reply{"POST /base/login": {answers(200, `{"token":"t0ken"}`)}, "PUT /base/s": {created}}, want: Completed, lines: []string{"POST /base/login", "PUT /base/s"},
		},

		// Checks.
		{
			name: "require before a change", steps: readOnce + "  - {name: send, request: PUT /s, require: [{that: steps.read.v == 2, otherwise: 'it is at {{ .steps.read.v }}'}]}\n",
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":1000000}`)}}, want: Refused, step: "send", reason: "it is at 1000000", lines: []string{"GET /base/r"},
		},
		{
			name: "require after a change", steps: sendNever + readOnce + "  - {name: more, request: PUT /m, require: [{that: steps.read.v == 2}]}\n",
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":1}`)}, "POST /base/s": {created}}, want: Broken, step: "more", reason: `"steps.read.v == 2" does not hold`,
		},
		{
			name: "require of what is not there", steps: readOnce + "  - {name: send, request: PUT /s, require: [{that: steps.read.v.x.y == 2, otherwise: no}]}\n",
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":null}`)}}, want: Refused, reason: `"steps.read.v.x.y == 2" cannot be evaluated: cannot fetch x from <nil>`,
		},
		{
			name: "require only where the step is carried out", steps: find + "  - {name: send, when: steps.find.id == nil, request: PUT /s, require: [{that: 'false'}]}\n",
			replies: map[string][]reply{"GET /base/f": {found}}, want: Already,
		},
		{
			name: "expect", steps: "  - {name: send, request: PUT /s, expect: [{that: body.ok, otherwise: 'it says {{ .body.error }}'}]}\n",
			replies: map[string][]reply{"PUT /base/s": {answers(200, `{"ok":false,"error":"channel_not_found"}`)}}, want: Broken, reason: "it says channel_not_found", events: []string{"before send sent", "after send failed"},
		},
		{
			name: "expect without words", steps: "  - {name: read, request: GET /r, expect: [{that: body.n > 5}]}\n",
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"n":3}`)}}, want: Broken, reason: `"body.n > 5" does not hold: body.n is 3`,
		},
		{
			name: "extract fails", steps: "  - {name: send, request: PUT /s, extract: {a: body.x.y}}\n", replies: map[string][]reply{"PUT /base/s": {answers(200, `{}`)}},
			want: Broken, reason: "extract.a: cannot fetch y from <nil>", events: []string{"before send sent", "after send done"},
		},
		{
			name: "when fails", steps: readOnce + "  - {name: send, when: 'steps.read.v', request: PUT /s}\n", replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":1}`)}},
			want: Broken, reason: `when: "steps.read.v" gives a value that is neither true nor false`,
		},

		// Polling.
		{
			name: "poll", steps: verify, replies: map[string][]reply{"GET /base/v": {answers(200, `{"state":"new"}`), answers(503, ""), {err: errReset}, answers(200, `{"state":"ok"}`)}}, want: Completed, took: 6 * time.Second,
		},
		{
			name: "poll: fail", steps: verify, replies: map[string][]reply{"GET /base/v": {answers(200, `{"state":"new"}`), answers(200, `{"state":"bad"}`)}},
			want: Broken, reason: `"body.state == \"bad\"" holds: body.state is "bad"`, took: 2 * time.Second,
		},
		{
			name: "poll: timeout", steps: verify, replies: map[string][]reply{"GET /base/v": {answers(200, `{"state":"new"}`)}},
			want: Broken, step: "verify", reason: `still not "body.state == \"ok\"" after 10s: body.state is "new"`, took: 10 * time.Second,
		},
		{
			name: "poll: refused", steps: verify, replies: map[string][]reply{"GET /base/v": {answers(404, `{"message":"gone"}`)}}, want: Broken, reason: "answered 404 Not Found: gone",
		},
		{
			name: "poll: the procedure's time is over", steps: verify, timeout: 5 * time.Second, replies: map[string][]reply{"GET /base/v": {answers(200, `{"state":"new"}`)}},
			want: Broken, reason: `still not "body.state == \"ok\"": body.state is "new"; the time was over`, took: 4 * time.Second,
		},

		// Logins.
		{
			name: "a login is repeated once", steps: login + "  - {name: send, request: POST /s, repeat: never, headers: {Authorization: 'Bearer {{ .steps.login.token }}'}}\n",
			replies: map[string][]reply{"POST /base/login": {answers(200, `{"token":"first"}`), answers(200, `{"token":"second"}`)}, "POST /base/s": {answers(401, ""), created}},
			want:    Completed, lines: []string{"POST /base/login", "POST /base/s", "POST /base/login", "POST /base/s"},
		},
		{
			name: "a login does not help", steps: login + sendNever,
			replies: map[string][]reply{"POST /base/login": {answers(200, `{"token":"first"}`)}, "POST /base/s": {answers(401, `{"message":"no"}`)}},
			want:    Broken, reason: "answered 401 Unauthorized: no", lines: []string{"POST /base/login", "POST /base/s", "POST /base/login", "POST /base/s"},
		},
		{
			name: "no login to repeat", steps: sendNever, replies: map[string][]reply{"POST /base/s": {answers(401, "")}}, want: Broken, reason: "answered 401", lines: []string{"POST /base/s"},
		},

		// Optional steps.
		{
			name: "optional", steps: "  - {name: send, request: PUT /s, optional: true}\n  - {name: last, request: PUT /l, when: not steps.send.ran}\n",
			replies: map[string][]reply{"PUT /base/s": {answers(422, "no")}, "PUT /base/l": {answers(200, "")}}, want: Completed, notes: []string{"send: answered 422 Unprocessable Entity: no"}, lines: []string{"PUT /base/s", "PUT /base/l"},
		},
		{
			name: "optional and unknown", steps: "  - {name: send, request: POST /s, repeat: never, optional: true}\n",
			replies: map[string][]reply{"POST /base/s": {answers(500, "")}}, want: Completed, notes: []string{"send: it may have had its effect, and is not to be sent again: answered 500 Internal Server Error"},
		},
		{
			name: "optional and sent before", steps: "  - {name: send, request: POST /s, repeat: never, optional: true}\n", before: map[string]Record{"send": {State: Sent}},
			want: Completed, notes: []string{"send: it was sent before, no answer is known, and it is not to be sent again: look whether it had its effect"},
		},
		{
			name: "optional alone", steps: "  - {name: send, request: PUT /s, optional: true}\n", replies: map[string][]reply{"PUT /base/s": {answers(422, "no")}}, want: Completed, notes: []string{"send: answered 422 Unprocessable Entity: no"},
		},

		// The journal.
		{
			name: "held", steps: readOnce + sendNever, journal: &memory{refuse: errors.New("the kill switch is on"), from: 1}, replies: map[string][]reply{"GET /base/r": {answers(200, `{}`)}},
			want: Held, step: "send", reason: "the kill switch is on", lines: []string{"GET /base/r"},
		},
		{
			name: "held after a change", steps: sendNever + "  - {name: more, request: PUT /m, optional: true}\n", journal: &memory{refuse: errors.New("the kill switch is on"), from: 2}, replies: map[string][]reply{"POST /base/s": {created}},
			want: Broken, step: "more", reason: "the kill switch is on", lines: []string{"POST /base/s"},
		},
		{
			name: "held before a second attempt", steps: sendAlways, journal: &memory{refuse: errors.New("the kill switch is on"), from: 2}, replies: map[string][]reply{"PUT /base/s": {answers(500, "")}},
			want: Unknown, reason: "it may have had its effect (answered 500 Internal Server Error), and is not sent again: the kill switch is on", took: time.Second,
		},
		{
			name: "the journal is not written after", steps: sendNever, journal: &memory{afterErr: errors.New("disk full")}, replies: map[string][]reply{"POST /base/s": {created}},
			want: Completed, notes: []string{"send: the journal could not be written: disk full"},
		},

		// Undoing.
		{
			name: "undo", steps: undoing + "  - {name: last, request: PUT /l}\n",
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":7}`)}, "PUT /base/one": {answers(200, "")}, "PUT /base/two": {answers(200, `{"id":2}`)}, "PUT /base/l": {answers(422, "no")}, "PUT /base/one/7": {answers(200, "")}, "DELETE /base/two/2": {answers(204, "")}},
			want:    Broken, step: "last", reason: "answered 422 Unprocessable Entity: no; two was taken back; one was taken back",
			lines:  []string{"GET /base/r", "PUT /base/one", "PUT /base/two", "PUT /base/l", "DELETE /base/two/2", "PUT /base/one/7"},
			events: []string{"before one sent", "after one done", "before two sent", "after two done", "before last sent", "after last failed", "before two.undo.back sent", "after two.undo.back done", "after two undone", "before one.undo.back sent", "after one.undo.back done", "after one undone"},
		},
		{
			name: "undo fails", steps: undoing + "  - {name: last, request: PUT /l}\n",
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":7}`)}, "PUT /base/one": {answers(200, "")}, "PUT /base/two": {answers(200, `{"id":2}`)}, "PUT /base/l": {answers(422, "no")}, "PUT /base/one/7": {answers(200, "")}, "DELETE /base/two/2": {answers(403, "locked")}},
			want:    Broken, reason: "no; two could not be taken back: two.undo.back: answered 403 Forbidden: locked; one was taken back",
		},
		{
			name: "no undo where it is unknown", steps: undoing + sendNever,
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":7}`)}, "PUT /base/one": {answers(200, "")}, "PUT /base/two": {answers(200, `{"id":2}`)}, "POST /base/s": {answers(500, "")}},
			want:    Unknown, lines: []string{"GET /base/r", "PUT /base/one", "PUT /base/two", "POST /base/s"},
		},
		{
			name: "no undo of what others did", steps: "  - {name: one, request: PUT /one, already: [409], undo: [{name: back, request: DELETE /one}]}\n  - {name: last, request: PUT /l}\n",
			replies: map[string][]reply{"PUT /base/one": {answers(409, "")}, "PUT /base/l": {answers(422, "")}}, want: Broken, lines: []string{"PUT /base/one", "PUT /base/l"},
		},
		{
			name: "no undo when held", steps: undoing + "  - {name: last, request: PUT /l}\n", journal: &memory{refuse: errors.New("the kill switch is on"), from: 3},
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":7}`)}, "PUT /base/one": {answers(200, "")}, "PUT /base/two": {answers(200, `{"id":2}`)}},
			want:    Broken, reason: "the kill switch is on; what was done before was not taken back, as nothing may be sent any more", lines: []string{"GET /base/r", "PUT /base/one", "PUT /base/two"},
		},
		{
			name: "undo though the time is over", steps: "  - {name: one, request: PUT /one, undo: [{name: back, request: DELETE /one}]}\n" + "  - {name: wait, request: GET /v}\n", timeout: 10 * time.Second,
			replies: map[string][]reply{"PUT /base/one": {answers(200, "")}, "GET /base/v": {{hang: true}}, "DELETE /base/one": {answers(200, "")}},
			want:    Broken, reason: "no answer: context deadline exceeded; one was taken back", took: 10 * time.Second,
		},
		{
			name: "undo goes on after a crash", steps: undoing + "  - {name: last, request: PUT /l}\n",
			before: map[string]Record{
				"one": {State: Done, Was: map[string]any{"read": map[string]any{"v": 7, "ran": true}}}, "two": {State: Done, Output: map[string]any{"id": 2}},
				"two.undo.back": {State: Sent}, "last": {State: Failed},
			},
			replies: map[string][]reply{"DELETE /base/two/2": {answers(204, "")}, "PUT /base/one/7": {answers(200, "")}},
			want:    Broken, reason: "a step after it has failed, before the collector was stopped; two was taken back; one was taken back", lines: []string{"DELETE /base/two/2", "PUT /base/one/7"},
		},
		{
			name: "undo with what was there before the change, though it was read again", steps: undoing + "  - {name: last, request: PUT /l}\n",
			before:  map[string]Record{"one": {State: Done, Was: map[string]any{"read": map[string]any{"v": 7}}}, "two": {State: Undone}, "two.undo.back": {State: Done}},
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":6}`)}, "PUT /base/two": {answers(200, `{"id":3}`)}, "PUT /base/l": {answers(422, "")}, "DELETE /base/two/3": {answers(204, "")}, "PUT /base/one/7": {answers(200, "")}},
			want:    Broken, reason: "two was taken back; one was taken back", lines: []string{"GET /base/r", "PUT /base/two", "PUT /base/l", "DELETE /base/two/3", "PUT /base/one/7"},
			events: []string{"after two.undo.back undone", "before two sent", "after two done", "before last sent", "after last failed", "before two.undo.back sent", "after two.undo.back done", "after two undone", "before one.undo.back sent", "after one.undo.back done", "after one undone"},
		},

		{
			name: "undo with what was there before a request whose answer is not known", steps: readOnce + "  - {name: one, request: PUT /one, undo: [{name: back, request: 'PUT /one/{{ .steps.read.v }}'}]}\n  - {name: last, request: PUT /l}\n",
			before:  map[string]Record{"one": {State: Sent, Was: map[string]any{"read": map[string]any{"v": 7}}}},
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":6}`)}, "PUT /base/one": {answers(200, "")}, "PUT /base/l": {answers(422, "")}, "PUT /base/one/7": {answers(200, "")}},
			want:    Broken, reason: "one was taken back", lines: []string{"GET /base/r", "PUT /base/one", "PUT /base/l", "PUT /base/one/7"},
		},

		// Dry runs.
		{
			name: "dry run: nothing is taken back", dryRun: true, steps: "  - {name: one, request: PUT /one, undo: [{name: back, request: DELETE /one}]}\n" + readOnce,
			before: map[string]Record{"one": {State: Done}}, replies: map[string][]reply{"GET /base/r": {answers(404, "")}}, want: Broken, reason: "answered 404 Not Found", lines: []string{"GET /base/r"},
		},
		{
			name: "dry run", dryRun: true, steps: readOnce + "  - {name: send, request: 'POST /s/{{ .steps.read.v }}', repeat: never, json: {a: '{{ .key }}'}, query: {b: c}}\n" + verify,
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":1}`)}}, want: Tried, reason: "dry run: one request would have been sent", lines: []string{"GET /base/r"},
			would: []string{`send: POST https://api.example.com/base/s/1?b=c, 40 bytes: {"a":"0123456789abcdef0123456789abcdef"}`}, notes: []string{"verify: not waited for, as nothing was changed in the dry run"},
		},
		{
			name: "dry run: nothing to do", dryRun: true, steps: sendLookup, replies: map[string][]reply{"GET /base/f": {found}}, want: Already,
		},
		{
			name: "dry run: refused", dryRun: true, steps: readOnce + "  - {name: send, request: PUT /s, require: [{that: steps.read.v == 2, otherwise: no}]}\n",
			replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":1}`)}}, want: Refused, reason: "no",
		},
		{
			name: "dry run: the system says", dryRun: true, steps: "  - {name: send, request: PATCH /s, repeat: always, merge: {a: b}, dry_run: {dryRun: All}, extract: {id: body.id}}\n  - {name: more, request: 'PUT /m/{{ .steps.send.id }}'}\n",
			replies: map[string][]reply{"PATCH /base/s": {answers(500, ""), answers(200, `{"id":5}`)}}, want: Tried, lines: []string{"PATCH /base/s?dryRun=All", "PATCH /base/s?dryRun=All"}, took: time.Second,
			would: []string{`send: PATCH https://api.example.com/base/s, 9 bytes: {"a":"b"} (the system is asked what would happen)`, "more: PUT https://api.example.com/base/m/5"},
		},
		{
			name: "dry run: the body says so", dryRun: true, steps: "  - {name: send, request: POST /s, repeat: always, json: {a: b, try: {$expr: 'dry_run ? true : nil'}}, dry_run: {}, extract: {id: body.id}}\n  - {name: more, request: 'PUT /m/{{ .steps.send.id }}'}\n",
			replies: map[string][]reply{"POST /base/s": {answers(200, `{"id":5}`)}}, want: Tried, lines: []string{"POST /base/s"},
			would: []string{`send: POST https://api.example.com/base/s, 20 bytes: {"a":"b","try":true} (the system is asked what would happen)`, "more: PUT https://api.example.com/base/m/5"},
		},
		{
			name: "no dry run: the body does not say so", steps: "  - {name: send, request: 'POST /s/{{ .dry_run }}', repeat: always, json: {a: b, try: {$expr: 'dry_run ? true : nil'}}, dry_run: {}}\n",
			replies: map[string][]reply{"POST /base/s/false": {answers(200, "")}}, want: Completed, lines: []string{"POST /base/s/false"},
		},
		{
			name: "dry run: a file is named", dryRun: true, steps: "  - {name: send, request: PUT /s, json: {a: {$file: traces}}}\n", want: Tried,
			would: []string{`send: PUT https://api.example.com/base/s, 16 bytes: {"a":"(the file traces)"}`}, notes: []string{"two spans were left out"},
		},
		{
			name: "dry run: the system refuses", dryRun: true, steps: "  - {name: send, request: PATCH /s, repeat: always, merge: {a: b}, dry_run: {dryRun: All}}\n",
			replies: map[string][]reply{"PATCH /base/s": {answers(422, `{"kind":"Status","status":"Failure","message":"spec is invalid","reason":"Invalid","code":422}`)}}, want: Broken, reason: "answered 422 Unprocessable Entity: Invalid: spec is invalid",
		},
		{
			name: "dry run: what follows a change", dryRun: true,
			steps:   sendNever + "  - {name: more, when: steps.send.ran, request: 'PUT /m/{{ .steps.send.id }}'}\n  - {name: check, request: GET /c, expect: [{that: body.n == 2, otherwise: not yet}]}\n  - {name: end, request: DELETE /e}\n",
			replies: map[string][]reply{"GET /base/c": {answers(200, `{"n":1}`)}}, want: Tried, reason: "dry run: 3 requests would have been sent",
			would: []string{"send: POST https://api.example.com/base/s", "more: PUT /m/{{ .steps.send.id }}, once the steps before it are done", "end: DELETE https://api.example.com/base/e"},
			notes: []string{"check: cannot be tried in a dry run: not yet"}, lines: []string{"GET /base/c"},
		},
		{
			name: "dry run: cannot be written", dryRun: true, steps: "  - {name: send, request: PUT /s, json: {a: '{{ .alert.labels.nope }}'}}\n", want: Broken, reason: `json: a: {{ .alert.labels.nope }}: map has no entry for key "nope"`,
		},

		// What cannot be written is not sent.
		{
			name: "template", steps: "  - {name: send, request: 'PUT /s/{{ .alert.labels.nope }}'}\n", want: Broken, reason: `request: {{ .alert.labels.nope }}: map has no entry for key "nope"`, lines: nil,
		},
		{
			name: "empty segment", steps: readOnce + "  - {name: send, request: 'PUT /s/{{ .steps.read.v }}/x'}\n", replies: map[string][]reply{"GET /base/r": {answers(200, `{}`)}}, want: Broken, step: "send", reason: "request: segment 2 of the path is empty", lines: []string{"GET /base/r"},
		},
		{
			name: "header with a line break", steps: readOnce + "  - {name: send, request: PUT /s, headers: {X-A: '{{ .steps.read.v }}'}}\n", replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":"a\r\nX-Evil: b"}`)}}, want: Broken, reason: "headers.X-A: the value has a line break or another control character", lines: []string{"GET /base/r"},
		},
		{
			name: "too large a body", steps: "  - {name: send, request: PUT /s, json: {a: '{{ .key }}'}, max_bytes: 10}\n", want: Broken, reason: "the body has 40 bytes, max_bytes is 10", lines: nil,
		},
		{
			name: "no such attachment", steps: "  - {name: send, request: PUT /s, attachment: traces_json}\n", want: Broken, reason: `attachment: there is no "traces_json"`,
		},
		{
			name: "the time was over before", steps: sendNever, timeout: -time.Second, want: Broken, reason: "the time of the procedure was over", lines: nil,
		},

		// Long answers.
		{
			name: "an answer that is cut", options: Options{MaxAnswer: 10}, steps: "  - {name: read, request: GET /r, extract: {v: body.v}}\n", replies: map[string][]reply{"GET /base/r": {answers(200, `{"v":"0123456789"}`)}},
			want: Broken, reason: "extract.v: cannot fetch v from <nil> (the answer was not read to its end: it broke off, or has more than 10 bytes)",
		},
		{
			name: "an answer that is cut, and not needed", options: Options{MaxAnswer: 10}, steps: "  - {name: send, request: PUT /s}\n", replies: map[string][]reply{"PUT /base/s": {answers(200, `{"v":"0123456789"}`)}},
			want: Completed, notes: []string{"send: (the answer was not read to its end: it broke off, or has more than 10 bytes)"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{replies: c.replies}
				j := c.journal
				if j == nil {
					j = &memory{}
				}
				ctx := t.Context()
				if c.timeout != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.timeout)
					defer cancel()
				}
				all := data(nil)
				all["with"] = map[string]any{"id": "a"}
				began := time.Now()
				got := runner(t, s, c.options).Run(ctx, &Request{Steps: steps(t, c.steps), Data: all, Before: c.before, Files: files(0), DryRun: c.dryRun, Journal: j})
				assert.Equal(t, c.want, got.Outcome, got.Reason)
				if c.reason == "" {
					assert.True(t, got.Reason == "" || c.want != Completed, got.Reason)
				}
				assert.Contains(t, got.Reason, c.reason)
				if c.step != "" {
					assert.Equal(t, c.step, got.Step)
				}
				if c.lines != nil || len(c.replies) == 0 {
					assert.Equal(t, c.lines, s.lines())
				}
				if c.events != nil {
					assert.Equal(t, c.events, j.events)
				}
				assert.Equal(t, c.notes, got.Notes)
				if c.would != nil {
					assert.Equal(t, c.would, got.Would)
				}
				if c.dryRun {
					assert.Empty(t, j.events)
				}
				assert.Equal(t, c.took, time.Since(began))
			})
		})
	}
}

const undoing = readOnce +
	"  - {name: one, request: PUT /one, undo: [{name: back, request: 'PUT /one/{{ .steps.read.v }}'}]}\n" +
	"  - {name: two, request: PUT /two, extract: {id: body.id}, undo: [{name: back, request: 'DELETE /two/{{ .steps.two.id }}'}]}\n"

func repeated(s string, n int) []string {
	var out []string
	for range n {
		out = append(out, s)
	}
	return out
}

// TestInterrupted: what was sent when the collector is stopped is known as sent afterwards.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &server{replies: map[string][]reply{"PUT /base/one": {answers(200, "")}, "PUT /base/s": {{hang: true}}}}
		j := &memory{}
		time.AfterFunc(3*time.Second, cancel)
		got := runner(t, s, Options{}).Run(ctx, &Request{
			Steps: steps(t, "  - {name: one, request: PUT /one, undo: [{name: back, request: DELETE /one}]}\n"+sendAlways), Data: data(nil), Journal: j,
		})
		assert.Equal(t, Unknown, got.Outcome)
		assert.Equal(t, "it may have had its effect; it was interrupted: no answer: context canceled", got.Reason)
		assert.Equal(t, []string{"one done", "send sent"}, sorted(j.records))
	})
}

// TestNotTakenBackWhenInterrupted leaves it to the next start.
func TestNotTakenBackWhenInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &server{replies: map[string][]reply{"PUT /base/one": {answers(200, "")}, "GET /base/r": {{hang: true}}}}
		time.AfterFunc(3*time.Second, cancel)
		got := runner(t, s, Options{}).Run(ctx, &Request{
			Steps: steps(t, "  - {name: one, request: PUT /one, undo: [{name: back, request: DELETE /one}]}\n"+readOnce), Data: data(nil), Journal: &memory{},
		})
		assert.Equal(t, Broken, got.Outcome)
		assert.Contains(t, got.Reason, "it was interrupted: no answer: context canceled; what was done before was not taken back, as it was interrupted")
		assert.Zero(t, s.count("DELETE"))
	})
}

// TestOptions: what is missing is said.
func TestOptions(t *testing.T) {
	_, err := New(Options{})
	require.ErrorContains(t, err, "there is no HTTP client")
	_, err = New(Options{HTTP: http.DefaultClient})
	require.ErrorContains(t, err, "the endpoint must be a URL")
}
