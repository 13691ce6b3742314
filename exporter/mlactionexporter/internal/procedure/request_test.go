// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBodies: what is sent, and as what.
func TestBodies(t *testing.T) {
	for _, c := range []struct {
		name, step, contentType, body string
	}{
		{"none", "", "", ""},
		{
			"json", `json: {a: '{{ .alert.text }}', n: 5, b: [true, null, 1.5], list: {$expr: 'map(alert.list, ({"k": #, "n": 1000000}))'}, gone: {$expr: nil}, items: [a, {$expr: alert.none}]}`, "application/json",
			`{"a":"a\"b\n<c>","b":[true,null,1.5],"items":["a"],"list":[{"k":"x","n":1000000},{"k":"y","n":1000000}],"n":5}`,
		},
		{"json of an expression", `json: {$expr: alert.list}`, "application/json", `["x","y"]`},
		{"text", `text: 'hello {{ .alert.name }}'`, "text/plain; charset=utf-8", "hello SLOBreach"},
		{"text of a type", "text: '<a/>'\n    headers: {content-type: application/xml}", "application/xml", "<a/>"},
		{"merge", `merge: {spec: {x: '{{ .target.to }}', gone: null}}`, "application/merge-patch+json", `{"spec":{"gone":null,"x":"6"}}`},
		{"patch", `patch: [{op: test, path: /spec, value: {$expr: target.from}}]`, "application/json-patch+json", `[{"op":"test","path":"/spec","value":"7"}]`},
		{"patch of an expression", `patch: {$expr: 'fromJSON(alert.patch)'}`, "application/json-patch+json", `[{"op":"remove","path":"/a"}]`},
		{"attachment", `attachment: traces`, "application/gzip", "FILE"},
		{"json with a file", `json: {a: [{content: {$file: traces}}], b: {$expr: 'dry_run ? true : nil'}}`, "application/json", `{"a":[{"content":"RklMRQ=="}]}`},
		{"merge with a file", `merge: {binaryData: {traces: {$file: traces}}}`, "application/merge-patch+json", `{"binaryData":{"traces":"RklMRQ=="}}`},
		{"patch with a file", `patch: [{op: add, path: /a, value: {$file: traces}}]`, "application/json-patch+json", `[{"op":"add","path":"/a","value":"RklMRQ=="}]`},
		{"a value that looks like a file", `json: {a: {$expr: alert.file}}`, "application/json", `{"a":{"$file":"traces"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{replies: map[string][]reply{"POST /base/s": {{status: 200}}}}
			all := data(map[string]any{"alert": map[string]any{"name": "SLOBreach", "text": "a\"b\n<c>", "list": []string{"x", "y"}, "none": nil, "patch": `[{"op":"remove","path":"/a"}]`, "file": map[string]any{"$file": "traces"}}})
			step := "  - name: send\n    request: POST /s\n    repeat: never\n"
			if c.step != "" {
				step += "    " + c.step + "\n"
			}
			// The reader knows the data of alerts; these are made up.
			step = strings.NewReplacer("alert.text", "alert.annotations.text", "alert.list", "alert.annotations.list", "alert.none", "alert.annotations.none", "alert.patch", "alert.annotations.patch", "alert.file", "alert.annotations.file").Replace(step)
			all["alert"].(map[string]any)["annotations"] = all["alert"]
			got := runner(t, s, Options{}).Run(t.Context(), &Request{Steps: steps(t, step), Data: withoutLoop(all), Files: files(0), Journal: &memory{}})
			require.Equal(t, Completed, got.Outcome, got.Reason)
			assert.Equal(t, c.contentType, s.calls[0].header.Get("Content-Type"))
			assert.Equal(t, c.body, s.calls[0].body)
			assert.Equal(t, "test/1", s.calls[0].header.Get("User-Agent"))
			assert.Contains(t, s.calls[0].header.Get("Accept"), "application/json")
		})
	}
}

// withoutLoop puts the alert's own values under its annotations.
func withoutLoop(all map[string]any) map[string]any {
	alert, annotations := map[string]any{}, map[string]any{}
	for k, v := range all["alert"].(map[string]any) {
		if k != "annotations" {
			alert[k], annotations[k] = v, v
		}
	}
	alert["annotations"] = annotations
	all["alert"] = alert
	return all
}

func files(more int) map[string]File {
	return map[string]File{"traces": func(_ context.Context, limit int) (Attachment, error) {
		if more < 0 {
			return Attachment{}, errors.New("the buffer is empty")
		}
		data := "FILE"
		if more > 0 {
			data = strings.Repeat("x", limit+more-1)
		}
		return Attachment{Name: `tra"ces.json.gz`, ContentType: "application/gzip", Data: []byte(data), Note: "two spans were left out"}, nil
	}}
}

