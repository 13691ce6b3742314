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

// airflow starts runs of DAGs.
type airflow struct {
	v2 bool
	// open is without a login of its own: a proxy has one, say.
	open  bool
	runs  map[string]object
	reads int
	stuck bool
	// fails is whether its runs fail.
	fails bool
}

func newAirflow(v2 bool) server { return &airflow{v2: v2, runs: map[string]object{}} }

func (a *airflow) serve(r *http.Request, body any) answer {
	if r.URL.Path == "/auth/token" {
		return answer{201, object{"access_token": "token-" + canary}}
	}
	if a.v2 && !a.open && r.Header.Get("Authorization") != "Bearer token-"+canary {
		return a.fail(401)
	}
	if r.Method == http.MethodPost {
		// The server wants it to be there, though the file that it publishes does not say so.
		if _, ok := body.(object)["logical_date"]; a.v2 && !ok {
			return a.fail(422)
		}
		id := body.(object)["dag_run_id"].(string)
		if a.runs[id] != nil {
			return a.fail(409)
		}
		run := object{"dag_run_id": id, "dag_id": "retrain", "state": "queued", "conf": body.(object)["conf"]}
		if a.v2 {
			maps.Copy(run, object{
				"run_after": "2026-11-30T12:15:00Z", "run_type": "manual", "dag_versions": []any{}, "dag_display_name": "retrain",
				"logical_date": body.(object)["logical_date"],
			})
		}
		a.runs[id] = run
		return answer{200, run}
	}
	run := a.runs[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
	if run == nil {
		return a.fail(404)
	}
	run = clone(run)
	if a.fails {
		run["state"] = "failed"
	} else if a.reads++; !a.stuck && a.reads > 1 {
		run["state"] = []string{"running", "success"}[min(a.reads-2, 1)]
	}
	return answer{200, run}
}

func (a *airflow) fail(status int) answer {
	if a.v2 {
		return answer{status, object{"detail": "it does not work"}}
	}
	return answer{status, object{"title": "it does not work", "status": status, "type": "about:blank"}}
}

func (a *airflow) state() string { return keys(a.runs) }

func keys(m map[string]object) string { return fmt.Sprint(slices.Sorted(maps.Keys(m)), m) }

// workflows is an Argo Workflows server.
type workflows struct {
	all   map[string]object
	stuck bool
}

func newWorkflows() server { return &workflows{all: map[string]object{}} }

func (a *workflows) serve(r *http.Request, body any) answer {
	if r.Header.Get("Authorization") != "Bearer argo-"+canary {
		return a.fail(401)
	}
	if r.Method == http.MethodGet {
		w := a.all[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
		if w == nil {
			return a.fail(404)
		}
		w = clone(w)
		if !a.stuck {
			w["status"] = object{"phase": "Succeeded"}
		}
		return answer{200, w}
	}
	create := body.(object)
	w := create["workflow"].(object)
	name := w["metadata"].(object)["name"].(string)
	if a.all[name] != nil {
		return a.fail(409)
	}
	if create["serverDryRun"] != true {
		a.all[name] = w
	}
	return answer{200, w}
}

func (a *workflows) fail(status int) answer {
	return answer{status, object{"code": 7, "error": "it does not work", "message": "it does not work"}}
}

func (a *workflows) state() string { return keys(a.all) }

// events is a webhook of Argo Events with a Sensor that names what it makes by the key in the body.
type events struct{ made map[string]object }

func newEvents() server { return &events{made: map[string]object{}} }

func (e *events) serve(r *http.Request, body any) answer {
	if r.Header.Get("Authorization") != "Bearer events-"+canary {
		return e.fail(401)
	}
	e.made[body.(object)["key"].(string)] = body.(object)
	return answer{200, "success"}
}

func (e *events) fail(status int) answer { return answer{status, "it does not work"} }

func (e *events) state() string { return keys(e.made) }
