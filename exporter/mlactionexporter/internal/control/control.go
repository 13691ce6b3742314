// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package control is the HTTP API of ml_action: what it works at, approval, and the kill switch.
//
//	GET  /v1/actions                                                    all runs and the last actions
//	POST /v1/decisions   {"key": …, "decision": "approve", "by": …}      approve or reject
//	POST /v1/kill-switch {"on": true, "by": …, "reason": …}              stop everything, or go on
//
// What changes something is signed as Standard Webhooks has it
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md): an
// HMAC-SHA256 over id, time and body, no older than five minutes. An id is taken once.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/engine"
)

// The bounds of a request, and of the ids that are remembered. They are remembered for longer than a
// signature is good for.
const (
	maxBody  = 16 << 10
	maxIDs   = 10_000
	keepIDs  = 11 * time.Minute
	maxField = 256
)

// Engine is what is controlled.
type Engine interface {
	Overview() engine.Overview
	Approve(key, by string, approved bool) error
	Kill(on bool, by, reason string) error
}

// NewHandler returns the API. Without a secret nothing can be changed.
func NewHandler(e Engine, secret string) (http.Handler, error) {
	s := &server{engine: e, ids: map[string]time.Time{}}
	if secret != "" {
		var err error
		if s.webhook, err = newWebhook(secret); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/actions", s.list)
	mux.HandleFunc("POST /v1/decisions", s.decide)
	mux.HandleFunc("POST /v1/kill-switch", s.kill)
	return mux, nil
}

// CheckSecret says what is wrong with a secret.
func CheckSecret(secret string) error {
	_, err := newWebhook(secret)
	return err
}

// least is the shortest secret in bytes; Standard Webhooks asks for 24.
const least = 24

// newWebhook makes the check of signatures of a secret: base64 after whsec_, else as it is.
func newWebhook(secret string) (*standardwebhooks.Webhook, error) {
	if len(secret) < least {
		return nil, fmt.Errorf("must have at least %d bytes", least)
	}
	if strings.HasPrefix(secret, "whsec_") {
		w, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return nil, errors.New("must be base64 after whsec_") // the error may quote it
		}
		return w, nil
	}
	return standardwebhooks.NewWebhookRaw([]byte(secret))
}

type server struct {
	engine  Engine
	webhook *standardwebhooks.Webhook

	mu  sync.Mutex
	ids map[string]time.Time
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.engine.Overview())
}

type decision struct {
	Key      string `json:"key"`
	Decision string `json:"decision"`
	By       string `json:"by"`
}

func (s *server) decide(w http.ResponseWriter, r *http.Request) {
	var d decision
	if !s.read(w, r, &d) {
		return
	}
	if d.Decision != "approve" && d.Decision != "reject" || d.By == "" || len(d.By) > maxField {
		fail(w, http.StatusBadRequest, "'decision' must be approve or reject, and 'by' say who decides")
		return
	}
	err := s.engine.Approve(d.Key, d.By, d.Decision == "approve")
	switch {
	case errors.Is(err, engine.ErrNoRun):
		fail(w, http.StatusNotFound, err.Error())
	case errors.Is(err, engine.ErrNotAwaited):
		fail(w, http.StatusConflict, err.Error())
	case err != nil:
		fail(w, http.StatusServiceUnavailable, err.Error())
	default:
		answer(w, http.StatusOK, map[string]string{"key": d.Key, "decision": d.Decision})
	}
}

type kill struct {
	On     *bool  `json:"on"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

func (s *server) kill(w http.ResponseWriter, r *http.Request) {
	var k kill
	if !s.read(w, r, &k) {
		return
	}
	if k.On == nil || k.By == "" || len(k.By) > maxField || len(k.Reason) > maxField {
		fail(w, http.StatusBadRequest, "'on' must be true or false, and 'by' say who turns it")
		return
	}
	if err := s.engine.Kill(*k.On, k.By, k.Reason); err != nil {
		fail(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]bool{"on": *k.On})
}

// read checks the signature of a request, and reads its body.
func (s *server) read(w http.ResponseWriter, r *http.Request, into any) bool {
	if s.webhook == nil {
		fail(w, http.StatusForbidden, "'api::secret' is not set: nothing can be changed by HTTP")
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body must be readable and have at most %d bytes", maxBody))
		return false
	}
	if err := s.webhook.Verify(body, r.Header); err != nil {
		fail(w, http.StatusUnauthorized, "the signature is missing, wrong or older than five minutes: webhook-id, webhook-timestamp and webhook-signature must sign the body as Standard Webhooks has it")
		return false
	}
	if !s.once(r.Header.Get(standardwebhooks.HeaderWebhookID), time.Now()) {
		fail(w, http.StatusConflict, "this webhook-id was used before")
		return false
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		fail(w, http.StatusBadRequest, "the body is not the JSON that is wanted: "+err.Error())
		return false
	}
	return true
}

// once takes an id, and reports whether it is a new one. Where there is no room for more, none is.
func (s *server) once(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.ids[id]; used {
		return false
	}
	if len(s.ids) >= maxIDs {
		for id, at := range s.ids {
			if now.Sub(at) > keepIDs {
				delete(s.ids, id)
			}
		}
	}
	if len(s.ids) >= maxIDs || len(id) > maxField {
		return false
	}
	s.ids[id] = now
	return true
}

func answer(w http.ResponseWriter, status int, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error": "it cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

func fail(w http.ResponseWriter, status int, reason string) {
	answer(w, status, map[string]string{"error": reason})
}
