// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type object = map[string]any

// mlflow is a model registry with one model of three versions.
type mlflow struct {
	alias string
	tags  map[string]string // of version 7
	stuck bool
}

func newMLflow() server { return &mlflow{alias: "7", tags: map[string]string{}} }

func (m *mlflow) serve(r *http.Request, body any) answer {
	version := func(v string) answer {
		if !slices.Contains([]string{"5", "6", "7"}, v) {
			return answer{404, object{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Model Version not found"}}
		}
		return answer{200, object{"model_version": object{"name": "fraud", "version": v, "status": "READY", "creation_timestamp": 1764500000000}}}
	}
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/") {
	case "GET registered-models/alias":
		return version(m.alias)
	case "GET model-versions/get":
		return version(r.URL.Query().Get("version"))
	case "POST registered-models/alias":
		if !m.stuck {
			m.alias = body.(object)["version"].(string)
		}
	case "POST model-versions/set-tag":
		tag := body.(object)
		m.tags[tag["version"].(string)+"."+tag["key"].(string)] = tag["value"].(string)
	}
	return answer{200, object{}}
}

func (m *mlflow) fail(status int) answer {
	return answer{status, object{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "try later"}}
}

func (m *mlflow) state() string {
	var tags []string
	for _, key := range slices.Sorted(maps.Keys(m.tags)) {
		tags = append(tags, key+"="+m.tags[key])
	}
	return fmt.Sprint(m.alias, tags)
}