func TestMultipart(t *testing.T) {
	s := &server{replies: map[string][]reply{"POST /base/s": {{status: 201}}}}
	got := runner(t, s, Options{}).Run(t.Context(), &Request{
		Steps: steps(t, "  - {name: send, request: POST /s, repeat: never, attachment: traces, field: file, headers: {X-Atlassian-Token: no-check}}\n"), Data: data(nil), Files: files(0), Journal: &memory{},
	})
	require.Equal(t, Completed, got.Outcome, got.Reason)
	assert.Equal(t, []string{"two spans were left out"}, got.Notes)
	kind, parameters, err := mime.ParseMediaType(s.calls[0].header.Get("Content-Type"))
	require.NoError(t, err)
	assert.Equal(t, "multipart/form-data", kind)
	assert.Equal(t, "no-check", s.calls[0].header.Get("X-Atlassian-Token"))
	r := multipart.NewReader(strings.NewReader(s.calls[0].body), parameters["boundary"])
	part, err := r.NextPart()
	require.NoError(t, err)
	assert.Equal(t, "file", part.FormName())
	assert.Equal(t, `tra"ces.json.gz`, part.FileName())
	assert.Equal(t, "application/gzip", part.Header.Get("Content-Type"))
	text, err := io.ReadAll(part)
	require.NoError(t, err)
	assert.Equal(t, "FILE", string(text))
	_, err = r.NextPart()
	require.ErrorIs(t, err, io.EOF)
}

// TestAttachmentsFit: the file is asked to fit, and is not sent where it does not.
func TestAttachmentsFit(t *testing.T) {
	for _, c := range []struct {
		name, step, want string
		more             int
		outcome          Outcome
	}{
		{"as large as may be", "max_bytes: 10000", "", 1, Completed},
		{"as large as may be, with a field", "max_bytes: 10000, field: file", "", 1, Completed},
		{"too large", "max_bytes: 10000", "attachment: has 10001 bytes, there is room for 10000", 2, Broken},
		{"no room", "max_bytes: 1000, field: file", "attachment: max_bytes of 1000 leaves no room for it", 0, Broken},
		{"none", "max_bytes: 1000", "attachment: the buffer is empty", -1, Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{replies: map[string][]reply{"POST /base/s": {{status: 201}}}}
			got := runner(t, s, Options{}).Run(t.Context(), &Request{
				Steps: steps(t, "  - {name: send, request: POST /s, repeat: never, attachment: traces, "+c.step+"}\n"), Data: data(nil), Files: files(c.more), Journal: &memory{},
			})
			assert.Equal(t, c.outcome, got.Outcome)
			assert.Equal(t, c.want, got.Reason)
			if c.outcome == Completed {
				assert.LessOrEqual(t, len(s.calls[0].body), 10000)
			}
		})
	}
}

