// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package sourcetest has the double of a registry that tests of the sources of facts ask.
package sourcetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Request is what a registry was asked, field by field.
type Request struct {
	Method, Path string
	Query        url.Values
}

// Get is a request to read a path.
func Get(path string, query url.Values) Request { return Request{http.MethodGet, path, query} }

// Registry is a server of JSON that keeps what it is asked.
type Registry struct {
	*httptest.Server

	mu       sync.Mutex // guards requests
	requests []Request
}

// NewRegistry starts a registry that answers with a status and a body.
func NewRegistry(tb testing.TB, answer func(path string, query url.Values) (status int, body string)) *Registry {
	tb.Helper()
	r := &Registry{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		assert.Zero(tb, req.ContentLength)
		r.mu.Lock()
		r.requests = append(r.requests, Request{req.Method, req.URL.Path, req.URL.Query()})
		r.mu.Unlock()
		status, body := answer(req.URL.Path, req.URL.Query())
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	tb.Cleanup(r.Close)
	return r
}

// Requests are all requests so far.
func (r *Registry) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Golden is the text of a file of the caller's testdata.
func Golden(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	return string(data)
}
