// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"slices"
	"strings"
)

// endpoint is a path of the API.
type endpoint struct {
	// post says that the path takes forms, too.
	post bool
	// reads says that it reads series, so that a slot must be free.
	reads bool
}

// endpoints are the paths that are answered.
var endpoints = map[string]endpoint{
	"/query":              {post: true, reads: true},
	"/query_range":        {post: true, reads: true},
	"/query_exemplars":    {post: true, reads: true},
	"/series":             {post: true, reads: true},
	"/labels":             {post: true, reads: true},
	"/format_query":       {post: true},
	"/parse_query":        {post: true},
	"/rules":              {},
	"/alerts":             {},
	"/metadata":           {},
	"/status/buildinfo":   {},
	"/status/runtimeinfo": {},
}

// labelValues is the path /label/NAME/values.
var labelValues = endpoint{reads: true}

// find returns the endpoint of a request, or why there is none.
func find(r *http.Request) (endpoint, *refusal) {
	path, ours := strings.CutPrefix(r.URL.Path, prefix)
	found, ok := endpoints[path]
	if isLabelValues(path) {
		found, ok = labelValues, true
	}
	if !ours || !ok {
		return endpoint{}, refuse(http.StatusNotFound, "not_found",
			"there is no %.100q here: this is Prometheus' API to read series and rules: %s", r.URL.Path, paths())
	}
	if r.Method == http.MethodGet || r.Method == http.MethodPost && found.post {
		return found, nil
	}
	allowed := http.MethodGet
	if found.post {
		allowed += ", " + http.MethodPost
	}
	no := refuse(http.StatusMethodNotAllowed, "bad_data", "%s takes %s, not %.20q", r.URL.Path, allowed, r.Method)
	no.allow = allowed
	return endpoint{}, no
}

func isLabelValues(path string) bool {
	name, ok := strings.CutPrefix(path, "/label/")
	if !ok {
		return false
	}
	name, ok = strings.CutSuffix(name, "/values")
	return ok && name != "" && !strings.Contains(name, "/")
}

func paths() string {
	list := []string{prefix + "/label/NAME/values"}
	for path := range endpoints {
		list = append(list, prefix+path)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
