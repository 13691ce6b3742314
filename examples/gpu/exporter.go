// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

// pages are what a dcgm-exporter answers on each node: gpu-node-1 has a recent one, gpu-node-2 an older one with its label "Hostname".
//
//go:embed dcgm/*.txt
var pages embed.FS

// sample is a line of a page with a value: its name, its labels, and the value.
var sample = regexp.MustCompile(`(?m)^(\w+)(\{.*UUID="([^"]+)".*\}) (\S+)$`)

// podLabel is the pod that a GPU is given to.
var podLabel = regexp.MustCompile(`pod="[^"]*"`)

// gpu is one whose numbers move: all others stay as they were recorded.
type gpu struct {
	uuid string
	// pod has the GPU.
	pod string
	// busy is the share of the last second in which it was busy.
	busy float64
	// energy is what it has drawn since the node has started, in J.
	energy float64
}

// power is what the GPU draws, in W.
func (g *gpu) power() float64 { return 95 + 560*g.busy }

// values are those of the page that follow from how busy the GPU is.
func (g *gpu) values() map[string]string {
	number := func(v float64) string { return fmt.Sprintf("%.6f", v) }
	whole := func(v float64) string { return fmt.Sprintf("%.0f", v) }
	return map[string]string{
		"DCGM_FI_DEV_GPU_UTIL":                 whole(100 * g.busy),
		"DCGM_FI_DEV_MEM_COPY_UTIL":            whole(40 * g.busy),
		"DCGM_FI_DEV_GPU_TEMP":                 whole(33 + 36*g.busy),
		"DCGM_FI_DEV_MEMORY_TEMP":              whole(38 + 42*g.busy),
		"DCGM_FI_DEV_POWER_USAGE":              number(g.power()),
		"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": whole(1000 * g.energy),
		"DCGM_FI_PROF_GR_ENGINE_ACTIVE":        number(g.busy),
		"DCGM_FI_PROF_PIPE_TENSOR_ACTIVE":      number(0.43 * g.busy),
		"DCGM_FI_PROF_DRAM_ACTIVE":             number(0.7 * g.busy),
	}
}

// exporter is the dcgm-exporters of all nodes: /gpu-node-1/metrics is that of the first one.
type exporter struct {
	mu   sync.Mutex
	gpus map[string]*gpu
}

func newExporter(gpus ...*gpu) *exporter {
	e := &exporter{gpus: map[string]*gpu{}}
	for _, g := range gpus {
		e.gpus[g.uuid] = g
	}
	return e
}

// worked says that a pod has kept its GPU busy for a share of a time.
func (e *exporter) worked(uuid, pod string, busy float64, d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	g := e.gpus[uuid]
	g.pod, g.busy = pod, min(busy, 1)
	g.energy += g.power() * d.Seconds()
}

// page is what is recorded of a node, with the numbers of now.
func (e *exporter) page(recorded string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return sample.ReplaceAllStringFunc(recorded, func(line string) string {
		parts := sample.FindStringSubmatch(line)
		name, labels, value := parts[1], parts[2], parts[4]
		g := e.gpus[parts[3]]
		if g == nil {
			return line
		}
		if now, ok := g.values()[name]; ok {
			value = now
		}
		return name + podLabel.ReplaceAllString(labels, `pod="`+g.pod+`"`) + " " + value
	})
}

func (e *exporter) serve(w http.ResponseWriter, r *http.Request) {
	recorded, err := pages.ReadFile(path.Join("dcgm", r.PathValue("node")+".txt"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = io.Copy(w, strings.NewReader(e.page(string(recorded)))) // who does not read it to the end does not need it
}

// listen serves the pages until the context is done.
func (e *exporter) listen(ctx context.Context, address string, work *sync.WaitGroup) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{node}/metrics", e.serve)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	work.Go(func() {
		<-ctx.Done()
		_ = server.Close() // scrapes may be cut off
	})
	work.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Println(err)
		}
	})
	return nil
}
