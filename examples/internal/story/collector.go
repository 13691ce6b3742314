// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// stopTimeout is how long a collector may take to end.
const stopTimeout = 30 * time.Second

// Collector is a collector that was started.
type Collector struct {
	process *os.Process
	killed  atomic.Bool
	ended   chan struct{}
}

// StartCollector starts the collector, of which binary is the file, on configs, of which later ones win. Its log goes to logFile, which is
// made anew, as the terminal is the program's. It is told to end when ctx is done, and work is done when it has ended; if it ends before
// that, cancel is told why.
func StartCollector(
	ctx context.Context, binary, logFile string, configs []string, work *sync.WaitGroup, cancel context.CancelCauseFunc,
) (*Collector, error) {
	args := make([]string, 0, len(configs))
	for _, config := range configs {
		args = append(args, "--config="+config)
	}
	if err := os.MkdirAll(path.Dir(logFile), 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: make build makes it", err), log.Close())
	}
	c := &Collector{process: cmd.Process, ended: make(chan struct{})}
	work.Go(func() {
		err := cmd.Wait()
		_ = log.Close()
		if !c.killed.Load() {
			cancel(fmt.Errorf("the collector has ended (%w): see %s", orEnded(err), logFile))
		}
		close(c.ended)
	})
	return c, nil
}

// Kill ends the collector at once, without a chance to save anything (kill -9), and returns when it has ended. Nobody is told.
func (c *Collector) Kill() {
	c.killed.Store(true)
	_ = c.process.Kill() // it has ended if that fails
	<-c.ended
}

func orEnded(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}
