// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package processtest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Ports are taken from below the range from which systems take the ports of outgoing connections, in
// blocks. A process owns a block for as long as it listens on the block's first port, so that what it
// gives to a test, which listens on it a second later or again after a kill, is given to no test of
// another process meanwhile.
const firstPort, lastPort, portsInBlock = 20_000, 32_000, 50

var (
	portsMu sync.Mutex // guards what follows
	// blocks are the listeners on the first ports of the process's blocks; they are closed with the process.
	blocks []net.Listener
	// nextPort is the next port of the latest block, blockEnd the first one behind it.
	nextPort, blockEnd int
)

// FreePort returns a TCP port of 127.0.0.1 that nobody listens on and that was given to no other test,
// of this process or another.
func FreePort(t testing.TB) int {
	t.Helper()
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 1000 {
		if nextPort == blockEnd && !ownBlock() {
			continue
		}
		port := nextPort
		nextPort++
		listener, err := listen(port)
		if err != nil {
			continue
		}
		_ = listener.Close()
		return port
	}
	t.Fatalf("no free port between %d and %d", firstPort, lastPort)
	return 0
}

// ownBlock makes a block of ports the process's own.
func ownBlock() bool {
	first := firstPort + portsInBlock*rand.IntN((lastPort-firstPort)/portsInBlock)
	listener, err := listen(first)
	if err != nil {
		return false
	}
	blocks = append(blocks, listener)
	nextPort, blockEnd = first+1, first+portsInBlock
	return true
}

func listen(port int) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

// FreeAddr returns "127.0.0.1:<FreePort>".
func FreeAddr(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", FreePort(t))
}

// WaitFor polls cond until it is true, and fails the test after the timeout, naming what it waited
// for.
func WaitFor(t testing.TB, timeout time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", timeout, what)
		}
		<-tick.C
	}
}

// Get returns the status and the body of a GET request; status 0 and the error's text if there was
// no answer.
func Get(url string) (status int, body string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(content)
}
