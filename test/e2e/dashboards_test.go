// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
	"github.com/otelcol-ml/otelcol-ml/test/internal/harness"
	"github.com/otelcol-ml/otelcol-ml/test/internal/picture"
	"github.com/otelcol-ml/otelcol-ml/test/internal/tale"
)

// writePictures is set by "make dashboard-pictures".
var writePictures = flag.Bool("write-pictures", false, "write the pictures of the dashboards")

// How long the stories may take until all panels show data, and how often it is looked.
const (
	tellingTime = 130 * time.Second
	lookEvery   = 5 * time.Second
)

// seen lies over the config of a story: what spans were sent is written into a file.
const seen = `
exporters: {file/seen: {path: %q, flush_interval: 200ms}}
service: {pipelines: {traces/seen: {receivers: [otlp], exporters: [file/seen]}}}
`

// asked lies over the config of a story whose collector is asked for what it has, as Prometheus is.
const asked = "connectors: {prometheus_rules: {api: {endpoint: localhost:9099}}}"

// A stage is where stories play, a Prometheus that scrapes their collectors, and what it has.
type stage struct {
	t       *testing.T
	begun   time.Time
	targets []string // where the collectors have what they found out
	own     []string // where they have what they say of themselves
	spans   []string // the files with the spans that were sent
	grafana.Prometheus
	// collector is a collector that answers PromQL itself: that of the recommender.
	collector grafana.Prometheus
}

// An act is an example that is ready to be played.
type act struct {
	*tale.Tale
	configs []string
	program string
}

// prepare makes an example ready whose collector is going to be scraped, with more configs. The program is a folder below examples/.
func (s *stage) prepare(name, program string, more ...string) act {
	x := tale.New(s.t, name)
	file := filepath.Join(x.Dir, "seen.json")
	s.spans = append(s.spans, file)
	s.targets = append(s.targets, x.Moved("localhost:8889"))
	s.own = append(s.own, x.Moved("localhost:8888"))
	a := act{Tale: x, configs: x.Configs(append(more, fmt.Sprintf(seen, file))...)}
	if program != "" {
		a.program = x.Build(program)
	}
	return a
}

// collect starts the collector of an example that does not start it itself.
func (s *stage) collect(a act, env ...string) {
	var args []string
	for _, config := range a.configs {
		args = append(args, "--config="+config)
	}
	processtest.Start(s.t, a.Dir, env, harness.BuildCollector(s.t), args...).WaitForLog(patience, "Everything is ready.")
}

// playRollback starts the collector of fraud-rollback, and its world.
func (s *stage) playRollback(a act) {
	s.collect(a, "REGISTRY=http://"+a.Moved("localhost:5000"), "GITEA=http://"+a.Moved("localhost:3000"))
	processtest.Start(
		s.t, a.Dir, nil, a.program, "-collector", "", "-registry", a.Moved("localhost:5000"), "-tracker", a.Moved("localhost:3000"),
		"-otlp", "http://"+a.Moved("localhost:4318"), "-labels", "http://"+a.Moved("localhost:4319"), "-seed", "1",
	)
}

// playTraining starts the collector of training-job, and a run of the job every few seconds, of which each fifth breaks, until the test
// ends.
func (s *stage) playTraining(a act) {
	a.configs = slices.Insert(a.configs, 1, filepath.Join(a.Dir, "examples", a.Name, "alone.yaml"))
	s.collect(a)
	s.repeat(4*time.Second, func(n int) {
		args := []string{"-endpoint", a.Moved("localhost:4317"), "-run-id", fmt.Sprint("run-", n)}
		if n%5 == 4 {
			args = append(args, "-break", "validate:duplicates")
		}
		cmd := exec.CommandContext(s.t.Context(), a.program, args...)
		cmd.Dir = a.Dir
		_ = cmd.Run() // what it ends with is told by the dashboard
	})
}

// playEvaluation sends the predictions of examples/evaluation, and, as its README does, the labels after them.
func (s *stage) playEvaluation(a act) {
	s.collect(a)
	processtest.Start(s.t, a.Dir, nil, a.program, "examples/evaluation/payments.csv", "--model", "fraud", "--version", "7", "--prediction", "answer",
		"--score", "score", "--timestamp", "at", "--id", "payment_id", "--segment", "country", "--quiet", "--endpoint", a.Moved("localhost:4317")).Wait()
	decisions, err := os.ReadFile(filepath.Join(processtest.RepoRoot(s.t), "examples", a.Name, "decisions.csv"))
	require.NoError(s.t, err)
	labels := filepath.Join(a.Dir, "state", a.Name, "labels")
	require.NoError(s.t, os.MkdirAll(labels, 0o755))
	require.NoError(s.t, os.WriteFile(filepath.Join(labels, "2025-11-17.csv"), decisions, 0o600))
}

