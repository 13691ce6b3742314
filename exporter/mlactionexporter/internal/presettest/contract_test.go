// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

//go:embed contracts
var contracts embed.FS

// contract is a published specification of an API.
type contract struct {
	name   string
	router routers.Router
}

var loaded sync.Map // of *contract, by name

var decoders = sync.OnceFunc(func() {
	for _, json := range []string{"application/merge-patch+json", "application/cloudevents+json"} {
		openapi3filter.RegisterBodyDecoder(json, openapi3filter.RegisteredBodyDecoder("application/json"))
	}
	for _, bytes := range []string{"application/gzip", "text/html"} {
		openapi3filter.RegisterBodyDecoder(bytes, openapi3filter.FileBodyDecoder)
	}
})

// load reads a contract: OpenAPI 3, or Swagger 2, which is converted.
func load(t *testing.T, name string) *contract {
	t.Helper()
	if c, ok := loaded.Load(name); ok {
		return c.(*contract)
	}
	decoders()
	file := name + ".yaml"
	data, err := contracts.ReadFile("contracts/" + file)
	if err != nil {
		file = name + ".json"
		data, err = contracts.ReadFile("contracts/" + file)
	}
	require.NoError(t, err)
	var doc *openapi3.T
	if bytes.Contains(data, []byte(`"swagger": "2.0"`)) {
		var old openapi2.T
		require.NoError(t, json.Unmarshal(data, &old), file)
		doc, err = openapi2conv.ToV3(&old)
	} else {
		doc, err = openapi3.NewLoader().LoadFromData(data)
	}
	require.NoError(t, err, file)
	require.NoError(t, doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation()), file)
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err, file)
	c := &contract{name: file, router: router}
	loaded.Store(name, c)
	return c
}

// request checks a request by the contract. Whatever the contract does not know is an error: paths, and parameters of the query.
func (c *contract) request(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %s %s: %w", c.name, r.Method, r.URL.Path, err)
	}
	for name := range r.URL.Query() {
		all := append(append(openapi3.Parameters{}, route.Operation.Parameters...), route.PathItem.Parameters...)
		if all.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return nil, fmt.Errorf("%s: %s %s has no parameter %q", c.name, r.Method, route.Path, name)
		}
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		return nil, fmt.Errorf("%s: %s %s: %w\n%s", c.name, r.Method, r.URL, err, shown(body))
	}
	return input, nil
}

// answer checks an answer by the contract.
func (c *contract) answer(input *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) error {
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		return fmt.Errorf("%s: the answer of our own server to %s %s: %w\n%s", c.name, input.Request.Method, input.Request.URL, err, shown(body))
	}
	return nil
}

func shown(body []byte) string {
	return strings.ToValidUTF8(string(body[:min(len(body), 2000)]), "?")
}
