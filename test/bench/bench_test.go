// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

var (
	rounds = flag.Int("rounds", 5, "how often each collector is measured, in turn")
	spans  = flag.Int("spans", 1_000_000, "spans a measurement")
	// A profile costs a little itself: not for figures.
	profiles = flag.String("profiles", "", "an existing folder for a CPU profile of each collector's last round")
)

// Common to all: OTLP in, batch, nop out.
const common = `
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:OTLP}"}}}}
processors: {batch: {}}
exporters: {nop: {}}
`

var variants = []struct{ name, config string }{
	{"pass-through", `
service: {pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [nop]}}}
`},
	{"span_metrics", `
connectors:
  span_metrics:
    dimensions: [{name: ml.model.name}, {name: ml.model.version}, {name: ml.prediction.class}, {name: http.route}]
service:
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [nop, span_metrics]}
    metrics: {receivers: [span_metrics], exporters: [nop]}
`},
	{"otelcol-ml", ours("ml_metadata")},
	{"and ml_normalize", ours("ml_normalize, ml_metadata")},
}

// ours is the path from spans to drift, with the processors given.
func ours(processors string) string {
	return `
extensions: {ml_catalog: {directory: "${env:CATALOG}"}}
processors: {ml_normalize: {}, ml_metadata: {}}
connectors: {ml_summary: {}, ml_drift: {}}
service:
  extensions: [ml_catalog]
  pipelines:
    traces: {receivers: [otlp], processors: [` + processors + `, batch], exporters: [nop, ml_summary]}
    metrics/summary: {receivers: [ml_summary], exporters: [ml_drift]}
    metrics: {receivers: [ml_drift], exporters: [nop]}
`
}

// TestCostOfAMillionSpans prints CPU-seconds of the collector's process for a million spans. All
// variants are this repository's binary, which contains the stock components: the first two run
// nothing but those.
func TestCostOfAMillionSpans(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Fatal("CPU time is read from /proc, which is there on Linux only")
	}
	catalog := t.TempDir()
	require.NoError(t, writeCatalog(catalog))
	var results []result
	fmt.Printf("\nCPU-seconds of the collector per million spans: %d rounds in turn, %d spans each, %d a request, OTLP gRPC.\n", *rounds, *spans, spansPerRequest)
	fmt.Println("Median [least, most]; from ready to exit, so that the last flush is in it. All rows are one binary;")
	fmt.Println("pass-through (otlp, batch, nop) and span_metrics (four dimensions) run stock components only.")
	fmt.Printf("\n%-12s%-18s%-26s%-28s%s\n", "attributes", "collector", "CPU-s a million", "added to pass-through", "peak memory, MiB")
	for _, features := range []int{0, numericFeatures} {
		cpu, memory := make([][]float64, len(variants)), make([][]float64, len(variants))
		for range *rounds {
			for v := range variants {
				c, m := measure(t, catalog, features, common, variants[v].config, profiler(t, variants[v].name, features))
				cpu[v], memory[v] = append(cpu[v], c), append(memory[v], m)
			}
		}
		for v, variant := range variants {
			added := make([]float64, *rounds)
			for r := range added {
				added[r] = cpu[v][r] - cpu[0][r]
			}
			attributes := 8 + features
			fmt.Printf("%-12d%-18s%-26s%-28s%.0f\n", attributes, variant.name, spread(cpu[v]), spread(added), median(memory[v]))
			name := fmt.Sprintf("%s, %d attributes", variant.name, attributes)
			results = append(
				results,
				result{Name: name + ": CPU", Unit: "s/million spans", Value: median(cpu[v]), Range: spread(cpu[v])},
				result{Name: name + ": CPU added to pass-through", Unit: "s/million spans", Value: median(added), Range: spread(added)},
				result{Name: name + ": peak memory", Unit: "MiB", Value: median(memory[v]), Range: spread(memory[v])},
			)
		}
	}
	content, err := json.MarshalIndent(results, "", "  ")
	require.NoError(t, err)
	file := filepath.Join(processtest.RepoRoot(t), "bin", "bench.json")
	require.NoError(t, os.WriteFile(file, append(content, '\n'), 0o600))
	fmt.Printf("\nbin/bench.json has the same as github-action-benchmark's customSmallerIsBetter.\n")
}

// result is an entry of github-action-benchmark's customSmallerIsBetter format.
type result struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	Range string  `json:"range"`
}

// measure starts a collector, sends it the spans, stops it, and returns CPU-seconds per million
// spans and peak memory in MiB.
func measure(t *testing.T, catalog string, features int, configs ...string) (cpu, memory float64) {
	t.Helper()
	load, err := requests(features)
	require.NoError(t, err)
	otlp := processtest.FreeAddr(t)
	c := harness.StartCollector(t, harness.Options{
		Configs: configs,
		Env:     []string{"OTLP=" + otlp, "CATALOG=" + catalog},
	})
	before := cpuSeconds(t, c.Pid())
	sent, err := send(t.Context(), otlp, load, *spans)
	require.NoError(t, err)
	memory = peakMemory(t, c.Pid())
	c.Stop()
	return (c.CPU().Seconds() - before) / float64(sent) * 1e6, memory
}

// profiler is a config that saves a CPU profile, if profiles are asked for.
func profiler(t *testing.T, variant string, features int) string {
	t.Helper()
	if *profiles == "" {
		return "yaml:{}"
	}
	dir, err := filepath.Abs(*profiles)
	require.NoError(t, err)
	return fmt.Sprintf(`
extensions: {pprof: {endpoint: %q, save_to_file: %q}, ml_catalog: {directory: "${env:CATALOG}"}}
service: {extensions: [pprof, ml_catalog]}
`, processtest.FreeAddr(t), filepath.Join(dir, fmt.Sprintf("%s-%d.pprof", variant, 8+features)))
}

// cpuSeconds is the user and system time of a process so far, from /proc/<pid>/stat (proc(5),
// fields 14 and 15, in ticks of 1/100 s).
func cpuSeconds(t *testing.T, pid int) float64 {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:])) // the third field on
	user, err := strconv.ParseFloat(fields[11], 64)
	require.NoError(t, err)
	system, err := strconv.ParseFloat(fields[12], 64)
	require.NoError(t, err)
	return (user + system) / 100
}

// peakMemory is the largest resident set of a process so far, in MiB.
func peakMemory(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(status), "VmHWM:")
	require.True(t, ok)
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	require.NoError(t, err)
	return kib / 1024
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spread is "median [least, most]".
func spread(values []float64) string {
	return fmt.Sprintf("%.2f [%.2f, %.2f]", median(values), slices.Min(values), slices.Max(values))
}
