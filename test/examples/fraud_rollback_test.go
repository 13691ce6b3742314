// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
)

const rollbackFolder = "examples/fraud-rollback"

// rollbackOverride moves the example's ports and files; all else is the example's.
const rollbackOverride = `
extensions:
  file_storage/journal: {directory: "${env:STATE}/journal"}
  file_storage: {directory: "${env:STATE}/storage"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "${env:OTLP_GRPC}"}, http: {endpoint: "${env:OTLP}"}}}
  ground_truth: {endpoint: "${env:LABELS}"}
connectors: {prometheus_rules: {directory: "${env:STATE}/tsdb"}}
exporters:
  ml_action: {decisions: {endpoint: "http://${env:OTLP}"}, evidence: {directory: "${env:STATE}/evidence"}}
  file/decisions: {path: "${env:STATE}/decisions.json"}
  prometheus: {endpoint: "${env:SCRAPE}"}
`

// buildWorld returns the program of the example.
func buildWorld(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "world")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./"+rollbackFolder+"/world")
	cmd.Dir = processtest.RepoRoot(t)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// rollback is the example, with a wire between the collector and the world that can be watched.
type rollback struct {
	t              *testing.T
	options        harness.Options
	state          string
	tracker        string // address of the issues' page
	world          *processtest.Process
	otlp, labels   string
	registryServer string

	mu        sync.Mutex
	collector *harness.Collector
	logs      []string // of collectors that were killed
	// deadly kills the collector at a request that changes something, before it arrives or before it is
	// answered, if it counts down to zero.
	deadly     int
	afterwards bool
	died       chan string
}

// newRollback starts the collector and then the world.
func newRollback(t *testing.T) *rollback {
	t.Helper()
	binary := buildWorld(t)
	r := &rollback{
		t: t, state: t.TempDir(), tracker: processtest.FreeAddr(t), registryServer: processtest.FreeAddr(t), otlp: processtest.FreeAddr(t),
		labels: processtest.FreeAddr(t), died: make(chan string, 1),
	}
	r.options = harness.Options{
		Configs: []string{rollbackFolder + "/collector.yaml", rollbackOverride},
		Env: []string{
			"STATE=" + r.state, "OTLP=" + r.otlp, "OTLP_GRPC=" + processtest.FreeAddr(t), "LABELS=" + r.labels, "SCRAPE=" + processtest.FreeAddr(t),
			"REGISTRY=" + r.wire(r.registryServer), "GITEA=" + r.wire(r.tracker),
		},
		Dir: processtest.RepoRoot(t), // where the rules and the card are
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what was decided:\n%s", strings.Join(regexp.MustCompile(`(?m)^.*(\tDecision\t|\terror\t|Everything is ready).*$`).FindAllString(r.log(), -1), "\n"))
		}
	})
	r.collector = harness.StartCollector(t, r.options)
	r.world = processtest.Start(t, r.state, nil, binary, "-collector", "",
		"-registry", r.registryServer, "-tracker", r.tracker, "-otlp", "http://"+r.otlp, "-labels", "http://"+r.labels, "-release-after", "4s", "-seed", "1")
	return r
}

// wire passes requests of the collector on to a server of the world.
func (r *rollback) wire(to string) string {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: to})
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodGet {
			r.pass(w, request, proxy)
			return
		}
		proxy.ServeHTTP(w, request)
	}))
	r.t.Cleanup(server.Close)
	return server.URL
}

// pass passes a request on that changes something. The collector may die of it.
func (r *rollback) pass(w http.ResponseWriter, request *http.Request, proxy http.Handler) {
	r.mu.Lock()
	r.deadly--
	dies, afterwards, c := r.deadly == 0, r.afterwards, r.collector
	r.mu.Unlock()
	if !dies {
		proxy.ServeHTTP(w, request)
		return
	}
	what := "before " + request.Method + " " + request.URL.Path
	if afterwards {
		what = "after " + request.Method + " " + request.URL.Path
		body, err := io.ReadAll(request.Body)
		if err == nil {
			request.Body = io.NopCloser(bytes.NewReader(body))
			proxy.ServeHTTP(httptest.NewRecorder(), request)
		}
	}
	c.Kill()
	r.died <- what
	panic(http.ErrAbortHandler)
}

