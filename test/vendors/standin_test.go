// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package vendors

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// signal is what a path of a vendor takes.
type signal int

const (
	traces signal = iota
	metrics
	logs
)

// vendor is what is known of a vendor.
type vendor struct {
	// name is the folder of the config in examples/vendors, host and port what it sends to.
	name, host string
	// env are the variables of the config, beside those that all have.
	env []string
	// header is the one that lets requests in, and what it is to be; denied the answer to another.
	header, secret string
	denied         refusal
	paths          map[string]signal
	// accepted is the status of success, by signal.
	accepted map[signal]int
	// compressions are those that are read, "" among them.
	compressions []string
	// size refuses a request that is too large: wire is its length as it came, decoded that of the message.
	size func(s signal, compressed bool, wire, decoded int) *refusal
	// rules look at what was decoded.
	traceRules  []func(ptrace.Traces, *findings)
	metricRules []func(pmetric.Metrics, *findings)
	logRules    []func(plog.Logs, *findings)
	// deltas says that its config makes deltas of all sums.
	deltas bool
	// keepsExemplars says that a trace is found by the exemplars of a metric.
	keepsExemplars bool
	// resolution is how exactly times are kept. Where that is a second, the last point of one stays.
	resolution time.Duration
}

// refusal is an answer that is no success.
type refusal struct {
	status  int
	message string
}

// findings are what rules find. Where a vendor refuses a request, refused is its answer; what it takes and does not keep as it was sent,
// or what it says elsewhere, is lost.
type findings struct {
	now     time.Time
	kept    *kept
	refused *refusal
	lost    []string
}

func (f *findings) refuse(status int, format string, args ...any) {
	if f.refused == nil {
		f.refused = &refusal{status, fmt.Sprintf(format, args...)}
	}
}

func (f *findings) lose(format string, args ...any) {
	f.lost = append(f.lost, fmt.Sprintf(format, args...))
}

// standIn is a vendor's intake.
type standIn struct {
	vendor vendor
	// busy says that the first request to each path is answered as when there is too much: 429.
	busy bool

	mu         sync.Mutex
	asked      map[string]bool
	violations []string
	kept       *kept
}

func newStandIn(v vendor) *standIn {
	return &standIn{vendor: v, asked: map[string]bool{}, kept: newKept(v)}
}

// problems are what was refused or lost so far, each once.
func (s *standIn) problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.violations)
	return slices.Compact(slices.Clone(s.violations))
}

// look calls see with what was kept.
func (s *standIn) look(see func(*kept)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	see(s.kept)
}

// ServeHTTP takes a request of OTLP over HTTP.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, message := s.take(r)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, message)
}

func (s *standIn) take(r *http.Request) (status int, message string) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	to, ok := s.vendor.paths[r.URL.Path]
	if s.busy && ok && !s.asked[r.URL.Path] {
		s.asked[r.URL.Path] = true
		return http.StatusTooManyRequests, "too many requests"
	}
	f := &findings{now: time.Now(), kept: s.kept}
	switch {
	case !ok || r.Method != http.MethodPost:
		f.refuse(http.StatusNotFound, "there is no %s %s", r.Method, r.URL.Path)
	case r.Header.Get(s.vendor.header) != s.vendor.secret:
		f.refuse(s.vendor.denied.status, "%s", s.vendor.denied.message)
	case r.Header.Get("Content-Type") != "application/x-protobuf":
		f.refuse(http.StatusUnsupportedMediaType, "%s is not read", r.Header.Get("Content-Type"))
	case !slices.Contains(s.vendor.compressions, r.Header.Get("Content-Encoding")):
		f.refuse(http.StatusUnsupportedMediaType, "compression %s is not read", r.Header.Get("Content-Encoding"))
	default:
		s.read(to, r.Header.Get("Content-Encoding") != "", body, f)
	}
	s.violations = append(s.violations, f.lost...)
	if f.refused != nil {
		s.violations = append(s.violations, fmt.Sprintf("%d: %s", f.refused.status, f.refused.message))
		return f.refused.status, f.refused.message
	}
	return s.vendor.accepted[to], ""
}

