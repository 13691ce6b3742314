// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// operations returns docs/operations.md and the two configs with which it begins.
func operations(t *testing.T) (page, agent, gateway string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), "docs", "operations.md"))
	require.NoError(t, err)
	var configs []string
	for _, m := range block.FindAllStringSubmatch(string(content), -1) {
		if m[1] == "yaml" {
			configs = append(configs, m[2])
		}
	}
	require.GreaterOrEqual(t, len(configs), 2)
	require.Contains(t, configs[0], "on every collector that sees spans")
	require.Contains(t, configs[1], "on the collector that compares")
	return string(content), configs[0], configs[1]
}

// swap replaces what must differ on this machine; each of it is there.
func swap(t *testing.T, config string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, config, pairs[i])
	}
	return strings.NewReplacer(pairs...).Replace(config)
}

const fast = `
connectors: {ml_summary: {flush_interval: 200ms, feature_flush_interval: 200ms}}
exporters: {otlp_grpc/drift: {retry_on_failure: {initial_interval: 100ms, max_interval: 200ms}}}
`

// certificate writes a certificate of this machine, which is its own CA, and its key, as the command of
// docs/operations.md does.
func certificate(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "tls"), 0o700))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "drift-collector"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"drift.crt": {Type: "CERTIFICATE", Bytes: der}, "drift.key": {Type: "PRIVATE KEY", Bytes: private}} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tls", name), pem.EncodeToMemory(block), 0o600))
	}
}

// refused sends an empty request to the collector that compares, and wants it to be refused: there is no
// token with it, and no certificate.
func refused(t *testing.T, address string, code codes.Code, token ...string) {
	t.Helper()
	// Who is at the other end does not matter here.
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}))) //nolint:gosec // no secret is sent
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, word := range token {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+word)
	}
	_, err = pmetricotlp.NewGRPCClient(connection).Export(ctx, pmetricotlp.NewExportRequest())
	assert.Equal(t, code, status.Code(err), "%v", err)
}

// The two collectors of docs/operations.md are two processes. The one that sees spans is there
// first, is killed, and starts again before the other one is there: all predictions arrive. Who has no
// token, or another one, is refused.
func TestAgentAndGatewayOfOperations(t *testing.T) {
	for name, change := range map[string]func(agent, gateway string) (string, string){
		"token": func(agent, gateway string) (string, string) { return agent, gateway },
		"client certificates": func(agent, gateway string) (string, string) {
			return swap(t, agent, "{ca_file: ./tls/drift.crt}", "{ca_file: ./tls/drift.crt, cert_file: ./tls/drift.crt, key_file: ./tls/drift.key}",
					"    auth: {authenticator: bearertokenauth}\n", ""),
				swap(t, gateway, "{cert_file: ./tls/drift.crt,", "{client_ca_file: ./tls/drift.crt, cert_file: ./tls/drift.crt,",
					"        auth: {authenticator: bearertokenauth}  # who has no token is refused\n", "")
		},
	} {
		t.Run(name, func(t *testing.T) { agentAndGateway(t, name, change) })
	}
}

