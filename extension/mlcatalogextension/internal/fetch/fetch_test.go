// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and returns a client of it.
func serve(t *testing.T, handler http.HandlerFunc) (*Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := New(server.Client(), server.URL+"/prefix/", 1000)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c, server
}

type value struct {
	A int `json:"a"`
}

func TestGet(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodGet, r.Method)
		assert.Equal(t, "/prefix/api/x", r.URL.Path)
		assert.Equal(t, "name='a b'&1", r.URL.Query().Get("filter"))
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
		assert.Empty(t, r.Header.Get("If-None-Match"))
		fmt.Fprint(w, ` {"a": 7}`)
	})
	var v value
	require.NoError(t, c.Get(t.Context(), "api/x", url.Values{"filter": {"name='a b'&1"}}, &v))
	assert.Equal(t, 7, v.A)
}

func TestETags(t *testing.T) {
	etag, asked := `"1"`, []string{}
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery+" "+r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprintf(w, `{"a": %s}`, strings.Trim(etag, `"`))
	})
	get := func(page string) int {
		var v value
		require.NoError(t, c.Get(t.Context(), "x", url.Values{"page": {page}}, &v))
		return v.A
	}
	c.Begin()
	get("1")
	get("2")
	c.End()
	c.Begin() // a round that breaks off forgets nothing
	assert.Equal(t, 1, get("1"))
	c.Begin()
	assert.Equal(t, 1, get("1"))
	assert.Equal(t, 1, get("2"))
	c.End()
	c.Begin()
	assert.Equal(t, 1, get("2"))
	c.End()
	c.Begin()
	etag = `"3"`
	assert.Equal(t, 3, get("1"))
	assert.Equal(t, 3, get("2"))
	assert.Equal(t, []string{
		"page=1 ", "page=2 ", `page=1 "1"`, `page=1 "1"`, `page=2 "1"`, `page=2 "1"`,
		"page=1 ", `page=2 "1"`,
	}, asked)
}

func TestNotModifiedWithoutAQuestion(t *testing.T) {
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	var e *Error
	require.ErrorAs(t, c.Get(t.Context(), "x", nil, &value{}), &e)
	assert.Equal(t, http.StatusNotModified, e.Status)
}

func TestABadAnswerIsNotKept(t *testing.T) {
	var asked []string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", `"1"`)
		fmt.Fprint(w, `{"a": "no number"}`)
	})
	for range 2 {
		c.Begin()
		require.Error(t, c.Get(t.Context(), "x", nil, &value{}))
		c.End()
	}
	assert.Equal(t, []string{"", ""}, asked)
}

func TestErrors(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   Error
	}{
		"MLflow": {
			status: 404, body: `{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=x not found"}`,
			want: Error{Status: 404, Message: "RESOURCE_DOES_NOT_EXIST: Run with id=x not found"},
		},
		"FastAPI": {
			status: 422, body: `{"detail": [{"loc": ["query", "project"], "msg": "field required"}]}`,
			want: Error{Status: 422, Message: `[{"loc": ["query", "project"], "msg": "field required"}]`},
		},
		"Feast":       {status: 404, body: `{"status_code": 404, "detail": "no project", "error_type": "X"}`, want: Error{Status: 404, Message: "no project"}},
		"a page":      {status: 500, body: "<html>\x00oh\nno", want: Error{Status: 500, Message: "<html> oh no"}},
		"long":        {status: 502, body: strings.Repeat("x", 999), want: Error{Status: 502, Message: strings.Repeat("x", 300) + "…"}},
		"nothing":     {status: 401, want: Error{Status: 401}},
		"busy":        {status: 429, header: map[string]string{"Retry-After": "17"}, want: Error{Status: 429, RetryAfter: 17 * time.Second}},
		"very busy":   {status: 503, header: map[string]string{"Retry-After": "99999999999"}, want: Error{Status: 503, RetryAfter: time.Hour}},
		"past":        {status: 503, header: map[string]string{"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, want: Error{Status: 503}},
		"odd":         {status: 503, header: map[string]string{"Retry-After": "soon"}, want: Error{Status: 503}},
		"empty":       {status: 200, want: Error{Message: "the answer is not as expected: is no JSON object"}},
		"a list":      {status: 200, body: "[]", want: Error{Message: "the answer is not as expected: is no JSON object"}},
		"a login":     {status: 200, body: "<html>", want: Error{Message: "the answer is not as expected: is no JSON object"}},
		"cut":         {status: 200, body: `{"a": 1`, want: Error{Message: "the answer is not as expected: unexpected end of JSON input"}},
		"two":         {status: 200, body: `{"a": 1} {}`, want: Error{Message: "the answer is not as expected: invalid character '{' after top-level value"}},
		"too large":   {status: 200, body: `{"a": 1}` + strings.Repeat(" ", 1000), want: Error{Message: "the answer has more than 1000 bytes"}},
		"other types": {status: 200, body: `{"a": {}}`, want: Error{Message: "the answer is not as expected: json: cannot unmarshal object into Go struct field value.a of type int"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range test.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			var e *Error
			require.ErrorAs(t, c.Get(t.Context(), "x", nil, &value{}), &e)
			test.want.Path = "/prefix/x"
			assert.Equal(t, test.want, *e)
			assert.True(t, strings.HasPrefix(e.Error(), "/prefix/x: "), e.Error())
		})
	}
}

func TestErrorText(t *testing.T) {
	assert.Equal(t, "/x: 429 Too Many Requests", (&Error{Path: "/x", Status: 429}).Error())
	assert.Equal(t, "/x: 404 Not Found: gone", (&Error{Path: "/x", Status: 404, Message: "gone"}).Error())
}

func TestRedirects(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/prefix/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/prefix/round":
			http.Redirect(w, r, "/prefix/round", http.StatusFound)
		case "/prefix/here":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		default:
			fmt.Fprint(w, `{"a": 1}`)
		}
	})
	var v value
	require.ErrorContains(t, c.Get(t.Context(), "away", url.Values{"token": {"secret"}}, &v), "redirects to another server")
	assert.False(t, reached)
	require.ErrorContains(t, c.Get(t.Context(), "round", nil, &v), "redirects too often")
	require.NoError(t, c.Get(t.Context(), "here", nil, &v))
	err := c.Get(t.Context(), "away", url.Values{"token": {"secret"}}, &v)
	assert.NotContains(t, err.Error(), "secret", "the query may have one")
}