// kill kills the collector after a time, or at a request before that, starts it again on the same
// state, and returns where it died.
func (r *rollback) kill(within time.Duration, request int, afterwards bool) string {
	r.t.Helper()
	r.mu.Lock()
	r.deadly, r.afterwards = request, afterwards
	c := r.collector
	r.mu.Unlock()
	var what string
	select {
	case what = <-r.died:
	case <-time.After(within):
		r.mu.Lock()
		dying := r.deadly <= 0 && request > 0
		r.deadly = 0
		r.mu.Unlock()
		if dying {
			what = <-r.died
			break
		}
		c.Kill()
		what = "after " + within.Round(time.Millisecond).String()
	}
	again := harness.StartCollector(r.t, r.options)
	r.mu.Lock()
	r.collector = again
	r.logs = append(r.logs, c.Log())
	r.mu.Unlock()
	return what
}

// log is what all collectors have printed so far.
func (r *rollback) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.logs, "") + r.collector.Log()
}

// closed reports whether the incident is closed, and the collector knows that.
func (r *rollback) closed() bool {
	return strings.Contains(r.world.Log(), "issue #1 is closed") && strings.Contains(r.log(), `"action": "incident", "verdict": "closed"`)
}

// check expects that all was done, and once.
func (r *rollback) check() {
	t := r.t
	t.Helper()
	events := r.world.Log()
	for _, what := range []string{"the alias champion is set to version 6 by otelcol-ml", "issue #1 is opened", "issue #1 gets the file", "issue #1 is closed"} {
		assert.Equal(t, 1, strings.Count(events, what), "%s:\n%s", what, events)
	}
	assert.Equal(t, 2, strings.Count(events, "the alias champion is set to"), events) // the release, and back
	assert.NotContains(t, events, "issue #2")
	answers := regexp.MustCompile(`answers with version (\d)`).FindAllStringSubmatch(events, -1)
	assert.Equal(t, "6", answers[len(answers)-1][1], events)

	_, page := processtest.Get("http://" + r.tracker + "/")
	assert.Regexp(t, `^#1 fraud 7 stops \d+(\.\d+)?% of the honest payments \(closed\)`, page)
	for _, fact := range []string{
		`n +[2-9]\d\d|n +\d{4}`, `value +0\.1\d+`, `least +0\.\d+`, `bound +0\.05`, `version +7`, `model +fraud, production, of fraud-ml@example.com`,
		`alert +FalsePositives, critical`, `predict fraud`,
		`version 6 is (back|there already) in place of 7`, `(?m)^The alert was resolved at`,
	} {
		assert.Regexp(t, fact, page)
	}
	ids := regexp.MustCompile(`traces +([0-9a-f]{32})`).FindStringSubmatch(page)
	require.NotNil(t, ids, page)
	r.checkTraces(ids[1])
}

// checkTraces expects that the attachment has a trace with an honest payment that version 7 has
// stopped.
func (r *rollback) checkTraces(id string) {
	t := r.t
	t.Helper()
	status, content := processtest.Get("http://" + r.tracker + "/attachments/1")
	require.Equal(t, http.StatusOK, status)
	unzipped, err := gzip.NewReader(strings.NewReader(content))
	require.NoError(t, err)
	body, err := io.ReadAll(unzipped)
	require.NoError(t, err)
	td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(body)
	require.NoError(t, err)
	found := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if span.TraceID().String() != id {
					continue
				}
				found++
				if span.Name() == "predict fraud" {
					class, _ := span.Attributes().Get(mlconv.AttrPredictionClass)
					version, _ := span.Attributes().Get(mlconv.AttrModelVersion)
					assert.Equal(t, "fraud of version 7", class.AsString()+" of version "+version.AsString())
				}
			}
		}
	}
	assert.Equal(t, 3, found, "spans of trace %s", id)
}

