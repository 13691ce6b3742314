// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/scrub"
)

// Canaries: a secret of the config, one of the client, one that a login gives, and one that is too
// short to be looked for.
const (
	canary      = "CANARY-c0nfig/tok en&\"<1>"
	clientOne   = "CANARY-client-header"
	loginCanary = "CANARY-login-t0ken-äö"
	short       = "Zq9"
)

// TestCanaries has a server that says all secrets it was told, in every form, wherever it can, and
// looks for them in all that comes out of the runner.
func TestCanaries(t *testing.T) {
	text := strings.ReplaceAll(`  - {name: login, request: POST /login, reads: true, text: '{{ .secrets.token }}', extract: {token: body.token, user: body.user}, hide: [token]}
  - {name: read, request: 'GET /r/{{ .steps.login.token }}', query: {t: '{{ .secrets.token }}'}, headers: {Authorization: '{{ print "user:" .secrets.token | base64 }}'}, extract: {all: body, head: headers, echo: 'body.echo + secrets.token'}, EXTRA}
  - {name: send, request: 'POST /s/{{ .secrets.token | segments }}', repeat: REPEAT, json: {a: '{{ .secrets.token }}', b: {$expr: steps.login.token}, short: '{{ .secrets.hook }}'}, undo: [{name: back, request: 'DELETE /s/{{ .steps.read.echo }}'}], extract: {echo: body}}
  - {name: more, request: PUT /m, optional: true, require: [{that: 'false', otherwise: '{{ .secrets.token }} {{ .steps.login.token }}'}]}
  - {name: poll, request: GET /p, poll: {until: body.a == 1, fail: body.b == 1, interval: 1s, timeout: 3s}}
  - {name: last, request: PUT /l, expect: [{that: 'body == secrets.token'}]}
`, "\\n", "\n")
	forms := []string{
		canary, loginCanary, clientOne, url.QueryEscape(canary), url.PathEscape(canary), url.PathEscape(loginCanary),
		base64.StdEncoding.EncodeToString([]byte(canary)), base64.StdEncoding.EncodeToString([]byte("user:" + canary)), base64.StdEncoding.EncodeToString([]byte("me:" + loginCanary)),
	}
	said := strings.Join(forms, " | ")
	echo := func(status int, header ...string) reply {
		body, err := json.Marshal(map[string]any{"message": said, "error": map[string]any{"message": strconv.Quote(said)}, "echo": said, canary: forms, "a": strings.Repeat("x", 100) + canary})
		require.NoError(t, err)
		r := answers(status, string(body), header...)
		r.header.Set("X-Echo", clientOne)
		return r
	}
	for name, c := range map[string]struct {
		replies map[string][]reply
		extra   string
		repeat  string
		dryRun  bool
		refuse  error
	}{
		"success":         {},
		"dry run":         {dryRun: true},
		"read refused":    {replies: map[string][]reply{"read": {echo(403)}}},
		"read lost":       {replies: map[string][]reply{"read": {{err: fmt.Errorf("proxy says %s", said)}}}},
		"redirect":        {replies: map[string][]reply{"send": {echo(302, "Location", "https://"+url.PathEscape("host")+"/"+url.PathEscape(canary)+"?"+url.QueryEscape(loginCanary))}}},
		"send refused":    {replies: map[string][]reply{"send": {echo(422)}}},
		"send lost":       {replies: map[string][]reply{"send": {echo(500)}}},
		"send lost never": {replies: map[string][]reply{"send": {echo(500)}}, repeat: "never"},
		"bad expectation": {replies: map[string][]reply{"last": {echo(200)}}},
		"expectation":     {extra: "expect: [{that: 'body.echo == secrets.token'}]"},
		"evaluation":      {extra: "expect: [{that: 'int(body.echo) == 1'}]"},
		"text":            {replies: map[string][]reply{"send": {answers(400, strings.Repeat("y", maxReason-20)+canary)}}},
		"held":            {refuse: errors.New("no: " + said)},
		"poll fails":      {replies: map[string][]reply{"poll": {echo(200), echo(404)}}},
		"undo fails":      {replies: map[string][]reply{"last": {echo(422)}, "back": {echo(403)}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				loginBody, err := json.Marshal(map[string]any{"token": loginCanary, "user": "user of " + canary})
				require.NoError(t, err)
				replies := map[string][]reply{
					"login": {answers(200, string(loginBody))}, "read": {echo(200)}, "send": {echo(200)}, "poll": {echo(200)}, "last": {answers(200, "no")}, "back": {echo(200)},
				}
				maps.Copy(replies, c.replies)
				transport := roundTripper(func(r *http.Request) (*http.Response, error) {
					step := map[string]string{"login": "login", "r": "read", "s": "send", "p": "poll", "l": "last"}[strings.Split(r.URL.EscapedPath(), "/")[2]]
					if r.Method == http.MethodDelete {
						step = "back"
					}
					s := &server{replies: map[string][]reply{r.Method + " " + r.URL.EscapedPath(): replies[step][:1]}}
					if len(replies[step]) > 1 {
						replies[step] = replies[step][1:]
					}
					return s.RoundTrip(r)
				})
				repeat, extra := "always", "timeout: 5s"
				if c.repeat != "" {
					repeat = c.repeat
				}
				if c.extra != "" {
					extra = c.extra
				}
				j := &everything{refuse: c.refuse}
				got := runner(t, transport, Options{Secrets: []string{clientOne}}).Run(t.Context(), &Request{
					Steps: steps(t, strings.NewReplacer("REPEAT", repeat, "EXTRA", extra).Replace(text)), DryRun: c.dryRun, Journal: j,
					Data: data(map[string]any{"secrets": map[string]any{"token": canary, "hook": short}}),
				})
				out, err := json.Marshal(got)
				require.NoError(t, err)
				all := fmt.Sprintf("%+v\n%s\n%s", got, out, strings.Join(j.said, "\n"))
				assert.True(t, strings.Contains(all, scrub.Mark) || strings.Contains(all, "has a secret in it, and is not kept"), all)
				for _, bad := range append([]string{"CANARY", short, "c0nfig", "t0ken"}, forms...) {
					assert.NotContains(t, all, bad)
				}
				for offset := range 3 {
					for _, secret := range []string{"CANARY-c0nfig/tok", "CANARY-login-t0ken"} {
						whole := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", offset) + secret))
						assert.NotContains(t, all, whole[4:len(whole)-4])
					}
				}
			})
		})
	}
}

