// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package distro

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/traffic"
)

// maxResident is a generous bound on the memory of a collector that is under attack, in bytes: it
// was 190 MB. Names without a bound took 3 GB.
const maxResident = 600 << 20

// resident returns the memory of a process that is in RAM, in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("there is no /proc: ", err)
	}
	match := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, match)
	kb, err := strconv.Atoi(string(match[1]))
	require.NoError(t, err)
	t.Logf("%d MB are resident", kb>>10)
	return kb << 10
}

// one is a request with one span of a model; set adds to it.
func one(model string, set func(resource, span pcommon.Map)) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	now := time.Now()
	span.SetName("predict")
	span.SetTraceID(pcommon.TraceID([]byte(fmt.Sprintf("%016d", now.UnixNano()%1e16))))
	span.SetSpanID(pcommon.SpanID([]byte(fmt.Sprintf("%08d", now.UnixNano()%1e8))))
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Millisecond)))
	attrs := span.Attributes()
	attrs.PutStr("ml.model.name", model)
	attrs.PutStr("ml.prediction.class", "ok")
	if set != nil {
		set(rs.Resource().Attributes(), attrs)
	}
	return td
}

// total is the number of predictions of a model on the page.
func total(page, model string) int {
	sum := 0
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "ml_prediction_count_total{") && strings.Contains(line, `ml_model_name="`+model+`"`) {
			n, _ := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
			sum += int(n)
		}
	}
	return sum
}

// Names of a megabyte and made-up models by the thousand cost neither the memory nor a healthy
// model's numbers, and leave nothing for the next start.
func TestUnderAttack(t *testing.T) {
	catalog := t.TempDir()
	require.NoError(t, traffic.WriteCatalog(catalog, 1)) // fraud, with a baseline
	c := start(t, "OTELCOL_ML_CATALOG="+catalog)
	send := func(requests ...ptrace.Traces) { require.NoError(t, traffic.Send(t.Context(), c.otlp, requests...)) }
	first := time.Now().Add(-time.Hour)
	send(traffic.Spans(2, first, time.Second, 300, 0)...)

	for i := range 4 {
		long := strings.Repeat(strconv.Itoa(i), 1<<20)
		send(
			one(long, nil),
			one("m", func(_, span pcommon.Map) { span.PutStr("ml.model.version", long) }),
			one("m", func(_, span pcommon.Map) { span.PutStr("ml.segment."+long, "x") }),
			one("m", func(_, span pcommon.Map) { span.PutStr("ml.segment.country", long) }),
			one("m", func(_, span pcommon.Map) { span.PutDouble("ml.feature."+long, 1) }),
			one("m", func(_, span pcommon.Map) { span.PutStr("ml.feature.category", long) }),
			one("m", func(_, span pcommon.Map) { span.PutStr("ml.prediction.class", long) }),
			one("m", func(resource, _ pcommon.Map) { resource.PutStr("service.name", long) }),
			one("m", func(resource, _ pcommon.Map) { resource.PutStr("deployment.environment.name", long) }),
			one("m", func(_, span pcommon.Map) { span.PutStr("ml.features", `{"a":[`+strings.Repeat("1,", 1<<20)+`1]}`) }),
			one("", func(_, span pcommon.Map) {
				span.PutStr("ml.job.name", long)
				span.PutStr("ml.job.run_id", long)
				span.PutStr("ml.job.stage", long)
			}),
		)
	}
	for block := range 25 { // 25,000 models that nobody knows
		td := one("made-up", nil)
		spans := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := range 999 {
			span := spans.AppendEmpty()
			spans.At(0).CopyTo(span)
			span.SetSpanID(pcommon.SpanID([]byte(fmt.Sprintf("%08d", block*1000+i))))
			span.Attributes().PutStr("ml.model.name", fmt.Sprintf("made-up-%d-%d", block, i))
		}
		send(td)
	}
	send(traffic.Spans(3, first.Add(10*time.Minute), time.Second, 300, 0)...)

	healthy := func(want int) {
		t.Helper()
		processtest.WaitFor(t, 30*time.Second, "all predictions of the healthy model", func() bool {
			_, page := processtest.Get("http://" + c.scrape + "/metrics")
			return total(page, "fraud") == want
		})
	}
	healthy(600)
	_, page := processtest.Get("http://" + c.scrape + "/metrics")
	assert.Less(t, len(page), 8<<20, "the page can be scraped")
	assert.NotContains(t, page, strings.Repeat("1", 300), "no name is longer than its bound")
	assert.Less(t, resident(t, c.Pid()), maxResident)
	c.Stop()

	var kept int64
	require.NoError(t, filepath.WalkDir(filepath.Join(c.Dir, "state", "storage"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		kept += info.Size()
		return err
	}))
	assert.Less(t, kept, int64(64<<20), "what is kept for the next start")
	t.Logf("a page of %d bytes, %d bytes are kept", len(page), kept)

	c.Collector = harness.StartCollector(t, harness.Options{Configs: []string{shipped, override}, Dir: c.Dir, Env: []string{
		"OTELCOL_ML_CATALOG=" + catalog, "OTLP=" + c.otlp, "OTLP_HTTP=" + processtest.FreeAddr(t), "LABELS=" + processtest.FreeAddr(t), "SCRAPE=" + c.scrape, "HEALTH=" + c.health,
	}})
	send(traffic.Spans(4, first.Add(20*time.Minute), time.Second, 100, 0)...)
	healthy(700)
	assert.Less(t, resident(t, c.Pid()), maxResident)
	c.Stop()
}