// TestFilesFit: as TestAttachmentsFit, for a file in a JSON body, whose base64 and the rest of the body count.
func TestFilesFit(t *testing.T) {
	for _, c := range []struct {
		name, step, want string
		more, size       int
		outcome          Outcome
	}{
		// {"a":"","b":"12345"} has 20 bytes, 7485 bytes are 9980 of base64.
		{"as large as may be", "max_bytes: 10000", "", 1, 10000, Completed},
		{"three bytes less", "max_bytes: 9999", "", 1, 9996, Completed},
		{"too large", "max_bytes: 10000", "json: $file: has 7486 bytes, there is room for 7485", 2, 0, Broken},
		{"no room", "max_bytes: 23", "json: $file: max_bytes of 23 leaves no room for it", 0, 0, Broken},
		{"the rest is too large", "max_bytes: 10", "json: $file: max_bytes of 10 leaves no room for it", 0, 0, Broken},
		{"none", "max_bytes: 1000", "json: $file: the buffer is empty", -1, 0, Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{replies: map[string][]reply{"POST /base/s": {{status: 201}}}}
			got := runner(t, s, Options{}).Run(t.Context(), &Request{
				Steps: steps(t, "  - {name: send, request: POST /s, repeat: never, json: {a: {$file: traces}, b: '12345'}, "+c.step+"}\n"), Data: data(nil), Files: files(c.more), Journal: &memory{},
			})
			assert.Equal(t, c.outcome, got.Outcome)
			assert.Equal(t, c.want, got.Reason)
			if c.outcome == Completed {
				assert.Len(t, s.calls[0].body, c.size)
				assert.Equal(t, []string{"two spans were left out"}, got.Notes)
			} else {
				assert.Empty(t, s.calls)
			}
		})
	}
}

// TestSigned: receivers can verify it, the id is the same at every attempt and in no other message.
func TestSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a key of 24 bytes or so."))
		s := &server{replies: map[string][]reply{"POST /base/s": {{status: 500}, {status: 429}, {status: 200}}, "POST /base/t": {{status: 200}}}}
		all := data(map[string]any{"secrets": map[string]any{"hook": secret}})
		request := Request{
			Name: "update-2", Steps: steps(t, "  - {name: one, request: POST /s, repeat: always, sign: hook, json: {a: '{{ .key }}'}}\n  - {name: two, request: POST /t, repeat: always, sign: hook}\n"), Data: all, Journal: &memory{},
		}
		got := runner(t, s, Options{}).Run(t.Context(), &request)
		require.Equal(t, Completed, got.Outcome, got.Reason)
		require.Len(t, s.calls, 4)
		webhook, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		for i, c := range s.calls {
			require.NoError(t, webhook.Verify([]byte(c.body), c.header))
			id := "0123456789abcdef0123456789abcdef.update-2.one"
			if i == 3 {
				id = "0123456789abcdef0123456789abcdef.update-2.two"
			}
			assert.Equal(t, id, c.header.Get("webhook-id"))
		}
		assert.NotEqual(t, s.calls[0].header.Get("webhook-timestamp"), s.calls[2].header.Get("webhook-timestamp"))
		for what, change := range map[string]func(){
			"sign: there is no key":         func() { request.Data["key"] = "" },
			"sign: there is no secret hook": func() { request.Data["secrets"] = map[string]any{"hook": ""} },
			"sign: the secret is no base64": func() { request.Data["key"], request.Data["secrets"] = "k", map[string]any{"hook": "?!"} },
		} {
			request.Data = data(map[string]any{"secrets": map[string]any{"hook": secret}})
			change()
			got := runner(t, s, Options{}).Run(t.Context(), &request)
			assert.Equal(t, Broken, got.Outcome)
			assert.Contains(t, got.Reason, what)
		}
	})
}

// TestKnownSignature is the vector of the library's own tests, whose secret and message are those
// of the specification.
func TestKnownSignature(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com", http.NoBody)
	require.NoError(t, err)
	p := &prepared{sign: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: []byte(`{"test": 2432232314}`)}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(1614265330, 0)))
		require.NoError(t, sign(request, p))
	})
	assert.Equal(t, "1614265330", request.Header.Get("webhook-timestamp"))
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", request.Header.Get("webhook-signature"))
}

