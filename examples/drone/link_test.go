// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// What is sent arrives and is answered; when the link fades it arrives, and its answer does not; when it drops, what is connected is cut
// off, and nothing new connects until it is back.
func TestLink(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ground, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ground.Close()
	taken := make(chan string, 10)
	go func() {
		for {
			conn, err := ground.Accept()
			if err != nil {
				return
			}
			go func() {
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					_, _ = fmt.Fprintln(conn, "yes")
					taken <- lines.Text()
				}
			}()
		}
	}()
	address := processtest.FreeAddr(t)
	l, err := openLink(ctx, address, ground.Addr().String())
	require.NoError(t, err)
	dial := func() (net.Conn, *bufio.Reader) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn, bufio.NewReader(conn)
	}
	conn, answers := dial()
	send := func(conn net.Conn, line string) {
		_, err := fmt.Fprintln(conn, line)
		require.NoError(t, err)
		assert.Equal(t, line, <-taken)
	}
	send(conn, "one")
	answer, err := answers.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "yes\n", answer)

	l.fade()
	send(conn, "two")
	l.cut()
	_, err = answers.ReadString('\n')
	require.Error(t, err, "the answer to two is lost")
	_, answers = dial()
	_, err = answers.ReadString('\n')
	require.Error(t, err, "the link is down")

	l.mend()
	conn, answers = dial()
	send(conn, "three")
	_, err = answers.ReadString('\n')
	require.NoError(t, err)
}
