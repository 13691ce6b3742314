// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
)

// steps are those of a canary that goes on only when somebody says so.
const steps = "strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}"

// cluster is a Kubernetes with a client that has the token of the collector's account.
type cluster struct {
	*servertest.Kubernetes
	t      *testing.T
	target target
}

// One cluster does for all of it.
func TestKubernetes(t *testing.T) {
	k := servertest.StartKubernetes(t)
	k.StartRollouts()
	c := func(t *testing.T) *cluster {
		return &cluster{Kubernetes: k.For(t), t: t, target: target{endpoint: k.URL, token: k.Token, ca: k.CAFile}}
	}
	t.Run("argo_rollouts_undo refuses", func(t *testing.T) { testUndoRefuses(t, c(t)) })
	t.Run("kubernetes_patch", func(t *testing.T) { testKubernetesPatch(t, c(t)) })
	t.Run("argo_rollouts_undo", func(t *testing.T) {
		for name, tt := range rollouts {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				testUndo(t, c(t), name, tt)
			})
		}
	})
}

// undo carries argo_rollouts_undo out for a Rollout.
func (c *cluster) undo(t *testing.T, rollout, from, to string, options ...option) *procedure.Result {
	t.Helper()
	options = append([]option{versions(from, to), with("namespace", servertest.Namespace), with("rollout", rollout)}, options...)
	return c.target.carryOut(t, "argo_rollouts_undo", options...)
}

const window = "rollbackWindow: {revisions: 3}"

// promoted brings version 2 to all traffic.
func promoted(c *cluster, name string) {
	underWay(c, name)
	c.Promote(name)
	c.WaitRollout(name, "Healthy", "2")
}

// underWay leaves version 2 at its pause.
func underWay(c *cluster, name string) {
	c.SetVersion(name, "2")
	c.WaitRollout(name, "Paused", "2")
}

// rollout is a Rollout of version 1, and how far version 2 has come.
type rollout struct {
	spec  []string
	state func(c *cluster, name string)
}

var rollouts = map[string]rollout{
	"promoted":              {spec: []string{steps}, state: promoted},
	"promoted-with-window":  {spec: []string{steps, window}, state: promoted},
	"under-way":             {spec: []string{steps}, state: underWay},
	"under-way-with-window": {spec: []string{steps, window}, state: underWay},
	"aborted": {spec: []string{steps}, state: func(c *cluster, name string) {
		underWay(c, name)
		c.Abort(name)
		c.WaitRollout(name, "Degraded", "2")
	}},
	// The trap: an abort of an update that is complete is answered with 200, and nothing happens.
	"aborted-too-late": {spec: []string{steps}, state: func(c *cluster, name string) {
		promoted(c, name)
		c.Abort(name)
		processtest.WaitFor(c.t, patience, "the abort to be dropped", func() bool { return !c.Rollout(name).Status.Abort })
		c.WaitRollout(name, "Healthy", "2")
	}},
	"blue-green": {spec: []string{"strategy: {blueGreen: {activeService: blue-green, autoPromotionEnabled: false}}"}, state: promoted},
	"without-steps": {spec: []string{"strategy: {canary: {}}"}, state: func(c *cluster, name string) {
		c.SetVersion(name, "2")
		c.WaitRollout(name, "Healthy", "2")
	}},
}