// TestHidden: what is hidden is in no output and no record, however short it is.
func TestHidden(t *testing.T) {
	s := &server{replies: map[string][]reply{"PUT /base/login": {{status: 200, body: `{"token":"Zq9","user":"bob"}`}}, "PUT /base/s": {{status: 200}}}}
	j := &memory{}
	got := runner(t, s, Options{}).Run(t.Context(), &Request{
		Steps: steps(t, "  - {name: login, request: PUT /login, extract: {token: body.token, user: body.user}, hide: [token]}\n  - {name: send, request: PUT /s, undo: [{name: back, request: DELETE /s}], headers: {X-Token: '{{ .steps.login.token }}'}}\n"),
		Data:  data(nil), Journal: j,
	})
	require.Equal(t, Completed, got.Outcome, got.Reason)
	assert.Equal(t, "Zq9", s.calls[1].header.Get("X-Token"))
	assert.NotContains(t, fmt.Sprint(got, j.records), "Zq9")
	assert.Equal(t, map[string]any{"login": map[string]any{"user": "bob", "ran": true}}, j.records["send"].Was)
}

// TestTakenBackWithSecrets: what has a secret in it is taken back with it in the run that knows it,
// and not with a hole in the next.
func TestTakenBackWithSecrets(t *testing.T) {
	const text = "  - {name: read, request: GET /r, extract: {v: body.v}}\n  - {name: send, request: PUT /s, headers: {X-A: '{{ .secrets.token }}'}, undo: [{name: back, request: PUT /s, text: '{{ .steps.read.v }}'}]}\n  - {name: last, request: PUT /l}\n"
	replies := func() map[string][]reply {
		return map[string][]reply{"GET /base/r": {{status: 200, body: `{"v":"was hunter22"}`}}, "PUT /base/s": {{status: 200}}, "PUT /base/l": {{status: 422}}}
	}
	all := data(map[string]any{"secrets": map[string]any{"token": "hunter22"}})
	s, j := &server{replies: replies()}, &memory{}
	got := runner(t, s, Options{}).Run(t.Context(), &Request{Steps: steps(t, text), Data: all, Journal: j})
	assert.Contains(t, got.Reason, "send was taken back")
	assert.Equal(t, "was hunter22", s.calls[3].body)
	assert.Equal(t, []string{"read.v has a secret in it, and is not kept"}, got.Notes)
	assert.NotContains(t, fmt.Sprint(got, j.records), "hunter22")

	rec := j.records["send"]
	rec.State = Done
	s = &server{replies: replies()}
	got = runner(t, s, Options{}).Run(t.Context(), &Request{Steps: steps(t, text), Data: all, Journal: &memory{}, Before: map[string]Record{"send": rec, "send.undo.back": {State: Failed}}})
	assert.Contains(t, got.Reason, `send could not be taken back: send.undo.back: text: {{ .steps.read.v }}: map has no entry for key "v"`)
	assert.Empty(t, s.calls)
}

// everything is a journal that keeps all it is told as text.
type everything struct {
	said   []string
	refuse error
}

func (e *everything) keep(step string, r Record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	e.said = append(e.said, fmt.Sprintf("%s %s %+v", step, data, r))
	return nil
}

func (e *everything) Before(_ context.Context, step string, r Record) error {
	if e.refuse != nil {
		return e.refuse
	}
	return e.keep(step, r)
}

func (e *everything) After(_ context.Context, step string, r Record) error { return e.keep(step, r) }
