// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scrub

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const canary = "CANARY-t0ken/of&\"<catalog>"

// forms are the canary as servers and libraries write it.
func forms() []string {
	quoted, _ := json.Marshal(canary)
	return []string{
		canary, url.QueryEscape(canary), url.PathEscape(canary), string(quoted), strconv.Quote(canary), base64.StdEncoding.EncodeToString([]byte(canary)),
		base64.RawURLEncoding.EncodeToString([]byte(canary)), base64.StdEncoding.EncodeToString([]byte("user:" + canary)), base64.StdEncoding.EncodeToString([]byte("u:" + canary + "x")),
	}
}

// authenticator adds a token as the collector's extensions do: to a copy of the request.
type authenticator struct{ base http.RoundTripper }

func (a authenticator) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+canary)
	return a.base.RoundTrip(r)
}

// clients send the canary in four ways.
func clients(t *testing.T) map[string]func(http.RoundTripper) (client *http.Client, prepare func(*http.Request)) {
	t.Helper()
	header := func(name, value string) func(http.RoundTripper) (*http.Client, func(*http.Request)) {
		return func(base http.RoundTripper) (*http.Client, func(*http.Request)) {
			c := &http.Client{Transport: base}
			Client(c)
			return c, func(r *http.Request) { r.Header.Set(name, value) }
		}
	}
	return map[string]func(http.RoundTripper) (*http.Client, func(*http.Request)){
		"header":     header("X-Api-Key", canary),
		"Basic auth": header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+canary))),
		"extension": func(base http.RoundTripper) (*http.Client, func(*http.Request)) {
			c := &http.Client{Transport: authenticator{base}}
			Client(c)
			return c, func(*http.Request) {}
		},
		"given": func(base http.RoundTripper) (*http.Client, func(*http.Request)) {
			c := &http.Client{Transport: base}
			Client(c, canary)
			return c, func(*http.Request) {}
		},
	}
}

// TestAnswers: whatever a server says of a secret, in whichever form, is not in what comes back.
func TestAnswers(t *testing.T) {
	for name, client := range clients(t) {
		for _, status := range []int{200, 302, 400, 401, 500} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if status != 200 {
						w.Header().Set("X-Echo", forms()[1])
						w.Header().Set("Location", "/"+forms()[2])
					}
					w.WriteHeader(status)
					for _, form := range forms() {
						fmt.Fprintf(w, "%s and ", form)
					}
					fmt.Fprint(w, "no more")
				}))
				defer server.Close()
				c, prepare := client(server.Client().Transport)
				c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
				require.NoError(t, err)
				prepare(request)
				response, err := c.Do(request)
				require.NoError(t, err)
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				all := fmt.Sprint(response.Status, response.Header, string(body))
				for _, bad := range append(forms(), "CANARY", "t0ken") {
					assert.NotContains(t, all, bad)
				}
				for word := range strings.FieldsSeq(all) {
					decoded, _ := base64.RawStdEncoding.DecodeString(strings.TrimRight(word, "="))
					assert.NotContains(t, string(decoded), "t0ken")
				}
				assert.GreaterOrEqual(t, strings.Count(string(body), Mark), len(forms()))
				assert.True(t, strings.HasSuffix(string(body), "no more"), "the rest stays")
			})
		}
	}
}

// TestErrors: what is no answer is quoted by the HTTP library.
func TestErrors(t *testing.T) {
	for name, client := range clients(t) {
		for _, answer := range []string{"HTTP/1.1 " + canary + "\r\n\r\n", "HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n", canary + "\r\n"} {
			t.Run(name+" "+answer, func(t *testing.T) {
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				done := make(chan struct{})
				go func() {
					defer close(done)
					if c, err := listener.Accept(); err == nil {
						_, _ = c.Read(make([]byte, 4096))
						_, _ = io.WriteString(c, answer)
						_ = c.Close()
					}
				}()
				c, prepare := client(&http.Transport{DisableKeepAlives: true})
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String(), http.NoBody)
				require.NoError(t, err)
				prepare(request)
				_, err = c.Do(request) //nolint:bodyclose // there is none
				require.ErrorContains(t, err, Mark)
				assert.NotContains(t, err.Error(), "CANARY")
				require.NoError(t, listener.Close())
				<-done
			})
		}
	}
}

// roundTripper is a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestKindOfError: an error with another text is what it was.
func TestKindOfError(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	c := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("%s: %w", canary, context.DeadlineExceeded)
	})}
	Client(c, canary)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://x", http.NoBody)
	require.NoError(t, err)
	_, err = c.Do(request) //nolint:bodyclose // there is none
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var wrapped *url.Error
	require.ErrorAs(t, err, &wrapped)
	assert.True(t, wrapped.Timeout())
	assert.NotContains(t, err.Error(), "CANARY")
}

// TestGoodAnswers have no hole where a short secret is a number or a word of theirs, and end as they
// ended.
func TestGoodAnswers(t *testing.T) {
	broken := errors.New("broken")
	answer := `{"last_updated": 1792001234000, "user": "tenant-7"}`
	c := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(io.MultiReader(strings.NewReader(answer), failing{broken}))}, nil
	})}
	Client(c)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://me:secret-password@x", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("X-Scope-Orgid", "1234")
	request.Header.Set("Authorization", "Bearer tenant-7")
	response, err := c.Do(request)
	require.NoError(t, err)
	data, err := io.ReadAll(response.Body)
	require.ErrorIs(t, err, broken)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, answer, string(data))
	c.CloseIdleConnections()
}