// Whatever the strategy, and whether the version at fault has all traffic or only a canary's: the
// Rollout goes back to the template of the version before, and is Healthy with it. Done again, the
// same undo changes nothing, so that a Rollout does not swing between two versions.
func testUndo(t *testing.T, c *cluster, name string, r rollout) {
	c.CreateService(name)
	c.CreateRollout(name, "1", r.spec...)
	r.state(c, name)
	require.Equal(t, "model:2", c.Rollout(name).Image())

	result := c.undo(t, name, "2", "1", dryRun)
	require.Equal(t, procedure.Tried, result.Outcome, result.Reason)
	assert.NotEmpty(t, result.Would)
	require.Equal(t, "model:2", c.Rollout(name).Image(), "a dry run changes nothing")

	result = c.undo(t, name, "2", "1")
	require.Equal(t, procedure.Completed, result.Outcome, result.Reason)
	undone := c.Rollout(name)
	assert.Equal(t, "Healthy", undone.Status.Phase)
	assert.Equal(t, "model:1", undone.Image())
	assert.NotContains(t, undone.Spec.Template.Metadata.Labels, "rollouts-pod-template-hash")
	assert.Equal(t, "1", c.Stable(name))

	result = c.undo(t, name, "2", "1")
	require.Equal(t, procedure.Already, result.Outcome, result.Reason)
	assert.Equal(t, undone.Metadata.Generation, c.Rollout(name).Metadata.Generation, "nothing was changed")

	// Version 1 is now of a newer revision than 2: the one before 3 by number would be 1, and before
	// that 2, the one at fault.
	c.SetVersion(name, "3")
	if strings.Contains(r.spec[0], "canary: {}") {
		c.WaitRollout(name, "Healthy", "3")
	} else {
		c.WaitRollout(name, "Paused", "3")
	}
	result = c.undo(t, name, "3", "1")
	require.Equal(t, procedure.Completed, result.Outcome, result.Reason)
	assert.Equal(t, "1", c.Stable(name))
}

// Where the Rollout is not as the alert says, or somebody has his hands on it, nothing is changed.
func testUndoRefuses(t *testing.T, c *cluster) {
	const name = "fraud"
	c.CreateRollout(name, "1", "strategy: {canary: {}}")
	c.SetVersion(name, "2")
	c.WaitRollout(name, "Healthy", "2")

	result := c.undo(t, name, "2", "1")
	require.Equal(t, procedure.Broken, result.Outcome)
	assert.Contains(t, result.Reason, "403", "without rights")

	c.Allow()
	result = c.undo(t, name, "3", "1")
	require.Equal(t, procedure.Refused, result.Outcome)
	assert.Contains(t, result.Reason, `not at 3`)
	result = c.undo(t, name, "2", "0")
	require.Equal(t, procedure.Refused, result.Outcome)
	assert.Contains(t, result.Reason, `no ReplicaSet of the Rollout has version 0`)
	c.Merge(servertest.RolloutsPath+"/"+name, map[string]any{"spec": map[string]any{"paused": true}})
	result = c.undo(t, name, "2", "1")
	require.Equal(t, procedure.Refused, result.Outcome)
	assert.Contains(t, result.Reason, "paused")
	assert.Equal(t, "model:2", c.Rollout(name).Image())
}

// A ConfigMap says which version is served.
func testKubernetesPatch(t *testing.T, c *cluster) {
	const name, configMaps = "served", "/api/v1/namespaces/" + servertest.Namespace + "/configmaps"
	served := func() string {
		var m struct{ Data map[string]string }
		c.Get(configMaps+"/"+name, &m)
		return m.Data["version"]
	}
	c.Create(configMaps, map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}, "data": map[string]any{"version": "2"}})
	patches := map[string]option{
		"merge": with("merge", map[string]any{"data": map[string]any{"version": "{{ .target.to }}"}}),
		"patch": with("patch", []any{map[string]any{"op": "replace", "path": "/data/version", "value": "{{ .target.to }}"}}),
	}
	for form, change := range patches {
		t.Run(form, func(t *testing.T) {
			c.Merge(configMaps+"/"+name, map[string]any{"data": map[string]any{"version": "2"}})
			run := func(from string, more ...option) *procedure.Result {
				return c.target.carryOut(t, "kubernetes_patch", append([]option{
					versions(from, "1"), change, with("namespace", servertest.Namespace), with("resource", "configmaps"), with("name", name), with("field", "/data/version"),
				}, more...)...)
			}
			result := run("2", dryRun)
			require.Equal(t, procedure.Tried, result.Outcome, result.Reason)
			assert.Equal(t, "2", served())
			result = run("3")
			require.Equal(t, procedure.Refused, result.Outcome, result.Reason)
			assert.Equal(t, "2", served())
			result = run("2")
			require.Equal(t, procedure.Completed, result.Outcome, result.Reason)
			assert.Equal(t, "1", served())
			result = run("2")
			require.Equal(t, procedure.Already, result.Outcome, result.Reason)
		})
	}
}
