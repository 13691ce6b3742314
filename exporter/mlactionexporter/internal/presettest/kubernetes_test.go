// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// cluster is an API server with one object, and ReplicaSets, and a controller that sees a change at the second request that reads.
type cluster struct {
	path        string
	object      object
	replicasets []any
	// controller brings the status to what the spec says.
	controller func(c *cluster)
	lag        int
	// patched is whether there is anything for the controller; patches counts what has changed the spec.
	patched bool
	patches int
	stuck   bool
}

func (c *cluster) serve(r *http.Request, body any) answer {
	if strings.HasSuffix(r.URL.Path, "/replicasets") {
		return answer{200, object{"kind": "ReplicaSetList", "apiVersion": "apps/v1", "metadata": object{}, "items": c.replicasets}}
	}
	path, status := strings.CutSuffix(r.URL.Path, "/status")
	if path != c.path {
		return kubernetesStatus(404, "NotFound", "no such object")
	}
	if r.Method == http.MethodGet {
		if c.lag--; c.lag < 0 && c.patched && c.controller != nil {
			c.controller(c)
		}
		return answer{200, c.object}
	}
	before, _ := json.Marshal(c.object)
	patch, _ := json.Marshal(body)
	var after []byte
	var err error
	if r.Header.Get("Content-Type") == "application/json-patch+json" {
		var operations jsonpatch.Patch
		if operations, err = jsonpatch.DecodePatch(patch); err == nil {
			after, err = operations.Apply(before)
		}
		if err != nil {
			return kubernetesStatus(422, "Invalid", err.Error())
		}
	} else {
		metadata, _ := body.(object)["metadata"].(object)
		if version, ok := metadata["resourceVersion"]; ok && version != c.object["metadata"].(object)["resourceVersion"] {
			return kubernetesStatus(409, "Conflict", "the object has been modified")
		}
		if after, err = jsonpatch.MergePatch(before, patch); err != nil {
			return kubernetesStatus(400, "BadRequest", err.Error())
		}
	}
	var changed object
	if err := json.Unmarshal(after, &changed); err != nil {
		return kubernetesStatus(400, "BadRequest", err.Error())
	}
	old := clone(c.object)
	if status {
		old["status"], changed = changed["status"], old
		changed["status"] = old["status"]
	} else {
		changed["status"] = clone(c.object)["status"]
		if changed["status"] == nil {
			delete(changed, "status")
		}
	}
	if r.URL.Query().Get("dryRun") == "All" {
		return answer{200, changed}
	}
	metadata := changed["metadata"].(object)
	revision, _ := strconv.Atoi(metadata["resourceVersion"].(string))
	if !reflect.DeepEqual(changed["spec"], c.object["spec"]) || !reflect.DeepEqual(changed["data"], c.object["data"]) {
		if generation, ok := metadata["generation"].(float64); ok {
			metadata["generation"] = generation + 1
		}
		c.patches++
		c.lag = 1
	}
	metadata["resourceVersion"] = strconv.Itoa(revision + 1)
	if !c.stuck {
		c.object, c.patched = changed, true
	}
	return answer{200, changed}
}

func (c *cluster) fail(status int) answer {
	return kubernetesStatus(status, "Failure", "it does not work")
}

func kubernetesStatus(code int, reason, message string) answer {
	return answer{code, object{
		"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Failure", "reason": reason, "message": message, "code": code,
	}}
}

func (c *cluster) state() string {
	spec, _ := json.Marshal(c.object["spec"])
	data, _ := json.Marshal(c.object["data"])
	status, _ := json.Marshal(c.object["status"])
	annotations, _ := json.Marshal(c.object["metadata"].(object)["annotations"])
	return fmt.Sprintf("%d changes: %s %s %s %s", c.patches, spec, data, status, annotations)
}

func clone(o object) object {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	var out object
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

func metadata(name string) object {
	return object{"name": name, "namespace": "models", "uid": "uid-" + name, "resourceVersion": "100", "generation": 5}
}

// newConfigMap is an object of the core group that a model server reads.
func newConfigMap() server {
	return &cluster{path: "/api/v1/namespaces/models/configmaps/fraud", object: clone(object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("fraud"), "data": object{"model/version": "7"},
	})}
}

// newDeployment is one of a group, whose version is in a list.
func newDeployment() server {
	return &cluster{path: "/apis/apps/v1/namespaces/models/deployments/fraud", object: clone(object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("fraud"),
		"spec": object{"template": object{"spec": object{"containers": []any{object{"name": "server", "image": "example.com/fraud:7"}}}}},
	})}
}

