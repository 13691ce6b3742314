// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package processtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// stopTimeout is how long a process may take to end after the first interrupt.
const stopTimeout = 30 * time.Second

// waitTimeout is how long a process that ends by itself may take.
const waitTimeout = 60 * time.Second

// interruptEvery is how often a process that shall end is told so.
const interruptEvery = 50 * time.Millisecond

// heedful starts a program with interrupts ignored until it asks for them (see os/signal). A
// collector says that it is ready before it listens to signals: SIGTERM in between would kill it.
const heedful = `trap "" INT; exec "$0" "$@"`

// Process is a child process whose output is kept.
type Process struct {
	t       testing.TB
	name    string
	cmd     *exec.Cmd
	logFile string

	done chan struct{} // closed when the process has ended
	err  error         // what it ended with; read after done
	end  sync.Once     // Stop and Kill act once
}

// Start starts a program in a folder, with variables ("KEY=value") beside those of the test. It is
// stopped at the end of the test.
func Start(t testing.TB, dir string, env []string, program string, args ...string) *Process {
	t.Helper()
	name := filepath.Base(program)
	logFile := filepath.Join(t.TempDir(), name+".log")
	log, err := os.Create(logFile)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", append([]string{"-c", heedful, program}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), env...), log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	p := &Process{t: t, name: name, cmd: cmd, logFile: logFile, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		_ = log.Close()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", name, tail(p.Log(), 60))
		}
	})
	return p
}

// Pid returns the id of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// CPU returns the user and system time of a process that has ended.
func (p *Process) CPU() time.Duration {
	<-p.done
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Log returns all that the process has printed so far.
func (p *Process) Log() string {
	content, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// WaitForLog waits until the process has printed text; it fails the test at the deadline or when
// the process ends.
func (p *Process) WaitForLog(timeout time.Duration, text string) {
	p.t.Helper()
	WaitFor(p.t, timeout, p.name+" to print "+text, func() bool {
		if strings.Contains(p.Log(), text) {
			return true
		}
		if p.Ended() && !strings.Contains(p.Log(), text) {
			p.t.Fatalf("%s ended before it printed %q: %v", p.name, text, p.err)
		}
		return false
	})
}

// Stop interrupts the process as Ctrl-C does; the test fails if the status is not 0. What has been
// stopped or killed is left alone.
func (p *Process) Stop() {
	p.t.Helper()
	p.end.Do(func() {
		if !p.interrupt() {
			_ = p.cmd.Process.Kill()
			<-p.done
			p.t.Errorf("%s did not end within %v of an interrupt", p.name, stopTimeout)
			return
		}
		if p.err != nil {
			p.t.Errorf("%s ended with: %v", p.name, p.err)
		}
	})
}

// interrupt interrupts the process until it has ended; false if it does not.
func (p *Process) interrupt() bool {
	again := time.NewTicker(interruptEvery)
	defer again.Stop()
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	for {
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			p.t.Errorf("stop %s: %v", p.name, err)
		}
		select {
		case <-p.done:
			return true
		case <-again.C:
		case <-timeout.C:
			return false
		}
	}
}

// Kill ends the process with SIGKILL, as kill -9 does.
func (p *Process) Kill() {
	p.t.Helper()
	p.end.Do(func() {
		if err := p.cmd.Process.Kill(); err != nil {
			p.t.Errorf("kill %s: %v", p.name, err)
		}
		<-p.done
	})
}

// Wait waits for the process to end by itself; the test fails if the status is not 0.
func (p *Process) Wait() {
	p.t.Helper()
	WaitFor(p.t, waitTimeout, p.name+" to end", p.Ended)
	p.end.Do(func() {
		if p.err != nil {
			p.t.Fatalf("%s ended with: %v\n%s", p.name, p.err, tail(p.Log(), 20))
		}
	})
}

// WaitRefused waits for the process to end by itself; the test fails if the status is 0.
func (p *Process) WaitRefused() {
	p.t.Helper()
	WaitFor(p.t, waitTimeout, p.name+" to give up", p.Ended)
	p.end.Do(func() {
		if p.err == nil {
			p.t.Errorf("%s gave up with status 0", p.name)
		}
	})
}

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// tail returns the last n lines of a text.
func tail(text string, n int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-n):], "\n")
}
