// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"google.golang.org/grpc/credentials"
)

// Target is where spans are sent.
type Target struct {
	// Endpoint is host:port or an address with http:// or https://; empty means localhost:4317, or
	// 4318 for http.
	Endpoint string
	// Protocol is grpc or http; empty means grpc.
	Protocol string
	// Insecure turns TLS off; nil means by the endpoint: off for http:// and for this machine.
	Insecure *bool
	// Headers are sent along.
	Headers map[string]string
	// Timeout is how long a batch is tried again; zero means 30 seconds.
	Timeout time.Duration
}

// NewExporter returns the SDK's OTLP exporter for the target. The OTEL_EXPORTER_OTLP_* variables of
// the environment apply where the target says nothing.
func NewExporter(ctx context.Context, t Target) (*otlptrace.Exporter, error) {
	if t.Timeout == 0 {
		t.Timeout = 30 * time.Second
	}
	if t.Protocol == "" {
		t.Protocol = "grpc"
	}
	host, insecure, path, err := t.resolve()
	if err != nil {
		return nil, err
	}
	var client otlptrace.Client
	switch t.Protocol {
	case "grpc":
		if path != "" {
			return nil, fmt.Errorf("endpoint: %q has a path, which gRPC does not have", t.Endpoint)
		}
		o := []otlptracegrpc.Option{
			otlptracegrpc.WithEndpoint(host), otlptracegrpc.WithTimeout(t.Timeout),
			otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: 200 * time.Millisecond, MaxInterval: 5 * time.Second, MaxElapsedTime: t.Timeout}),
		}
		if len(t.Headers) > 0 {
			o = append(o, otlptracegrpc.WithHeaders(t.Headers))
		}
		if insecure {
			o = append(o, otlptracegrpc.WithInsecure())
		} else {
			o = append(o, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})))
		}
		client = otlptracegrpc.NewClient(o...)
	case "http":
		o := []otlptracehttp.Option{
			otlptracehttp.WithEndpoint(host), otlptracehttp.WithTimeout(t.Timeout), otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
			otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 200 * time.Millisecond, MaxInterval: 5 * time.Second, MaxElapsedTime: t.Timeout}),
		}
		if path != "" {
			o = append(o, otlptracehttp.WithURLPath(strings.TrimSuffix(path, "/v1/traces")+"/v1/traces"))
		}
		if len(t.Headers) > 0 {
			o = append(o, otlptracehttp.WithHeaders(t.Headers))
		}
		if insecure {
			o = append(o, otlptracehttp.WithInsecure())
		}
		client = otlptracehttp.NewClient(o...)
	default:
		return nil, fmt.Errorf("protocol: %q is neither grpc nor http", t.Protocol)
	}
	return otlptrace.New(ctx, client)
}

// resolve returns host and port, whether to do without TLS, and the path of an address.
func (t Target) resolve() (host string, insecure bool, path string, err error) {
	host = t.Endpoint
	if host == "" {
		host = "localhost:4317"
		if t.Protocol == "http" {
			host = "localhost:4318"
		}
	}
	scheme := ""
	if strings.Contains(host, "://") {
		u, err := url.Parse(host)
		if err != nil {
			return "", false, "", fmt.Errorf("endpoint: %w", err)
		}
		scheme, host, path = u.Scheme, u.Host, strings.TrimSuffix(u.Path, "/")
		if scheme != "http" && scheme != "https" {
			return "", false, "", fmt.Errorf("endpoint: the scheme of %q is neither http nor https", t.Endpoint)
		}
		if u.Port() == "" {
			host = net.JoinHostPort(u.Hostname(), map[string]string{"grpc": "4317", "http": "4318"}[t.Protocol])
		}
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil || port == "" {
		return "", false, "", errors.Join(fmt.Errorf("endpoint: %q is not host:port", t.Endpoint), err)
	}
	ip := net.ParseIP(name)
	switch {
	case t.Insecure != nil:
		insecure = *t.Insecure
	case scheme != "":
		insecure = scheme == "http"
	default:
		insecure = name == "localhost" || ip != nil && ip.IsLoopback()
	}
	return host, insecure, path, nil
}