func TestDownAndCancelled(t *testing.T) {
	c, server := serve(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Get(ctx, "x", nil, &value{}), context.Canceled)
	server.Close()
	err := c.Get(t.Context(), "x", url.Values{"q": {"1"}}, &value{})
	require.ErrorContains(t, err, "/prefix/x: ")
	assert.NotContains(t, err.Error(), "q=1")
}

func TestCacheIsBounded(t *testing.T) {
	c := &Client{current: map[string]answer{}}
	for i := range 100 {
		c.keep(fmt.Sprint(i), answer{"e", make([]byte, 1<<20)})
	}
	assert.LessOrEqual(t, c.size, maxCache)
	assert.Len(t, c.current, 31)
}

func TestCheckEndpoint(t *testing.T) {
	for _, good := range []string{"http://localhost:5000", "https://example.com/mlflow/"} {
		_, err := CheckEndpoint(good)
		assert.NoError(t, err, good)
	}
	for bad, want := range map[string]string{
		"": "must not be empty", "localhost:5000": "must be a URL", "ftp://x": "must be a URL", "http://": "must be a URL", "/x": "must be a URL",
		"http://me:secret@x": "must not have a user", "http://x?token=secret": "must not have a query", "http://x#secret": "must not have a query",
		"http://secret\x7f": "is no URL", "me:secret@x": "must be a URL",
	} {
		_, err := CheckEndpoint(bad)
		require.ErrorContains(t, err, want, bad)
		assert.NotContains(t, err.Error(), "secret")
		_, err = New(http.DefaultClient, bad, 0)
		assert.Error(t, err)
	}
}

func TestMatch(t *testing.T) {
	for glob, names := range map[string][2][]string{
		"*":       {{"", "a", "a/b"}, nil},
		"fraud":   {{"fraud"}, {"", "frau", "frauds", "xfraud"}},
		"fraud*":  {{"fraud", "fraud_eu", "fraud/x"}, {"xfraud"}},
		"*a*b?":   {{"abc", "xxaxxbz", "aabbc"}, {"ab", "ba", "abcd"}},
		"?":       {{"a"}, {"", "ab"}},
		"":        {{""}, {"a"}},
		"a**b":    {{"ab", "axb"}, {"a"}},
		"*.*.end": {{"a.b.end"}, {"a.end"}},
	} {
		for _, n := range names[0] {
			assert.True(t, Match(glob, n), "%q %q", glob, n)
		}
		for _, n := range names[1] {
			assert.False(t, Match(glob, n), "%q %q", glob, n)
		}
	}
	assert.False(t, MatchAny(nil, "a"))
	assert.True(t, MatchAny([]string{"b", "a"}, "a"))
	start := time.Now() // a backtracking matcher would not come back
	assert.False(t, Match(strings.Repeat("*a", 100)+"b", strings.Repeat("a", 10000)))
	assert.Less(t, time.Since(start), 2*time.Second)
}

func TestText(t *testing.T) {
	assert.Equal(t, "short", Text("short"))
	assert.Len(t, Text(strings.Repeat("x", 5000)), MaxText)
	cut := Text(strings.Repeat("x", MaxText-1) + "é")
	assert.Equal(t, strings.Repeat("x", MaxText-1), cut, "no half a character")
	assert.Equal(t, "a\uFFFD", Text("a\xff"))
	assert.False(t, GoodName(""))
	assert.False(t, GoodName(strings.Repeat("x", MaxName+1)))
	assert.False(t, GoodName("\xff"))
	assert.True(t, GoodName("é"))
}

func TestNumbers(t *testing.T) {
	var v struct {
		I Integer
		N Number
	}
	for data, want := range map[string][2]float64{
		`{"I": 1792000000000, "N": 0.5}`: {1792000000000, 0.5}, `{"I": "12", "N": "0.5"}`: {12, 0.5}, `{"I": null, "N": null}`: {0, 0},
		`{"I": 3.0, "N": 1e3}`: {3, 1000},
	} {
		require.NoError(t, json.Unmarshal([]byte(data), &v), data)
		assert.Equal(t, want, [2]float64{float64(v.I), float64(v.N)}, data)
	}
	for _, data := range []string{`{"I": 1.5}`, `{"I": "x"}`, `{"I": 1e300}`, `{"I": "NaN"}`, `{"I": []}`, `{"N": "x"}`, `{"N": {}}`, `{"N": true}`} {
		assert.Error(t, json.Unmarshal([]byte(data), &v), data)
	}
	for _, data := range []string{`{"N": "NaN"}`, `{"N": "Infinity"}`, `{"N": "-Infinity"}`} {
		require.NoError(t, json.Unmarshal([]byte(data), &v), data)
		assert.False(t, v.N.Finite(), data)
	}
	require.NoError(t, json.Unmarshal([]byte(`{"N": 0}`), &v))
	assert.True(t, v.N.Finite())
}