// repeat does something again and again until the test ends.
func (s *stage) repeat(every time.Duration, do func(n int)) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 0; ; n++ {
			do(n)
			select {
			case <-s.t.Context().Done():
				return
			case <-tick.C:
			}
		}
	}()
	s.t.Cleanup(func() { <-ended })
}

// scrape starts Prometheus on the config of examples/grafana, with all the collectors as targets, and every second.
func (s *stage) scrape() {
	dir, root := s.t.TempDir(), processtest.RepoRoot(s.t)
	content, err := os.ReadFile(filepath.Join(root, "examples", "grafana", "prometheus.yml"))
	require.NoError(s.t, err)
	config := string(content)
	for old, changed := range map[string]string{
		"[localhost:8889]": "[" + strings.Join(s.targets, ", ") + "]", "[localhost:8888]": "[" + strings.Join(s.own, ", ") + "]",
		"scrape_interval: 15s": "scrape_interval: 1s", "evaluation_interval: 15s": "evaluation_interval: 5s", "../../rules": filepath.Join(root, "rules"),
	} {
		require.Contains(s.t, config, old)
		config = strings.ReplaceAll(config, old, changed)
	}
	file := filepath.Join(dir, "prometheus.yml")
	require.NoError(s.t, os.WriteFile(file, []byte(config), 0o600))
	address := processtest.FreeAddr(s.t)
	s.URL = "http://" + address
	processtest.Start(s.t, dir, nil, servertest.Tool(s.t, "prometheus"), "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--enable-feature=exemplar-storage", "--web.listen-address="+address)
	(&server{t: s.t, api: s.URL}).ready("/-/ready")
}

func (s *stage) window() grafana.Window {
	return grafana.Window{Start: s.begun, End: time.Now(), Scrape: 2 * time.Second}
}

// A view is a dashboard as it is opened, with what was chosen.
type view struct {
	dashboard *grafana.Dashboard
	values    grafana.Values
	window    grafana.Window
	answers   map[int][]grafana.Answer
	marks     map[string][]grafana.Mark
}

