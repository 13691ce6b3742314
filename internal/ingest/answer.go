// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"strings"
	"unicode"

	"go.opentelemetry.io/collector/consumer/consumererror"
)

// maxRefused is how many refused items an answer lists.
const maxRefused = 100

// Answer is what the sender of a request learns of its items. It is the body of any answer but 200.
type Answer struct {
	// Accepted is the number of items that were taken.
	Accepted int `json:"accepted"`
	// Error is what is wrong with the request as a whole.
	Error string `json:"error,omitempty"`
	// Refused are the items that were not taken, the first hundred.
	Refused []refused `json:"refused,omitempty"`
}

// refused is an item that was not taken.
type refused struct {
	Index   int    `json:"index"`
	ID      string `json:"id,omitempty"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// IsPost tells whether items are posted. It answers 405 to any other request.
func IsPost(w http.ResponseWriter, r *http.Request, items string) bool {
	if r.Method == http.MethodPost {
		return true
	}
	w.Header().Set("Allow", http.MethodPost)
	Reply(w, http.StatusMethodNotAllowed, &Answer{Error: items + " are sent with POST"})
	return false
}

// ValidPath is true for a path that a request can have and that http.ServeMux takes as it is.
func ValidPath(s string) bool {
	clean := path.Clean(s)
	return strings.HasPrefix(s, "/") && (s == clean || s == clean+"/") && !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsSpace(c) || c == '{' || c == '}' })
}

// TooLarge tells whether a body could not be read because it is larger than the server's limit.
func TooLarge(err error) bool {
	_, large := errors.AsType[*http.MaxBytesError](err)
	return large
}

// Refuse lists an item that is not taken. An item without an id has an empty one.
func (a *Answer) Refuse(index int, id string, why RefusalError) {
	if len(a.Refused) < maxRefused {
		a.Refused = append(a.Refused, refused{Index: index, ID: id, Reason: why.Reason, Message: why.Message})
	}
}

// SendTooLarge answers a request whose body is larger than the server's limit: 413.
func (a *Answer) SendTooLarge(w http.ResponseWriter) {
	a.Error = "the body is larger than max_request_body_size"
	Reply(w, http.StatusRequestEntityTooLarge, a)
}

// SendUnread answers a request whose body is no list of items: 400.
func (a *Answer) SendUnread(w http.ResponseWriter, why RefusalError) {
	a.Error = why.Message
	a.Refuse(0, "", why)
	Reply(w, http.StatusBadRequest, a)
}

// Send answers a request whose items were read; err is the pipeline's. It answers 200 where all
// were taken, 400 where some were refused, which need not be sent again, or where the pipeline
// refuses for good; 503 and Retry-After where it has no room.
func (a *Answer) Send(w http.ResponseWriter, err error) {
	switch {
	case err != nil && !consumererror.IsPermanent(err):
		w.Header().Set("Retry-After", "1")
		a.Error = "the pipeline has no room: " + err.Error()
		Reply(w, http.StatusServiceUnavailable, a)
	case err != nil:
		a.Error = "the pipeline does not take it: " + err.Error()
		Reply(w, http.StatusBadRequest, a)
	case len(a.Refused) > 0:
		Reply(w, http.StatusBadRequest, a)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// Reply answers with a status and a body in JSON.
func Reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}