func agentAndGateway(t *testing.T, name string, change func(agent, gateway string) (string, string)) {
	_, agent, gateway := operations(t)
	agent, gateway = change(agent, gateway)
	keys := t.TempDir()
	certificate(t, keys)
	const token = "OTELCOL_ML_TOKEN=a-token"
	catalog := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(catalog, 1))
	otlp, http, link, scrape := processtest.FreeAddr(t), processtest.FreeAddr(t), processtest.FreeAddr(t), processtest.FreeAddr(t)
	agent = swap(t, agent,
		"./catalog", catalog, "drift-collector:4317", link,
		"./tls", filepath.Join(keys, "tls"), "grpc: {max_recv", "grpc: {endpoint: \""+otlp+"\", max_recv", "http: {max_request", "http: {endpoint: \""+http+"\", max_request")
	gateway = swap(t, gateway, "./catalog", catalog, "./tls", filepath.Join(keys, "tls"), "0.0.0.0:4317", link, "localhost:8889", scrape)

	first := harness.Options{Configs: []string{agent, fast}, Dir: t.TempDir(), Env: []string{token}}
	a := harness.StartCollector(t, first)
	const spans = 600
	require.NoError(t, traffic.Send(t.Context(), otlp, traffic.Spans(2, time.Now().Add(-time.Minute), time.Millisecond, spans, 0)...))
	processtest.WaitFor(t, 30*time.Second, "deltas in the queue on disk", func() bool {
		_, page := processtest.Get("http://" + a.Metrics + "/metrics")
		return regexp.MustCompile(`(?m)^otelcol_exporter_queue_size\{.*otlp_grpc/drift.*\} [1-9]`).MatchString(page)
	})
	a.Kill()
	a = harness.StartCollector(t, first)
	g := harness.StartCollector(t, harness.Options{Configs: []string{gateway, "\nconnectors: {ml_drift: {emit_interval: 200ms}}\n"}, Env: []string{token}})
	processtest.WaitFor(t, 30*time.Second, "all predictions on the page of the other one", func() bool {
		_, page := processtest.Get("http://" + scrape + "/metrics")
		return regexp.MustCompile(`(?m)^ml_prediction_count_total\{.*\} 600$`).MatchString(page) && strings.Contains(page, "\nml_drift_score{")
	})
	if name == "token" {
		refused(t, link, codes.Unauthenticated)
		refused(t, link, codes.Unauthenticated, "another")
	} else {
		refused(t, link, codes.Unavailable, "a-token")
	}
	a.Stop()
	g.Stop()
}

var ownMetric = regexp.MustCompile("`otelcol_(\\w+)")

// own are the names of the metrics that components of ours report about themselves, from their metadata, as on :8888.
func own(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(processtest.RepoRoot(t), "*", "*", "metadata.yaml"))
	require.NoError(t, err)
	names := map[string]bool{"exporter_enqueue_failed_spans": true, "receiver_refused_spans": true} // the collector's own
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var metadata struct {
			Telemetry struct{ Metrics map[string]any }
		}
		require.NoError(t, yaml.Unmarshal(content, &metadata), file)
		for name := range metadata.Telemetry.Metrics {
			names[strings.ReplaceAll(name, ".", "_")] = true
		}
	}
	require.Greater(t, len(names), 20)
	return names
}

// Metrics of the collector itself are called in the docs as they are on :8888: without the endings that Prometheus' exporter gives elsewhere.
func TestOwnMetricsAreCalledAsTheyAre(t *testing.T) {
	known, found := own(t), 0
	for file, content := range pages(t) {
		if filepath.Base(file) == "documentation.md" {
			continue
		}
		for _, m := range ownMetric.FindAllStringSubmatch(content, -1) {
			found++
			assert.True(t, known[m[1]], "%s: otelcol_%s is not on :8888", file, m[1])
		}
	}
	assert.Greater(t, found, 15)
}

// The page on :8888 itself has these names.
func TestOwnMetricsOnTheirPage(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:8888")
	if err != nil {
		t.Skip("port 8888 is taken on this machine")
	}
	require.NoError(t, listener.Close())
	otlp, dir := processtest.FreeAddr(t), t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
receivers: {otlp: {protocols: {grpc: {endpoint: "`+otlp+`"}}}}
connectors: {ml_summary: {flush_interval: 200ms, feature_flush_interval: 200ms}, ml_drift: {emit_interval: 200ms}}
exporters: {nop: {}}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [nop]}
`), 0o600))
	c := processtest.Start(t, dir, nil, harness.BuildCollector(t), "--config="+config)
	c.WaitForLog(60*time.Second, "Everything is ready.")
	require.NoError(t, traffic.Send(t.Context(), otlp, traffic.Spans(2, time.Now(), time.Millisecond, 100, 0)...))
	known := own(t)
	for _, want := range []string{"ml_summary_spans", "ml_summary_flushes", "ml_drift_points"} {
		require.True(t, known[want], want)
		processtest.WaitFor(t, 30*time.Second, want+" on :8888", func() bool {
			status, page := processtest.Get("http://localhost:8888/metrics")
			return status == http.StatusOK && strings.Contains(page, "\notelcol_"+want+"{")
		})
	}
	c.Stop()
}