// newInferenceService is one whose revision 2, which is at fault, has all the traffic, or 10 % of it.
func newInferenceService(canary bool) server {
	predictor := object{"model": object{"modelFormat": object{"name": "sklearn"}, "storageUri": "s3://models/fraud/7"}}
	traffic := []any{object{"revisionName": "fraud-2", "latestRevision": true, "percent": 100}}
	rolledOut := "fraud-2"
	if canary {
		predictor["canaryTrafficPercent"], rolledOut = 10, "fraud-1"
		traffic = []any{
			object{"revisionName": "fraud-2", "latestRevision": true, "percent": 10},
			object{"revisionName": "fraud-1", "latestRevision": false, "percent": 90, "tag": "prev"},
		}
	}
	c := &cluster{path: "/apis/serving.kserve.io/v1beta1/namespaces/models/inferenceservices/fraud", object: clone(object{
		"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": metadata("fraud"),
		"spec": object{"predictor": predictor},
		"status": object{
			"components": object{"predictor": object{
				"latestCreatedRevision": "fraud-2", "latestReadyRevision": "fraud-2", "latestRolledoutRevision": rolledOut, "traffic": traffic,
			}},
			"conditions": []any{object{"type": "Ready", "status": "True"}}, "modelStatus": object{"transitionStatus": "UpToDate"},
		},
	})}
	c.controller = func(c *cluster) {
		predictor := c.object["spec"].(object)["predictor"].(object)
		status := c.object["status"].(object)["components"].(object)["predictor"].(object)
		if uri := predictor["model"].(object)["storageUri"]; uri == "s3://models/fraud/6" && status["latestCreatedRevision"] == "fraud-2" {
			status["latestCreatedRevision"], c.lag = "fraud-3", 1
			return
		}
		status["latestReadyRevision"] = status["latestCreatedRevision"]
		percent, split := predictor["canaryTrafficPercent"].(float64)
		if !split || percent == 100 {
			status["traffic"] = []any{object{"revisionName": status["latestReadyRevision"], "latestRevision": true, "percent": 100}}
			status["latestRolledoutRevision"] = status["latestReadyRevision"]
			return
		}
		status["traffic"] = []any{
			object{"revisionName": status["latestReadyRevision"], "latestRevision": true, "percent": percent},
			object{"revisionName": status["latestRolledoutRevision"], "latestRevision": false, "percent": 100 - percent, "tag": "prev"},
		}
	}
	return c
}

func template(version string) object {
	return object{
		"metadata": object{"labels": object{"app": "fraud", "app.kubernetes.io/version": version}},
		"spec":     object{"containers": []any{object{"name": "server", "image": "example.com/fraud:" + version}}},
	}
}

// newRollout is one at version 7, complete, after 6 and 5; its steps have a pause that somebody must end.
func newRollout() server {
	c := &cluster{path: "/apis/argoproj.io/v1alpha1/namespaces/models/rollouts/fraud"}
	c.object = clone(object{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata("fraud"),
		"spec": object{
			"selector": object{"matchLabels": object{"app": "fraud"}}, "template": template("7"),
			"strategy": object{"canary": object{"steps": []any{object{"setWeight": 20}, object{"pause": object{}}}}},
		},
		"status": object{"phase": "Healthy", "observedGeneration": "5", "currentPodHash": "hash7", "stableRS": "hash7"},
	})
	for i, version := range []string{"5", "6", "7"} {
		old := template(version)
		old["metadata"].(object)["labels"].(object)["rollouts-pod-template-hash"] = "hash" + version
		c.replicasets = append(c.replicasets, clone(object{
			"apiVersion": "apps/v1", "kind": "ReplicaSet",
			"metadata": object{
				"name": "fraud-" + version, "labels": object{"rollouts-pod-template-hash": "hash" + version},
				"annotations":     object{"rollout.argoproj.io/revision": strconv.Itoa(i + 1)},
				"ownerReferences": []any{object{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "fraud", "uid": "uid-fraud"}},
			},
			"spec": object{"selector": object{"matchLabels": object{"app": "fraud"}}, "template": old},
		}))
	}
	// Another Rollout of the same labels has the version, too, with other contents.
	foreign := clone(c.replicasets[1].(object))
	foreign["metadata"].(object)["ownerReferences"].([]any)[0].(object)["uid"] = "uid-other"
	foreign["metadata"].(object)["annotations"].(object)["rollout.argoproj.io/revision"] = "9"
	c.replicasets = append(c.replicasets, foreign)
	c.controller = (*cluster).rollout
	return c
}

func (c *cluster) rollout() {
	status := c.object["status"].(object)
	current, _ := status["currentPodHash"].(string)
	hash := ""
	for _, item := range c.replicasets[:len(c.replicasets)-1] {
		labels := item.(object)["metadata"].(object)["labels"].(object)
		version := strings.TrimPrefix(labels["rollouts-pod-template-hash"].(string), "hash")
		if reflect.DeepEqual(clone(template(version)), c.object["spec"].(object)["template"]) {
			hash = "hash" + version
		}
	}
	if hash == "" {
		hash = "new"
	}
	// A promotion before the template was seen is lost: currentPodHash is stableRS still.
	if promote, _ := status["promoteFull"].(bool); promote && current == hash {
		status["stableRS"] = hash
	}
	delete(status, "promoteFull")
	status["currentPodHash"] = hash
	status["observedGeneration"] = number(c.object["metadata"].(object)["generation"])
	status["phase"] = "Paused"
	if status["stableRS"] == hash {
		status["phase"] = "Healthy"
	}
}