// TestHeaders: an empty one is not sent, and what is sent is what was written.
func TestHeaders(t *testing.T) {
	s := &server{replies: map[string][]reply{"GET /base/r": {{status: 200}}}}
	got := runner(t, s, Options{}).Run(t.Context(), &Request{
		Steps: steps(t, "  - {name: read, request: GET /r, headers: {X-None: '{{ with .secrets.token }}Bearer {{ . }}{{ end }}', accept: text/html, X-A: 'a {{ .model.name }} ä'}, query: {a: '', b: 'x&y=z #'}}\n"),
		Data:  data(map[string]any{"secrets": map[string]any{"token": ""}}),
	})
	require.Equal(t, Completed, got.Outcome, got.Reason)
	assert.NotContains(t, s.calls[0].header, "X-None")
	assert.Equal(t, "text/html", s.calls[0].header.Get("Accept"))
	assert.Equal(t, "a fraud ä", s.calls[0].header.Get("X-A"))
	assert.Equal(t, []string{"GET /base/r?a=&b=x%26y%3Dz+%23"}, s.lines())
}

// TestSecretPath: a webhook whose path is the secret.
func TestSecretPath(t *testing.T) {
	s := &server{replies: map[string][]reply{"POST /base/services/T0/B0/xyz": {{status: 200, body: "ok"}}}}
	got := runner(t, s, Options{}).Run(t.Context(), &Request{
		Steps: steps(t, "  - {name: send, request: 'POST /services/{{ .secrets.token | segments }}', repeat: never, text: x}\n"), Data: data(map[string]any{"secrets": map[string]any{"token": "T0/B0/xyz"}}), Journal: &memory{},
	})
	assert.Equal(t, Completed, got.Outcome, got.Reason)
}

// FuzzRequest: whatever telemetry says, the request goes to the endpoint, below its path, with the
// query and the headers that the step has.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{"a", "..", "../..", "/", "//evil", "%2e%2e", "?x=y", "#", "\\", "\r\nX-Evil: 1", "a b", "http://evil", "@evil.example.com", "&admin=1", "é\x00\xff", `"}`, "{{ .secrets.token }}"} {
		f.Add(s)
	}
	const text = "  - {name: send, request: 'POST /v1/{{ .alert.name }}/x-{{ .alert.name }}', repeat: never, query: {q: '{{ .alert.name }}'}, headers: {X-Name: '{{ .alert.name }}'}, json: {a: '{{ .alert.name }}'}}\n"
	f.Fuzz(func(t *testing.T, value string) {
		base, err := url.Parse("https://api.example.com:8443/b%2Fase/")
		require.NoError(t, err)
		var got *http.Request
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			got = r
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}, nil
		})
		all := data(map[string]any{"alert": map[string]any{"name": value}, "secrets": map[string]any{"token": "s3cret-canary"}})
		result := runner(t, transport, Options{Base: base}).Run(t.Context(), &Request{Steps: steps(t, text), Data: all, Journal: &memory{}})
		if got == nil {
			assert.Equal(t, Broken, result.Outcome)
			return
		}
		assert.Equal(t, "https", got.URL.Scheme)
		assert.Equal(t, "api.example.com:8443", got.URL.Host)
		assert.Equal(t, "api.example.com:8443", got.Host)
		assert.Empty(t, got.URL.Fragment)
		segments := strings.Split(got.URL.EscapedPath(), "/")
		require.Len(t, segments, 5)
		assert.Equal(t, []string{"", "b%2Fase", "v1"}, segments[:3])
		assert.True(t, strings.HasPrefix(segments[4], "x-"))
		query, err := url.ParseQuery(got.URL.RawQuery)
		require.NoError(t, err)
		assert.Equal(t, url.Values{"q": {value}}, query)
		for name := range got.Header {
			assert.Contains(t, []string{"User-Agent", "Accept", "Content-Type", "X-Name"}, name)
		}
		assert.NotContains(t, got.URL.String()+got.Header.Get("X-Name"), "s3cret-canary")
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
