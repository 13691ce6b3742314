// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scaling

import (
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// cluster is a fake of Kafka that can cut a client off: for the brokers it is as if its process had
// been killed.
type cluster struct {
	*kfake.Cluster

	mu    sync.Mutex
	dead  map[string]bool
	conns map[*conn]bool
}

func newCluster(t *testing.T, partitions int32, topic string) *cluster {
	t.Helper()
	c := &cluster{dead: make(map[string]bool), conns: make(map[*conn]bool)}
	fake, err := kfake.NewCluster(
		kfake.NumBrokers(2), kfake.SeedTopics(partitions, topic), kfake.GroupMinSessionTimeout(time.Second),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0"}),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			l, err := net.Listen(network, address)
			return &listener{l, c}, err
		}))
	require.NoError(t, err)
	c.Cluster = fake
	t.Cleanup(fake.Close)
	return c
}

// kill closes the connections of a client and takes no other ones of it.
func (c *cluster) kill(client string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead[client] = true
	for one := range c.conns {
		if one.client == client {
			_ = one.Conn.Close()
		}
	}
}

type listener struct {
	net.Listener
	cluster *cluster
}

func (l *listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: accepted, cluster: l.cluster}, nil
}

// conn is a connection whose first request says which client it is.
type conn struct {
	net.Conn
	cluster *cluster
	head    []byte
	client  string // guarded by the cluster's mu
}

// Read reads, and looks for the id of the client behind size, key, version and correlation id.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	const before = 4 + 2 + 2 + 4
	if c.head != nil || n == 0 {
		c.head = append(c.head, b[:n]...)
	} else {
		c.head = append(make([]byte, 0, 64), b[:n]...)
	}
	if len(c.head) < before+2 || c.named() {
		return n, err
	}
	end := before + 2 + int(binary.BigEndian.Uint16(c.head[before:]))
	if len(c.head) < end {
		return n, err
	}
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	c.client = string(c.head[before+2 : end])
	c.cluster.conns[c] = true
	if c.cluster.dead[c.client] {
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *conn) named() bool {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	if c.client != "" {
		c.head = c.head[:0]
	}
	return c.client != ""
}

func (c *conn) Close() error {
	c.cluster.mu.Lock()
	defer c.cluster.mu.Unlock()
	delete(c.cluster.conns, c)
	return c.Conn.Close()
}
