// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// model and alias are the only ones there are.
const (
	model = "fraud"
	alias = "champion"
)

// registry is a model registry with MLflow's API.
type registry struct {
	mu       sync.Mutex
	at       string
	versions map[string]*modelVersion
}

type modelVersion struct {
	Name              string   `json:"name"`
	Version           string   `json:"version"`
	CreationTimestamp int64    `json:"creation_timestamp"`
	Status            string   `json:"status"`
	Aliases           []string `json:"aliases,omitempty"`
	Tags              []tag    `json:"tags,omitempty"`
}

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func newRegistry() *registry {
	r := &registry{at: "6", versions: map[string]*modelVersion{}}
	for _, v := range []string{"5", "6", "7"} {
		r.versions[v] = &modelVersion{Name: model, Version: v, CreationTimestamp: time.Now().UnixMilli(), Status: "READY"}
	}
	return r
}

// champion is the version that the alias is at.
func (r *registry) champion() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// set puts the alias at a version, and reports whether there is one.
func (r *registry) set(version, by string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.versions[version] == nil {
		return false
	}
	story.Say("the alias champion is set to version %s by %s", version, by)
	r.at = version
	return true
}

// look returns a copy of a version.
func (r *registry) look(version string) (modelVersion, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.versions[version]
	if v == nil {
		return modelVersion{}, false
	}
	out := *v
	out.Tags = append([]tag(nil), v.Tags...)
	if version == r.at {
		out.Aliases = []string{alias}
	}
	return out, true
}

// setTag overwrites a tag of a version.
func (r *registry) setTag(version string, t tag) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.versions[version]
	if v == nil {
		return false
	}
	for i := range v.Tags {
		if v.Tags[i].Key == t.Key {
			v.Tags[i] = t
			return true
		}
	}
	v.Tags = append(v.Tags, t)
	return true
}

// handler answers as mlflow/protos/model_registry.proto has it.
func (r *registry) handler() http.Handler {
	mux := http.NewServeMux()
	version := func(w http.ResponseWriter, name, version string) {
		v, ok := r.look(version)
		if !ok || name != model {
			refuse(w, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "there is no such version")
			return
		}
		answer(w, http.StatusOK, map[string]any{"model_version": v})
	}
	mux.HandleFunc("GET /api/2.0/mlflow/registered-models/alias", func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Query().Get("alias") != alias {
			refuse(w, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "there is no such alias")
			return
		}
		version(w, q.URL.Query().Get("name"), r.champion())
	})
	mux.HandleFunc("GET /api/2.0/mlflow/model-versions/get", func(w http.ResponseWriter, q *http.Request) {
		version(w, q.URL.Query().Get("name"), q.URL.Query().Get("version"))
	})
	change := func(do func(body map[string]string, by string) bool) http.HandlerFunc {
		return func(w http.ResponseWriter, q *http.Request) {
			var body map[string]string
			if err := json.NewDecoder(http.MaxBytesReader(w, q.Body, 1<<20)).Decode(&body); err != nil {
				refuse(w, http.StatusBadRequest, "BAD_REQUEST", err.Error())
				return
			}
			by, _, _ := strings.Cut(q.UserAgent(), "/")
			if body["name"] != model || !do(body, by) {
				refuse(w, http.StatusNotFound, "RESOURCE_DOES_NOT_EXIST", "there is no such version")
				return
			}
			answer(w, http.StatusOK, map[string]any{})
		}
	}
	mux.HandleFunc("POST /api/2.0/mlflow/registered-models/alias", change(func(body map[string]string, by string) bool {
		return body["alias"] == alias && r.set(body["version"], by)
	}))
	mux.HandleFunc("POST /api/2.0/mlflow/model-versions/set-tag", change(func(body map[string]string, _ string) bool {
		return r.setTag(body["version"], tag{body["key"], body["value"]})
	}))
	return mux
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]string{"error_code": code, "message": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who does not wait for it does not get it
}
