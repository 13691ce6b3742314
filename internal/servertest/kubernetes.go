// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package servertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// Namespace is where the models are.
const Namespace = "models"

// ServiceAccount is the one in Namespace whose token Kubernetes has. It may do nothing before Allow.
const ServiceAccount = "otelcol-ml"

// statusEvery is how often the status of ReplicaSets is brought up to date.
const statusEvery = 100 * time.Millisecond

// adminToken, accountToken and rolloutsToken are who calls.
const (
	adminToken    = "admin-token"
	accountToken  = "service-account-token"
	rolloutsToken = "rollouts-token"
)

// tokens is a file for --token-auth-file: token, user, uid, groups.
const tokens = adminToken + `,admin,1,"system:masters"
` + accountToken + `,system:serviceaccount:` + Namespace + `:` + ServiceAccount + `,2,"system:serviceaccounts,system:serviceaccounts:` + Namespace + `"
` + rolloutsToken + `,system:serviceaccount:argo-rollouts:argo-rollouts,3,"system:serviceaccounts,system:serviceaccounts:argo-rollouts"
`

// Kubernetes is a running API server.
type Kubernetes struct {
	t testing.TB
	// URL has no slash at its end; CAFile is what its certificate is checked with.
	URL, CAFile string
	// Token is that of ServiceAccount, TokenFile a file with it, as a pod has one.
	Token, TokenFile string
	admin            client
}

// StartKubernetes starts etcd and kube-apiserver. There are no nodes: every ReplicaSet is said to
// have the pods it asks for, at once.
func StartKubernetes(t testing.TB) *Kubernetes {
	t.Helper()
	dir := t.TempDir()
	etcd := "http://" + processtest.FreeAddr(t)
	start(
		t, dir, Tool(t, "etcd"), "--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+etcd, "--advertise-client-urls="+etcd, "--listen-peer-urls=http://"+processtest.FreeAddr(t),
	)

	certificate, key, tokenFile := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"), filepath.Join(dir, "tokens.csv")
	trusting := writeCertificate(t, certificate, key)
	require.NoError(t, os.WriteFile(tokenFile, []byte(tokens), 0o600))
	port := processtest.FreePort(t)
	k := &Kubernetes{t: t, URL: fmt.Sprintf("https://127.0.0.1:%d", port), CAFile: certificate, Token: accountToken, TokenFile: filepath.Join(dir, "token")}
	require.NoError(t, os.WriteFile(k.TokenFile, []byte(accountToken), 0o600))
	k.admin = client{url: k.URL, authorization: "Bearer " + adminToken, http: trusting}
	server := start(
		t, dir, Tool(t, "kube-apiserver"), "--etcd-servers="+etcd, "--tls-cert-file="+certificate, "--tls-private-key-file="+key,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/24", "--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+key, "--service-account-signing-key-file="+key,
		"--token-auth-file="+tokenFile, "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
	)
	processtest.WaitFor(t, patience, k.URL, func() bool {
		require.False(t, server.Ended(), "kube-apiserver has ended")
		status, _ := k.admin.send(t.Context(), http.MethodGet, "/readyz", "", nil)
		return status == http.StatusOK
	})
	k.Create("/api/v1/namespaces", map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": Namespace}})
	k.pretendNodes()
	return k
}

// For returns the same server for a subtest.
func (k *Kubernetes) For(t testing.TB) *Kubernetes {
	of := *k
	of.t = t
	return &of
}

// writeCertificate writes a certificate for 127.0.0.1 and its key, and returns a client that trusts
// it.
func writeCertificate(t testing.TB, certificateFile, keyFile string) *http.Client {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	require.NoError(t, os.WriteFile(certificateFile, content, 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600))

	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(content))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Create posts an object to the collection at a path.
func (k *Kubernetes) Create(path string, object any) {
	k.t.Helper()
	k.admin.call(k.t, http.MethodPost, path, object, nil)
}

// CreateYAML posts an object that is written as YAML.
func (k *Kubernetes) CreateYAML(path, object string) {
	k.t.Helper()
	status, answer := k.admin.send(k.t.Context(), http.MethodPost, path, "application/yaml", []byte(object))
	require.Equal(k.t, http.StatusCreated, status, "%s: %s", path, answer)
}

// Get reads the object at a path into out.
func (k *Kubernetes) Get(path string, out any) {
	k.t.Helper()
	k.admin.call(k.t, http.MethodGet, path, nil, out)
}

// Merge changes the object at a path by a JSON merge patch.
func (k *Kubernetes) Merge(path string, patch any) {
	k.t.Helper()
	content, err := json.Marshal(patch)
	require.NoError(k.t, err)
	status, answer := k.admin.send(k.t.Context(), http.MethodPatch, path, "application/merge-patch+json", content)
	require.Equal(k.t, http.StatusOK, status, "%s: %s", path, answer)
}

// replicaSets are as much of ReplicaSets as a kubelet and the controller of ReplicaSets would
// change.
type replicaSets struct {
	Items []struct {
		Metadata struct {
			Name, Namespace string
			Generation      int64
		}
		Spec   struct{ Replicas int }
		Status replicaSetStatus
	}
}

type replicaSetStatus struct {
	Replicas             int   `json:"replicas"`
	FullyLabeledReplicas int   `json:"fullyLabeledReplicas"`
	ReadyReplicas        int   `json:"readyReplicas"`
	AvailableReplicas    int   `json:"availableReplicas"`
	ObservedGeneration   int64 `json:"observedGeneration"`
}

// pretendNodes keeps the status of all ReplicaSets at what they ask for, until the test ends.
func (k *Kubernetes) pretendNodes() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(statusEvery); ; {
			select {
			case <-tick.C:
				k.updateReplicaSets(ctx)
			case <-ctx.Done():
				tick.Stop()
				return
			}
		}
	}()
	k.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// updateReplicaSets does it once; what fails is done the next time.
func (k *Kubernetes) updateReplicaSets(ctx context.Context) {
	status, answer := k.admin.send(ctx, http.MethodGet, "/apis/apps/v1/replicasets", "", nil)
	var sets replicaSets
	if status != http.StatusOK || json.Unmarshal(answer, &sets) != nil {
		return
	}
	for _, set := range sets.Items {
		n := set.Spec.Replicas
		want := replicaSetStatus{n, n, n, n, set.Metadata.Generation}
		if set.Status == want {
			continue
		}
		patch, err := json.Marshal(map[string]any{"status": want})
		if err != nil {
			return
		}
		path := "/apis/apps/v1/namespaces/" + set.Metadata.Namespace + "/replicasets/" + set.Metadata.Name + "/status"
		k.admin.send(ctx, http.MethodPatch, path, "application/merge-patch+json", patch)
	}
}

// role is the block of docs/actions.md that says what actions may do.
var role = regexp.MustCompile("(?s)```yml\n(apiVersion: rbac[^`]*kind: Role\n[^`]*)```")

// Allow gives ServiceAccount the rights that docs/actions.md says it needs, and no more.
func (k *Kubernetes) Allow() {
	k.t.Helper()
	page, err := os.ReadFile(filepath.Join(processtest.RepoRoot(k.t), "docs", "actions.md"))
	require.NoError(k.t, err)
	block := role.FindSubmatch(page)
	require.NotNil(k.t, block, "docs/actions.md has no Role")
	const path = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + Namespace
	k.CreateYAML(path+"/roles", string(block[1]))
	k.CreateYAML(path+"/rolebindings", `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: otelcol-ml-actions}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: otelcol-ml-actions}
subjects: [{kind: ServiceAccount, name: `+ServiceAccount+`, namespace: `+Namespace+`}]
`)
}