// open opens a dashboard and asks all it has to ask.
func (s *stage) open(ctx context.Context, d *grafana.Dashboard, w grafana.Window, chosen map[string]string) (*view, error) {
	v := &view{dashboard: d, window: w, answers: map[int][]grafana.Answer{}, marks: map[string][]grafana.Mark{}}
	var err error
	if v.values, err = s.Open(ctx, d, w, chosen); err != nil {
		return nil, err
	}
	for _, p := range d.All() {
		v.answers[p.ID] = s.Run(ctx, &p, v.values, w)
	}
	for _, a := range d.Annotations.List {
		if a.BuiltIn == 0 {
			if v.marks[a.Name], err = s.Marks(ctx, &a, v.values, w); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// data is what is seen, to be drawn.
func (v *view) data() picture.Data {
	data := picture.Data{Dashboard: v.dashboard, Values: v.values, Window: v.window, Answers: v.answers}
	for _, a := range v.dashboard.Annotations.List {
		if a.Enable {
			data.Marks = append(data.Marks, v.marks[a.Name]...)
		}
	}
	return data
}

// query names a query of a panel.
type query struct {
	panel int
	refID string
}

// missing are the queries, and exemplars, that nothing was found for so far, however the dashboard was opened.
type missing struct {
	answers, exemplars map[query]string
	marks              map[string]string
	failed             map[query]error
	traces             map[string]bool // the trace ids of exemplars that were found
}

func (m *missing) take(v *view) {
	for _, p := range v.dashboard.All() {
		for _, a := range v.answers[p.ID] {
			q := query{p.ID, a.Target.RefID}
			if a.Err != nil {
				m.failed[q] = a.Err
			}
			if !a.Empty() {
				delete(m.answers, q)
			}
			for _, e := range a.Exemplars {
				delete(m.exemplars, q)
				m.traces[e.TraceID] = true
			}
		}
	}
	for name, marks := range v.marks {
		if len(marks) > 0 {
			delete(m.marks, name)
		}
	}
}

func (m *missing) none() bool { return len(m.answers)+len(m.exemplars)+len(m.marks) == 0 }

// look opens a dashboard with the first values, and, while something is missing, with all others of the variables of which one value is
// chosen: no model has everything.
func (s *stage) look(d *grafana.Dashboard, m *missing, chosen map[string]string, from int) {
	v, err := s.open(s.t.Context(), d, s.window(), chosen)
	require.NoError(s.t, err, "%s with %v", d.Title, chosen)
	m.take(v)
	for i, variable := range d.Templating.List {
		if i < from || variable.Type != "query" || variable.Multi || variable.IncludeAll || m.none() {
			continue
		}
		for _, value := range v.values[variable.Name].Offered {
			if slices.Contains(v.values[variable.Name].Chosen, value) {
				continue
			}
			other := map[string]string{variable.Name: value}
			maps.Copy(other, chosen)
			if s.look(d, m, other, i+1); m.none() {
				return
			}
		}
	}
}

// everything is all that a dashboard asks.
func everything(d *grafana.Dashboard) *missing {
	m := &missing{answers: map[query]string{}, exemplars: map[query]string{}, marks: map[string]string{}, failed: map[query]error{}, traces: map[string]bool{}}
	for _, p := range d.All() {
		for _, target := range p.Targets {
			q := query{p.ID, target.RefID}
			m.answers[q] = fmt.Sprintf("%s / %s, query %s: %s", d.Title, p.Title, target.RefID, target.Expr)
			if target.Exemplar {
				m.exemplars[q] = m.answers[q]
			}
		}
	}
	for _, a := range d.Annotations.List {
		if a.BuiltIn == 0 {
			m.marks[a.Name] = fmt.Sprintf("%s, annotation %s: %s", d.Title, a.Name, a.Expr)
		}
	}
	return m
}

var traceID = regexp.MustCompile(`"traceId":"([0-9a-f]{32})"`)

// sent are the ids of the traces whose spans were sent.
func (s *stage) sent() map[string]bool {
	ids := map[string]bool{}
	for _, file := range s.spans {
		content, err := os.ReadFile(file)
		require.NoError(s.t, err)
		for _, match := range traceID.FindAllSubmatch(content, -1) {
			ids[string(match[1])] = true
		}
	}
	return ids
}

// Every query of every panel of every dashboard gives data while the stories play, exemplars lead to traces that were sent, and releases
// and drifts are marked.
func TestDashboardsShowData(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(processtest.RepoRoot(t), "dashboards", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	s := &stage{t: t}
	var stories []act
	for _, name := range []string{"sentiment", "gpu", "drone"} {
		stories = append(stories, s.prepare(name, name))
	}
	s.own = append(s.own, stories[2].Moved("localhost:8887")) // of the drones' collector
	recommender := s.prepare("recommender", "recommender", asked)
	s.collector.URL = "http://" + recommender.Moved("localhost:9099")
	rollback, training := s.prepare("fraud-rollback", "fraud-rollback/world"), s.prepare("training-job", "training-job")
	evaluation, assistants := s.prepare("evaluation", "../cmd/mlreplay"), s.prepareAssistants()
	s.scrape()
	s.begun = time.Now()
	for _, a := range append(stories, recommender) {
		a.Start(a.configs)
	}
	s.playRollback(rollback)
	s.playTraining(training)
	s.playAssistants(assistants)
	s.playEvaluation(evaluation)

	dashboards, missed := map[string]*grafana.Dashboard{}, map[string]*missing{}
	for _, file := range files {
		d, err := grafana.Read(file)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		for i := range d.Annotations.List {
			d.Annotations.List[i].Step = "" // of 15 s: in a story a second is a minute
		}
		dashboards[name], missed[name] = d, everything(d)
	}
	complete := func() bool {
		done := true
		for name, d := range dashboards {
			if !missed[name].none() {
				s.look(d, missed[name], nil, 0)
			}
			done = done && missed[name].none()
		}
		return done
	}
	for deadline := s.begun.Add(tellingTime); ; {
		<-time.After(lookEvery)
		if complete() || time.Now().After(deadline) {
			break
		}
	}
	traces, marked := map[string]bool{}, map[string]bool{}
	for name, m := range missed {
		for q, err := range m.failed {
			t.Errorf("%s, panel %d, query %s: %v", dashboards[name].Title, q.panel, q.refID, err)
		}
		for _, what := range m.answers {
			t.Errorf("no data: %s", what)
		}
		for _, what := range m.exemplars {
			t.Errorf("no exemplar: %s", what)
		}
		for _, a := range dashboards[name].Annotations.List {
			marked[a.Name] = marked[a.Name] || m.marks[a.Name] == ""
		}
		for id := range m.traces {
			traces[id] = true
		}
	}
	for name, ok := range marked {
		assert.True(t, ok, "%s are marked in no dashboard", name)
	}
	s.compare(dashboards["jobs"], map[string]string{"job": "recsys_daily"})
	s.compare(dashboards["model"], map[string]string{"model": "recsys"})
	sent := s.sent()
	for id := range traces {
		assert.True(t, sent[id], "the trace %s of an exemplar was not sent", id)
	}
	if *writePictures {
		s.write(dashboards)
	}
}

// compare expects that a collector's own endpoint has an answer where Prometheus has one.
func (s *stage) compare(d *grafana.Dashboard, chosen map[string]string) {
	ctx, w := s.t.Context(), s.window()
	there, err := s.open(ctx, d, w, chosen)
	require.NoError(s.t, err)
	alone := &stage{t: s.t, Prometheus: s.collector}
	here, err := alone.open(ctx, d, w, chosen)
	require.NoError(s.t, err, "%s, asked of the collector", d.Title)
	for _, p := range d.All() {
		for i, answer := range here.answers[p.ID] {
			assert.NoError(s.t, answer.Err, "%s / %s, asked of the collector", d.Title, p.Title)
			assert.False(s.t, answer.Empty() && !there.answers[p.ID][i].Empty(),
				"%s / %s: Prometheus has an answer, and the collector none: %s", d.Title, p.Title, answer.Expr)
		}
	}
}

// telling is what is chosen for the picture of a dashboard.
var telling = map[string]map[string]string{
	"models":  {"model": "claude-sonnet-4-5,detector,fraud,gpt-4o-mini,ranker,reviews"},
	"model":   {"model": "reviews"},
	"fleet":   {"model": "assistant,ranker,reviews"},
	"feature": {"model": "detector", "feature": "sharpness", "segment": "district=harbour"},
}

// excerpts are the pictures of stories: the panels that tell them best.
var excerpts = map[string]struct {
	dashboard string
	chosen    map[string]string
	panels    []string
}{
	"fraud-rollback": {"model", map[string]string{"environment": "production", "model": "fraud", "measure": "fpr"}, []string{
		"Share of the traffic", "Quality, with its interval", "Failed, by type of error", "P50, P95, P99",
	}},
	"sentiment": {"model", map[string]string{"model": "reviews"}, []string{"Share of the traffic", "P50, P95, P99", "Classes", "Verdicts"}},
	"gpu":       {"fleet", map[string]string{"model": "assistant,ranker"}, []string{"GPU use by model", "Quality", "GPU seconds of 1,000 predictions", "Business number"}},
	"drone": {"feature", map[string]string{"model": "detector", "feature": "sharpness", "segment": "district=harbour"}, []string{
		"Verdict", "Score by method, with its threshold", "Distribution", "P10, P50, P90",
	}},
	"recommender": {"jobs", map[string]string{"job": "recsys_daily"}, []string{
		"Rows against the mean of a week", "Checks that stages broke", "Duration of stages", "Alerts over time",
	}},
}

// write writes the pictures of the dashboards and of the stories.
func (s *stage) write(dashboards map[string]*grafana.Dashboard) {
	root, w := processtest.RepoRoot(s.t), s.window()
	save := func(data picture.Data, path ...string) {
		svg, err := picture.Draw(data)
		require.NoError(s.t, err, path)
		file := filepath.Join(append([]string{root}, path...)...)
		require.NoError(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(s.t, os.WriteFile(file, svg, 0o644))
	}
	for name, d := range dashboards {
		v, err := s.open(s.t.Context(), d, w, telling[name])
		require.NoError(s.t, err)
		save(v.data(), "dashboards", "pictures", name+".svg")
	}
	for story, e := range excerpts {
		v, err := s.open(s.t.Context(), dashboards[e.dashboard], w, e.chosen)
		require.NoError(s.t, err)
		data, err := v.data().Excerpt(e.panels...)
		require.NoError(s.t, err)
		save(data, "examples", story, "dashboard.svg")
	}
}
