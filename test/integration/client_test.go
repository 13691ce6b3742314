// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// client is an OTLP client as an SDK has it: it sends a refused request again.
type client struct {
	t    *testing.T
	grpc ptraceotlp.GRPCClient
}

func dial(t *testing.T, endpoint string) *client {
	t.Helper()
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, grpc: ptraceotlp.NewGRPCClient(conn)}
}

// send delivers the requests in order.
func (c *client) send(requests ...ptrace.Traces) {
	c.t.Helper()
	for _, traces := range requests {
		require.NoError(c.t, c.export(traces))
	}
}

func (c *client) export(traces ptrace.Traces) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := c.grpc.Export(ctx, ptraceotlp.NewExportRequestFromTraces(traces))
	return err
}
