// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed collector.yaml
var collectorConfig string

var collectorTemplate = template.Must(template.New("collector.yaml").Parse(collectorConfig))

// The addresses of the collector that "make run" starts.
const (
	runHealth  = "http://localhost:13133"
	runOTLP    = "localhost:4317"
	runMetrics = "http://localhost:8889/metrics"
	// runTelemetry are the collector's own metrics.
	runTelemetry = "http://localhost:8888/metrics"
	runCatalog   = "catalog"
	runAlerts    = "state/alerts.json"
	runTraces    = "state/traces.json"
)

// collector is one that runs: our own, or one that was there.
type collector struct {
	// otlp is host:port, metrics and health are addresses, catalog is the folder of cards.
	otlp, metrics, health, catalog string
	// alerts is the file of alerts.
	alerts string
	// windows is the file of closed windows, quality that of measures, and traces that of spans;
	// labels is where labels are posted. They are empty if the collector is not our own.
	windows, quality, traces, log, labels string

	cmd    *exec.Cmd
	exited chan error
}

func (c *collector) own() bool { return c.cmd != nil }

// running returns the collector of "make run". It is asked first what it is: nothing is sent to
// another one.
func running(ctx context.Context) (*collector, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if !answers(ctx, runHealth) {
		return nil, fmt.Errorf("no collector answers on %s: start one with make run, or leave out -running", runHealth)
	}
	if err := isOurs(ctx, runTelemetry); err != nil {
		return nil, fmt.Errorf("nothing was sent: %w; leave out -running for a collector of the demo's own", err)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", runOTLP)
	if err != nil {
		return nil, err
	}
	_ = conn.Close()
	folder := os.Getenv("OTELCOL_ML_CATALOG")
	if folder == "" {
		folder = runCatalog
	}
	return &collector{otlp: runOTLP, metrics: runMetrics, health: runHealth, catalog: folder, alerts: runAlerts}, nil
}

// isOurs asks a collector's own metrics whether it has ml_summary and ml_drift.
func isOurs(ctx context.Context, address string) error {
	samples, err := (&collector{metrics: address}).scrape(ctx)
	if err != nil {
		return fmt.Errorf("what runs does not say what it is: %w", err)
	}
	has := map[string]bool{}
	for _, s := range samples {
		for _, component := range []string{"ml_summary", "ml_drift"} {
			if strings.HasPrefix(s.name, "otelcol_"+component+"_") {
				has[component] = true
			}
		}
	}
	if !has["ml_summary"] || !has["ml_drift"] {
		return fmt.Errorf("the collector that is running has no ml_summary and ml_drift (%s has no metrics of theirs)", address)
	}
	return nil
}

func answers(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// freePorts returns ports that nothing listens on now.
func freePorts(ctx context.Context, n int) (ports []int, err error) {
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "localhost:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// start starts a collector of our own with its files in a folder and windows of a length, and waits
// until it is healthy.
func start(ctx context.Context, binary, folder, window string) (*collector, error) {
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("there is no collector at %s: run make build, or name it with -collector", binary)
	}
	ports, err := freePorts(ctx, 4)
	if err != nil {
		return nil, err
	}
	c := &collector{
		otlp: fmt.Sprintf("localhost:%d", ports[0]), health: fmt.Sprintf("http://localhost:%d", ports[1]),
		metrics: fmt.Sprintf("http://localhost:%d/metrics", ports[2]),
		catalog: filepath.Join(folder, "catalog"), windows: filepath.Join(folder, "windows.json"),
		alerts: filepath.Join(folder, "alerts.json"), quality: filepath.Join(folder, "quality.json"),
		labels: fmt.Sprintf("http://localhost:%d", ports[3]),
		traces: filepath.Join(folder, "traces.json"), log: filepath.Join(folder, "collector.log"),
		exited: make(chan error, 1),
	}
	for _, f := range []string{c.alerts, c.windows, c.quality, c.traces, c.log} {
		if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	if err := os.RemoveAll(filepath.Join(folder, "tsdb")); err != nil {
		return nil, err
	}
	if err := writeRules(filepath.Join(folder, "rules")); err != nil {
		return nil, err
	}
	config := filepath.Join(folder, "collector.yaml")
	f, err := os.Create(config)
	if err != nil {
		return nil, err
	}
	err = collectorTemplate.Execute(f, map[string]any{
		"OTLP": ports[0], "Health": ports[1], "Metrics": ports[2], "Labels": ports[3], "Folder": filepath.ToSlash(folder), "Window": window,
	})
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	// Not killed with ctx: it is asked to stop, so that it writes what it holds.
	c.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, "--config", config)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.exited <- c.cmd.Wait() }()
	err = poll(ctx, 30*time.Second, 100*time.Millisecond, func() (bool, error) {
		select {
		case err := <-c.exited:
			c.exited <- err
			return false, fmt.Errorf("the collector did not start; the end of %s:\n%s", c.log, tail(c.log))
		default:
		}
		return answers(ctx, c.health), nil
	})
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// stop ends a collector of our own, which writes what it holds; another one is left alone.
func (c *collector) stop() error {
	if c.cmd == nil {
		return nil
	}
	_ = c.cmd.Process.Signal(os.Interrupt) // it may have ended
	select {
	case err := <-c.exited:
		c.exited <- nil
		if _, failed := errors.AsType[*exec.ExitError](err); failed {
			return fmt.Errorf("the collector ended with an error, see %s: %w", c.log, err)
		}
		return nil
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("the collector did not stop within 20 seconds and was killed"), c.cmd.Process.Kill())
	}
}

// scrape reads what the collector offers to Prometheus.
func (c *collector) scrape(ctx context.Context) ([]sample, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.metrics, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", openMetrics)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, resp.Body)
		return nil, fmt.Errorf("%s: %s", c.metrics, resp.Status)
	}
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return parseExposition(page, resp.Header.Get("Content-Type"))
}

// poll calls f until it is true, fails, or time is up.
func poll(ctx context.Context, limit, interval time.Duration, f func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTime)
	defer cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if done, err := f(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errTime = errors.New("it took too long")

// tail returns the last lines of a file.
func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