// A release that is wrong: the alias goes back, the incident is opened with the traces, hears of it,
// and is closed.
func TestFraudRollback(t *testing.T) {
	t.Parallel()
	r := newRollback(t)
	processtest.WaitFor(t, 3*time.Minute, "the incident to be closed", r.closed)
	r.check()
	r.checkReadme()
}

var (
	block = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	// varying is what differs between two runs: ids, numbers, times.
	varying = regexp.MustCompile(`[0-9a-f]{32}|\d+([.:-]\d+)*`)
)

// checkReadme enters what the README says, and expects the lines that it shows, of which … leaves out
// the end, among those that are printed.
func (r *rollback) checkReadme() {
	t := r.t
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(processtest.RepoRoot(t), rollbackFolder, "README.md"))
	require.NoError(t, err)
	blocks := block.FindAllStringSubmatch(string(readme), -1)
	shown := 0
	for i, b := range blocks {
		if b[1] != "text" {
			continue
		}
		shown++
		command := strings.TrimSpace(blocks[i-1][2])
		var missing, got string
		printed := func() bool {
			got = r.printed(command)
			missing = lacks(got, strings.TrimRight(b[2], "\n"))
			return missing == ""
		}
		// The file of decisions is written a moment after they were made.
		assert.Eventually(t, printed, patience, 200*time.Millisecond, "%s", command)
		assert.Empty(t, missing, "%s prints no such line, but\n%s", command, got)
	}
	assert.Equal(t, 5, shown)
}

// printed is what a command of the README prints; the world prints all the time.
func (r *rollback) printed(command string) string {
	if strings.HasPrefix(command, "go run ./"+rollbackFolder+"/world") {
		return r.world.Log()
	}
	command = strings.NewReplacer("localhost:3000", r.tracker, "localhost:5000", r.registryServer, "state/fraud-rollback", r.state).Replace(command)
	out, err := exec.CommandContext(r.t.Context(), "sh", "-c", command).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return string(out)
}

// lacks is the first line of those that are shown, of which … leaves out the end, that is not printed;
// empty if all are.
func lacks(printed, shown string) string {
	lines := strings.Split(varying.ReplaceAllString(printed, "0"), "\n")
	for line := range strings.SplitSeq(shown, "\n") {
		want, cut := strings.CutSuffix(varying.ReplaceAllString(line, "0"), "…")
		if !slices.ContainsFunc(lines, func(l string) bool { return l == want || cut && strings.HasPrefix(l, want) }) {
			return line
		}
	}
	return ""
}

// The collector is killed at twenty random moments between the release and the end: after a time, or
// while one of its requests is on its way or has been carried out and not answered. All is done, and
// once.
func TestFraudRollbackKilled(t *testing.T) {
	// So many while the alert is pending, the next when it fires, and so many when the incident is told of the end and closed.
	const kills, waiting, ending = 20, 6, 3
	for seed := range uint64(2) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 15))
			r := newRollback(t)
			r.world.WaitForLog(patience, "the model server answers with version 7")
			for n := range kills {
				within := min(300*time.Millisecond+time.Duration(rng.ExpFloat64()*float64(2*time.Second)), 6*time.Second)
				request, afterwards := 0, rng.IntN(2) == 0
				if n >= waiting && rng.IntN(2) == 0 {
					within, request = 7*time.Second, 1+rng.IntN(3)
				}
				events := r.world.Log()
				begun := strings.Contains(events, "by otelcol-ml") || strings.Contains(events, "is opened")
				if n == waiting && !begun {
					within, request = time.Minute, 1+rng.IntN(3)
				}
				if n >= kills-ending && !strings.Contains(events, "is closed") {
					within, request = time.Minute, 1
				}
				what := r.kill(within, request, afterwards)
				t.Logf("%d killed %s", n, what)
				if within == time.Minute && what == "after 1m0s" {
					require.Contains(t, r.world.Log(), "is closed", "nothing is done any more")
				}
			}
			processtest.WaitFor(t, 3*time.Minute, "the incident to be closed", r.closed)
			r.check()
		})
	}
}