// read decodes, asks the rules, and keeps what is taken.
func (s *standIn) read(to signal, compressed bool, body []byte, f *findings) {
	wire := len(body)
	if compressed {
		zipped, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(zipped)
		}
		if err != nil {
			f.refuse(http.StatusBadRequest, "no gzip: %v", err)
			return
		}
	}
	if s.vendor.size != nil {
		if f.refused = s.vendor.size(to, compressed, wire, len(body)); f.refused != nil {
			return
		}
	}
	var err error
	switch to {
	case traces:
		request := ptraceotlp.NewExportRequest()
		if err = request.UnmarshalProto(body); err == nil {
			judge(s.vendor.traceRules, request.Traces(), f)
			if f.refused == nil {
				s.kept.traces(request.Traces())
			}
		}
	case metrics:
		request := pmetricotlp.NewExportRequest()
		if err = request.UnmarshalProto(body); err == nil {
			judge(s.vendor.metricRules, request.Metrics(), f)
			if f.refused == nil {
				s.kept.metrics(request.Metrics(), f)
			}
		}
	case logs:
		request := plogotlp.NewExportRequest()
		if err = request.UnmarshalProto(body); err == nil {
			judge(s.vendor.logRules, request.Logs(), f)
			if f.refused == nil {
				s.kept.logs(request.Logs())
			}
		}
	}
	if err != nil {
		f.refuse(http.StatusBadRequest, "no OTLP: %v", err)
	}
}

func judge[D any](rules []func(D, *findings), data D, f *findings) {
	for _, rule := range rules {
		rule(data, f)
	}
}

// proxy is the stand-in as a collector meets it: it asks a proxy for the vendor's host, and speaks TLS with whoever answers.
type proxy struct {
	// env are the variables with which a collector goes this way.
	env []string

	standIn *standIn
	tunnels chan net.Conn
	done    chan struct{}
}

// serve starts the proxy of a stand-in.
func serve(t *testing.T, s *standIn) *proxy {
	t.Helper()
	host, _, err := net.SplitHostPort(s.vendor.host)
	require.NoError(t, err)
	certificate, authority := certify(t, host)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	none := t.TempDir()
	p := &proxy{
		standIn: s, tunnels: make(chan net.Conn), done: make(chan struct{}),
		env: []string{
			"HTTPS_PROXY=http://" + listener.Addr().String(), "https_proxy=http://" + listener.Addr().String(),
			"NO_PROXY=localhost,127.0.0.1", "no_proxy=localhost,127.0.0.1",
			"SSL_CERT_FILE=" + authority, "SSL_CERT_DIR=" + none,
		},
	}
	vendorSide := &http.Server{
		Handler: s, ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	proxySide := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	var work sync.WaitGroup
	work.Go(func() { _ = vendorSide.ServeTLS(p, "", "") })
	work.Go(func() { _ = proxySide.Serve(listener) })
	t.Cleanup(func() {
		close(p.done)
		_ = vendorSide.Close()
		_ = proxySide.Close()
		work.Wait()
	})
	return p
}

// ServeHTTP opens a tunnel to the vendor's host, and to no other.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect || r.Host != p.standIn.vendor.host {
		p.standIn.mu.Lock()
		p.standIn.violations = append(p.standIn.violations, fmt.Sprintf("%s %s is not the vendor's", r.Method, r.Host))
		p.standIn.mu.Unlock()
		w.WriteHeader(http.StatusForbidden)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	select {
	case p.tunnels <- conn:
	case <-p.done:
		_ = conn.Close()
	}
}

// Accept, Close and Addr make a listener of the tunnels.
func (p *proxy) Accept() (net.Conn, error) {
	select {
	case conn := <-p.tunnels:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *proxy) Close() error { return nil }

func (p *proxy) Addr() net.Addr { return &net.TCPAddr{} }

// certify returns a certificate for a host, and the file of the authority that a client has to trust.
func certify(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "authority.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// A collector that asks for another host than the vendor's gets no tunnel, and the test hears of it.
func TestNoOtherHostIsReached(t *testing.T) {
	s := newStandIn(datadog())
	p := serve(t, s)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.env[0][len("HTTPS_PROXY=http://"):])
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
	require.NoError(t, err)
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	require.Contains(t, string(answer[:n]), "403")
	require.Equal(t, []string{"CONNECT example.com:443 is not the vendor's"}, s.problems())
}
