// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/nesting"
)

// Handler looks at the bodies of requests before the next handler does.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(next, w, r) })
}

func (g *Guard) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	check := g.check(r)
	if check == nil || r.Body == nil || r.Body == http.NoBody {
		next.ServeHTTP(w, r)
		return
	}
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength < 1<<24 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(r.Body)
	closing := r.Body
	defer func() { _ = closing.Close() }()
	switch {
	case err != nil: // the receiver answers as it does to a body that breaks off or is too large
		r.Body = io.NopCloser(io.MultiReader(&body, failed{err}))
	case check(body.Bytes()):
		http.Error(w, g.Refuse(r.Context(), HTTP, r.RemoteAddr).Error(), http.StatusBadRequest)
		return
	default:
		r.Body = io.NopCloser(&body)
	}
	next.ServeHTTP(w, r)
}

// check returns what tells whether a body is too deep, nil for one whose type does not nest.
func (g *Guard) check(r *http.Request) func(data []byte) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case media == "application/json", strings.HasSuffix(media, "+json"):
		return func(data []byte) bool { return nesting.JSON(data, nesting.JSONLevels(g.MaxDepth)) }
	case media == "application/x-protobuf":
		signal := signalOf(r.URL.Path)
		return func(data []byte) bool { return nesting.OTLP(data, signal, g.MaxDepth) }
	default:
		return nil
	}
}

// signalOf tells the signal by the default paths; another path may be any.
func signalOf(path string) nesting.Signal {
	switch path {
	case "/v1/traces":
		return nesting.Traces
	case "/v1/metrics":
		return nesting.Metrics
	case "/v1/logs":
		return nesting.Logs
	case "/v1development/profiles":
		return nesting.Profiles
	default:
		return nesting.Unknown
	}
}

// failed is a reader that fails.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) {
	return 0, f.err
}
