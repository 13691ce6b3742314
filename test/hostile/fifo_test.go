//go:build hostile && unix

// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPipes: pipes and devices in the folders of captured records, of labels, of cards and of rules,
// at the start, later, and in the place of a file that is followed. Nothing waits for them, least of
// all the collector's end, and what lies beside them is read.
func TestPipes(t *testing.T) {
	captured, labelled, rules := t.TempDir(), t.TempDir(), t.TempDir()
	pipe := func(dir, name string) {
		t.Helper()
		require.NoError(t, syscall.Mkfifo(filepath.Join(dir, name), 0o600))
	}
	write := func(dir, name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	lines := 0
	capture := func() string {
		lines++
		return fmt.Sprintf(`{"captureData":{"endpointInput":{"data":"1,2","encoding":"CSV"}},"eventMetadata":{"eventId":"event-%d","inferenceTime":%q},"eventVersion":"0"}`+"\n",
			lines, time.Now().UTC().Format(time.RFC3339))
	}
	pipe(captured, "first.jsonl")
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(captured, "device.jsonl")))
	pipe(labelled, "first.csv")
	s := newSite(t, withEnv("OTELCOL_ML_RULES="+rules), withConfig(`
receivers:
  inference_log: {endpoint: "", sagemaker: {include: ["`+captured+`/*.jsonl"], model: captured, start_at: beginning, poll_interval: 100ms, storage: file_storage}}
  ground_truth: {files: {include: ["`+labelled+`/*.csv", "`+labelled+`/*.parquet"], start_at: beginning, poll_interval: 100ms, storage: file_storage}}
service: {pipelines: {traces: {receivers: [otlp, inference_log]}}}
`))
	read := func(t *testing.T, n int) {
		t.Helper()
		assert.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.InDelta(c, n, s.own("otelcol_inference_log_events", `outcome="accepted"`), 0)
		}, patience, 50*time.Millisecond)
	}
	s.under(attack{"pipes", func(t *testing.T, s *site) {
		write(captured, "one.jsonl", capture())
		read(t, 1)
		require.NoError(t, os.Remove(filepath.Join(captured, "one.jsonl")))
		pipe(captured, "one.jsonl")
		for i := range 20 {
			pipe(captured, fmt.Sprintf("pipe-%d.jsonl", i))
			pipe(labelled, fmt.Sprintf("pipe-%d.csv", i))
			pipe(labelled, fmt.Sprintf("pipe-%d.parquet", i))
			pipe(s.catalog, fmt.Sprintf("pipe-%d.yaml", i))
		}
		require.NoError(t, os.Symlink("/dev/zero", filepath.Join(s.catalog, "device.yml")))
		pipe(rules, "pipe.yaml")
		write(captured, "two.jsonl", capture()+capture())
		read(t, 3)
		assert.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.InDelta(c, 23, s.own("otelcol_inference_log_events", `outcome="bad_file"`), 0)
			assert.InDelta(c, 21, s.own("otelcol_ground_truth_labels", `outcome="bad_file"`), 0)
			assert.InDelta(c, 21, s.own("otelcol_ml_catalog_violations"), 0)
		}, patience, 50*time.Millisecond)
		require.NoError(t, os.Remove(filepath.Join(rules, "pipe.yaml"))) // a bad rule file is an error of the config, at a start
	}})
	log := s.log()
	assert.GreaterOrEqual(t, strings.Count(log, "Not followed, as they are no regular files"), 4, "of two receivers in two processes")
	assert.Contains(t, log, "first.jsonl")
	assert.Contains(t, log, "pipe-7.yaml")
	assert.NotContains(t, log, "does not end")
}
