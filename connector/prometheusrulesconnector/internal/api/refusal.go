// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// refusal is an error in the format of Prometheus' API.
type refusal struct {
	status int
	allow  string
	body   struct {
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Error     string `json:"error"`
	}
}

func refuse(status int, kind, format string, args ...any) *refusal {
	r := &refusal{status: status}
	r.body.Status, r.body.ErrorType, r.body.Error = "error", kind, fmt.Sprintf(format, args...)
	return r
}

func (r *refusal) write(w http.ResponseWriter) {
	text, err := json.Marshal(r.body)
	if err != nil {
		http.Error(w, r.body.Error, r.status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if r.allow != "" {
		h.Set("Allow", r.allow)
	}
	if r.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(text) // who asked is gone
}
