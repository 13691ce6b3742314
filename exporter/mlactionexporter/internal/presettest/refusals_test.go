// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
)

// only is the first configuration of a preset in the list.
func only(name string) *preset {
	for i := range presets {
		if presets[i].name == name {
			return &presets[i]
		}
	}
	panic("there is no preset " + name)
}

// status is that of the one component that an InferenceService has here.
func (c *cluster) predictor() object {
	return c.object["status"].(object)["components"].(object)["predictor"].(object)
}

// TestRefusals sees that a rollback changes nothing where the system is not as it must be.
func TestRefusals(t *testing.T) {
	spec := func(c *cluster) object { return c.object["spec"].(object) }
	kubernetes := func(of func() server, change func(c *cluster)) func() server {
		return func() server {
			s := of()
			change(s.(*cluster))
			return s
		}
	}
	traffic := func() server { return newInferenceService(true) }
	storage := func() server { return newInferenceService(false) }
	for _, test := range []struct {
		name, preset string
		server       func() server
		with         map[string]any
		facts        func(map[string]any)
		want         string
	}{
		{
			"another version", "mlflow_alias", func() server { return &mlflow{alias: "5", tags: map[string]string{}} }, nil, nil,
			"the alias champion is at version 5, not at 7",
		},
		{
			"another URI", "kserve_traffic", traffic,
			map[string]any{"storage_uri": "s3://other/{{ .target.from }}"},
			nil,
			"the newest revision serves s3://models/fraud/7, not s3://other/7",
		},
		{
			"all traffic already", "kserve_traffic", kubernetes(traffic, func(c *cluster) { c.predictor()["latestRolledoutRevision"] = "fraud-2" }),
			nil, nil, "fraud-2 has had all the traffic already; the preset kserve_storage_uri can put the old model back",
		},
		{
			"no revision before", "kserve_traffic", kubernetes(traffic, func(c *cluster) { delete(c.predictor(), "latestRolledoutRevision") }),
			nil, nil, "no revision has had all the traffic before",
		},
		{
			"no traffic to split", "kserve_traffic", kubernetes(traffic, func(c *cluster) { c.object["status"].(object)["deploymentMode"] = "Standard" }),
			nil, nil, "the InferenceService is in the mode Standard, which splits no traffic",
		},
		{
			"another URI", "kserve_storage_uri", storage,
			map[string]any{"from": "s3://models/fraud/9"},
			nil,
			"the InferenceService serves s3://models/fraud/7, not s3://models/fraud/9",
		},
		{
			"a constant URI", "kserve_storage_uri", storage,
			map[string]any{"storage_uri": "s3://models/fraud/old"},
			nil,
			"storage_uri is s3://models/fraud/old, which does not name version 6",
		},
		{"a reference", "argo_rollouts_undo", kubernetes(newRollout, func(c *cluster) {
			spec(c)["workloadRef"] = object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud"}
			delete(spec(c), "template")
		}), nil, nil, "the Rollout has its template from another object (spec.workloadRef), which has to be put back itself"},
		{
			"paused by a person", "argo_rollouts_undo", kubernetes(newRollout, func(c *cluster) { spec(c)["paused"] = true }), nil, nil,
			"somebody has paused the Rollout (spec.paused), so that it would not go back",
		},
		{
			"another version", "argo_rollouts_undo", kubernetes(newRollout, func(c *cluster) { spec(c)["template"] = clone(template("8")) }), nil, nil,
			`the Rollout is at version "8" (label app.kubernetes.io/version), not at 7`,
		},
		{
			"no ReplicaSet of it", "argo_rollouts_undo", kubernetes(newRollout, func(c *cluster) { c.replicasets = c.replicasets[2:] }), nil, nil,
			"no ReplicaSet of the Rollout has version 6 any more",
		},
		{
			"another image", "argo_rollouts_undo", newRollout,
			map[string]any{"image": "example.com/fraud:6", "from_image": "example.com/fraud:5"},
			nil,
			"the Rollout runs example.com/fraud:7, not example.com/fraud:5",
		},
		{
			"another value", "kubernetes_patch", newConfigMap, nil, func(f map[string]any) { f["target"].(map[string]any)["from"] = "8" },
			"/data/model~1version is not 8",
		},
		{"no field", "kubernetes_patch", newConfigMap, map[string]any{"field": "/data/none/there"}, nil, "/data/none/there is not 7"},
	} {
		inBubble(t, test.preset+"/"+test.name, func(t *testing.T) {
			p := *only(test.preset)
			with := map[string]any{}
			for _, m := range []map[string]any{p.with, test.with} {
				maps.Copy(with, m)
			}
			p.with = with
			s := test.server()
			before := s.state()
			n := p.network(t, s)
			if test.facts != nil {
				test.facts(n.facts)
			}
			result, j := n.run(&p, "do", nil, false)
			assert.Equal(t, procedure.Refused, result.Outcome, "%+v", result)
			assert.Contains(t, result.Reason, test.want)
			assert.Empty(t, j.steps)
			assert.Equal(t, before, s.state())
		})
	}
}

