// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// link is the radio link from the drones' collector to the ground: what connects to it is connected with the ground, while it is up.
type link struct {
	ground string

	mu    sync.Mutex
	deaf  bool // what comes back is lost
	down  bool
	conns map[net.Conn]struct{} // of both sides
}

// openLink listens on an address until the context is done.
func openLink(ctx context.Context, address, ground string) (*link, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &link{ground: ground, conns: map[net.Conn]struct{}{}}
	context.AfterFunc(ctx, func() {
		_ = listener.Close()
		l.cut()
	})
	go func() {
		for {
			conn, err := listener.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err == nil:
				go l.connect(ctx, conn)
			}
		}
	}()
	return l, nil
}

// fade has the link lose what comes back from the ground: it takes frames, and the edge does not hear that.
func (l *link) fade() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf = true
}

// cut breaks the link in the middle of what it carries.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for conn := range l.conns {
		_ = conn.Close()
	}
}

// mend has the link up again.
func (l *link) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf, l.down = false, false
}

// connect passes on what comes from the edge, and what comes back, until one of the sides ends or the link is cut.
func (l *link) connect(ctx context.Context, edge net.Conn) {
	defer l.forget(edge)
	ground, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", l.ground)
	if err != nil {
		return
	}
	defer l.forget(ground)
	if !l.remember(edge, ground) {
		return
	}
	ended := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // it ends when the link is cut
		ended <- struct{}{}
	}
	go pass(ground, edge)
	go pass(&downlink{Writer: edge, link: l}, ground)
	<-ended
}

// downlink is the way from the ground to the edge.
type downlink struct {
	io.Writer
	link *link
}

func (d *downlink) Write(b []byte) (int, error) {
	d.link.mu.Lock()
	deaf := d.link.deaf
	d.link.mu.Unlock()
	if deaf {
		return len(b), nil
	}
	return d.Writer.Write(b)
}

// remember is false where the link is down.
func (l *link) remember(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return false
	}
	for _, conn := range conns {
		l.conns[conn] = struct{}{}
	}
	return true
}

func (l *link) forget(conn net.Conn) {
	_ = conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
}
