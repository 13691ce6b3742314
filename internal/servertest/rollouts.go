// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package servertest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

// kubeconfig is how the controller reaches the API server.
const kubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: rollouts, user: {token: %q}}]
contexts: [{name: test, context: {cluster: test, user: rollouts}}]
current-context: test
`

// Rollout is a Rollout as far as tests look at it.
type Rollout struct {
	Metadata struct{ Generation int64 }
	Spec     struct {
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct{ Containers []struct{ Image string } }
		}
	}
	Status struct {
		Phase, Message, StableRS, CurrentPodHash string
		Abort                                    bool
	}
}

// Image returns the image that the Rollout asks for.
func (r *Rollout) Image() string { return r.Spec.Template.Spec.Containers[0].Image }

// StartRollouts starts the controller of Argo Rollouts, with the rights of its own ClusterRole.
func (k *Kubernetes) StartRollouts() {
	t := k.t
	t.Helper()
	manifests := filepath.Join(moduleDir(t, "argo-rollouts", "github.com/argoproj/argo-rollouts"), "manifests")
	files, err := filepath.Glob(filepath.Join(manifests, "crds", "*-crd.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range append(files, filepath.Join(manifests, "role", "argo-rollouts-clusterrole.yaml")) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		path := definitions
		if strings.Contains(string(content), "\nkind: ClusterRole\n") {
			path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
		}
		k.CreateYAML(path, string(content))
	}
	k.CreateYAML("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: argo-rollouts}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: argo-rollouts}
subjects: [{kind: ServiceAccount, name: argo-rollouts, namespace: argo-rollouts}]
`)
	processtest.WaitFor(t, patience, "the custom resource definitions", func() bool {
		status, _ := k.admin.send(t.Context(), http.MethodGet, RolloutsPath, "", nil)
		return status == http.StatusOK
	})

	dir := t.TempDir()
	config := filepath.Join(dir, "kubeconfig")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, kubeconfig, k.URL, k.CAFile, rolloutsToken), 0o600))
	start(
		t, dir, Tool(t, "rollouts-controller"), "--kubeconfig="+config, "--leader-elect=false",
		fmt.Sprintf("--metricsPort=%d", processtest.FreePort(t)), fmt.Sprintf("--healthzPort=%d", processtest.FreePort(t)),
	)
}

// RolloutsPath is where the Rollouts of Namespace are.
const RolloutsPath = "/apis/argoproj.io/v1alpha1/namespaces/" + Namespace + "/rollouts"

// VersionLabel is the label of pods that says which version of the model they serve.
const VersionLabel = "app.kubernetes.io/version"

// CreateRollout makes a Rollout of two pods with the image model:VERSION and VersionLabel, and waits
// until it is healthy. Spec is what else is in its spec, as YAML in one line each: "strategy:
// {canary: ...}".
func (k *Kubernetes) CreateRollout(name, version string, spec ...string) {
	k.t.Helper()
	k.CreateYAML(RolloutsPath, fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: %[1]s}
spec:
  replicas: 2
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s, %[4]s: %[2]q}}
    spec: {containers: [{name: model, image: "model:%[2]s"}]}
  %[3]s
`, name, version, strings.Join(spec, "\n  "), VersionLabel))
	k.WaitRollout(name, "Healthy", version)
}

// CreateService makes a Service of the pods of a Rollout, which has its name.
func (k *Kubernetes) CreateService(name string) {
	k.t.Helper()
	k.Create("/api/v1/namespaces/"+Namespace+"/services", map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"selector": map[string]any{"app": name}, "ports": []any{map[string]any{"port": 80}}},
	})
}

// SetVersion rolls another version out.
func (k *Kubernetes) SetVersion(name, version string) {
	k.t.Helper()
	k.Merge(RolloutsPath+"/"+name, map[string]any{"spec": map[string]any{"template": map[string]any{
		"metadata": map[string]any{"labels": map[string]any{VersionLabel: version}},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "model", "image": "model:" + version}}},
	}}})
}

// Promote skips all steps of the update that is under way.
func (k *Kubernetes) Promote(name string) {
	k.t.Helper()
	k.Merge(RolloutsPath+"/"+name+"/status", map[string]any{"status": map[string]any{"promoteFull": true}})
}

// Abort brings the update that is under way back; where there is none, nothing happens.
func (k *Kubernetes) Abort(name string) {
	k.t.Helper()
	k.Merge(RolloutsPath+"/"+name+"/status", map[string]any{"status": map[string]any{"abort": true}})
}

// Rollout reads a Rollout.
func (k *Kubernetes) Rollout(name string) *Rollout {
	k.t.Helper()
	r := &Rollout{}
	k.Get(RolloutsPath+"/"+name, r)
	return r
}

// WaitRollout waits until a Rollout that is to serve the version is in the phase; if that is Healthy,
// until the version gets all traffic.
func (k *Kubernetes) WaitRollout(name, phase, version string) {
	k.t.Helper()
	var last *Rollout
	defer func() {
		if k.t.Failed() && last != nil {
			k.t.Logf("the Rollout %s: image %s, %+v", name, last.Image(), last.Status)
		}
	}()
	processtest.WaitFor(k.t, patience, "the Rollout "+name+" to be "+phase+" with "+version, func() bool {
		last = k.Rollout(name)
		if last.Status.Phase != phase || last.Image() != "model:"+version {
			return false
		}
		hash := last.Status.CurrentPodHash
		if phase == "Healthy" {
			hash = last.Status.StableRS
		}
		return hash != "" && k.version(hash) == version
	})
}

// Stable returns the version that gets all traffic but for a canary's.
func (k *Kubernetes) Stable(name string) string {
	k.t.Helper()
	return k.version(k.Rollout(name).Status.StableRS)
}

// version returns the version of the ReplicaSet with a hash, "" where there is none.
func (k *Kubernetes) version(hash string) string {
	k.t.Helper()
	var sets struct {
		Items []struct {
			Spec struct {
				Template struct {
					Metadata struct{ Labels map[string]string }
				}
			}
		}
	}
	k.Get("/apis/apps/v1/namespaces/"+Namespace+"/replicasets?labelSelector=rollouts-pod-template-hash%3D"+hash, &sets)
	if len(sets.Items) != 1 {
		return ""
	}
	return sets.Items[0].Spec.Template.Metadata.Labels[VersionLabel]
}