// TestNotReady sees that a version that is not ready is not served.
func TestNotReady(t *testing.T) {
	inBubble(t, "mlflow", func(t *testing.T) {
		n := only("mlflow_alias").network(t, newMLflow())
		n.facts["target"].(map[string]any)["to"] = "4" // which the registry does not have
		result, j := n.run(only("mlflow_alias"), "do", nil, false)
		assert.Equal(t, procedure.Broken, result.Outcome)
		assert.Contains(t, result.Reason, "RESOURCE_DOES_NOT_EXIST")
		assert.Empty(t, j.steps)
	})
}

// TestRollout sees that an undo is one: by the template, not by an abort, which an update that is complete ignores.
func TestRollout(t *testing.T) {
	inBubble(t, "complete", func(t *testing.T) {
		s := newRollout().(*cluster)
		n := only("argo_rollouts_undo").network(t, s)
		result, j := n.run(only("argo_rollouts_undo"), "do", nil, false)
		assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
		assert.Equal(t, []string{"undo", "promote"}, j.steps)
		assert.Equal(t, clone(template("6")), s.object["spec"].(object)["template"])
		assert.Equal(t, "Healthy", s.object["status"].(object)["phase"])
		for _, one := range n.sent {
			assert.NotContains(t, string(one.body), "abort")
		}
	})
	inBubble(t, "canary under way", func(t *testing.T) { // the stable version is the one that is wanted: nothing is to be promoted
		s := newRollout().(*cluster)
		status := s.object["status"].(object)
		status["phase"], status["stableRS"] = "Paused", "hash6"
		n := only("argo_rollouts_undo").network(t, s)
		result, j := n.run(only("argo_rollouts_undo"), "do", nil, false)
		assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
		assert.Equal(t, []string{"undo"}, j.steps)
		assert.Equal(t, "hash6", status["stableRS"])
	})
}

// TestFailedJob sees that a job that fails is said to have failed, where it is waited for.
func TestFailedJob(t *testing.T) {
	for _, name := range []string{"airflow_v1", "airflow_v2"} {
		inBubble(t, name, func(t *testing.T) {
			p := only(name)
			s := p.server().(*airflow)
			s.fails = true
			n := p.network(t, s)
			result, _ := n.run(p, "do", nil, false)
			assert.Equal(t, procedure.Broken, result.Outcome, "%+v", result)
			assert.Contains(t, result.Reason, "failed")
		})
	}
	inBubble(t, "argo_workflows, of another template", func(t *testing.T) {
		p := only("argo_workflows")
		s := p.server().(*workflows)
		name := fmt.Sprintf("otelcol-ml-%s", key)
		s.all[name] = object{"metadata": object{"name": name}, "spec": object{"workflowTemplateRef": object{"name": "other"}}}
		result, _ := p.network(t, s).run(p, "do", nil, false)
		assert.Equal(t, procedure.Broken, result.Outcome, "%+v", result)
		assert.Contains(t, result.Reason, "from another template")
	})
}
