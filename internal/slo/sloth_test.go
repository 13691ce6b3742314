// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// slothVersion is the version of Sloth that the generated rules are compared with.
const slothVersion = "github.com/slok/sloth@v0.16.0"

// slothExamples is the folder of Sloth's examples in the module cache, into which they are fetched.
func slothExamples(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skip("go is needed to find the module cache: ", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(slothVersion), "examples")
	if _, err := os.Stat(dir); err != nil {
		fetch := exec.CommandContext(t.Context(), "go", "mod", "download", slothVersion)
		fetch.Dir = t.TempDir() // it is no module that this one needs
		if out, err := fetch.CombinedOutput(); err != nil {
			t.Skipf("Sloth's examples cannot be fetched: %v: %s", err, out)
		}
	}
	return dir
}

// slothGroups reads what Sloth has generated: rule files, or resources of Kubernetes with rules.
func slothGroups(t *testing.T, path string) *rulefmt.RuleGroups {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	groups := &rulefmt.RuleGroups{}
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var doc struct {
			Groups []rulefmt.RuleGroup `yaml:"groups"`
			Spec   rulefmt.RuleGroups  `yaml:"spec"`
		}
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return groups
		}
		require.NoError(t, err)
		groups.Groups = append(groups.Groups, append(doc.Groups, doc.Spec.Groups...)...)
	}
}

// traffic is a minute of all that Sloth's examples measure, of which a share is bad.
func traffic(w *world, bad float64) {
	w.count(map[string]float64{
		`http_request_duration_seconds_count{job="myservice",code="200"}`:  600 * (1 - bad),
		`http_request_duration_seconds_count{job="myservice",code="500"}`:  600 * bad,
		`http_request_duration_seconds_count{job="myservice2",code="200"}`: 300 * (1 - bad/2),
		`http_request_duration_seconds_count{job="myservice2",code="429"}`: 300 * bad / 2,
		`http_request_duration_seconds_count{job="myapp",code="200"}`:      90 * (1 - bad),
		`http_request_duration_seconds_count{job="myapp",code="503"}`:      90 * bad,
		`apiserver_request_total{code="200"}`:                              1000 * (1 - bad),
		`apiserver_request_total{code="500"}`:                              1000 * bad,
		`apiserver_request_duration_seconds_count{verb="GET"}`:             1000,
		`apiserver_request_duration_seconds_bucket{verb="GET",le="0.4"}`:   1000 * (1 - 2*bad),
		`apiserver_request_duration_seconds_bucket{verb="GET",le="5"}`:     1000 * (1 - bad/4),
		`apiserver_request_duration_seconds_bucket{verb="GET",le="+Inf"}`:  1000,
		`apiserver_request_duration_seconds_count{verb="WATCH"}`:           10,
		`apiserver_request_duration_seconds_bucket{verb="WATCH",le="0.4"}`: 1,
		`apiserver_request_duration_seconds_bucket{verb="WATCH",le="5"}`:   1,
	})
	signal := map[string]float64{}
	for i := range 20 {
		v := 0.9
		if float64(i) < 20*bad {
			v = 0.4
		}
		signal[fmt.Sprintf(`unifipoller_client_satisfaction_ratio{client="%d"}`, i)] = v
	}
	w.set(signal)
}

// TestSloth evaluates the rules that Sloth has generated for its examples beside ours for the same
// files, on the same data: the error ratio of each window and the alerts must be the same at each
// time.
func TestSloth(t *testing.T) {
	dir := slothExamples(t)
	compared := 0
	for _, name := range []string{
		"getting-started.yml", "home-wifi.yml", "raw-home-wifi.yml", "multifile.yml", "no-alerts.yml", "kubernetes-apiserver.yml",
		"k8s-getting-started.yml", "k8s-home-wifi.yml", "k8s-multifile.yml",
	} {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			slos, err := parse(name, content)
			require.NoError(t, err)
			both := slothGroups(t, filepath.Join(dir, "_gen", name))
			both.Groups = append(both.Groups, generated(t, slos).Groups...)
			w := newWorld(t, both)
			fired := map[string]bool{}
			for ; w.now.Sub(began) <= 5*time.Hour; w.now = w.now.Add(time.Minute) {
				traffic(w, badShare(w.now.Sub(began)))
				if w.now.Sub(began)%(5*time.Minute) != 0 {
					continue
				}
				w.eval()
				compared += compareRatios(t, w)
				theirs, ours := slothAlerts(w)
				assert.Equal(t, theirs, ours, "alerts at %s", w.now.Sub(began))
				for _, name := range ours {
					fired[name] = true
				}
			}
			t.Log("alerts that fired: ", fired)
			assert.Equal(t, name != "no-alerts.yml", len(fired) > 0)
		})
	}
	t.Log("error ratios compared: ", compared)
	assert.Greater(t, compared, 1000)
}

// badShare is the share of bad events at a time: none, a little, much, none.
func badShare(at time.Duration) float64 {
	switch {
	case at < time.Hour:
		return 0
	case at < 2*time.Hour:
		return 0.01
	case at < 3*time.Hour:
		return 0.9
	}
	return 0
}

// compareRatios compares the error ratios of all windows but the period, which Sloth averages over
// ratios. It returns how many there were.
func compareRatios(t *testing.T, w *world) int {
	read := func(prefix string) map[string]float64 {
		out := map[string]float64{}
		for key, v := range w.vector(`{__name__=~"slo:sli_error:ratio_rate.*",` + prefix + `_service!=""}`) {
			if window := key.Get(prefix + "_window"); window != "30d" && !math.IsNaN(v) {
				name := prefix + "_slo"
				if prefix == "slo" {
					name = "slo_name"
				}
				out[key.Get(prefix+"_service")+" "+key.Get(name)+" "+window] = math.Round(v*1e9) / 1e9
			}
		}
		return out
	}
	theirs, ours := read("sloth"), read("slo")
	assert.Equal(t, theirs, ours, "error ratios at %s", w.now.Sub(began))
	return len(ours)
}

// slothAlerts are the alerts that fire by Sloth's rules and by ours. Ours have more that Sloth's have
// no like of.
func slothAlerts(w *world) (theirs, ours []string) {
	theirs, ours = []string{}, []string{}
	for _, a := range w.alerts() {
		name := a.Labels.Get("alertname")
		if severity := a.Labels.Get("sloth_severity"); severity != "" {
			theirs = append(theirs, name+" "+severity+" "+a.Labels.Get("severity"))
		} else if severity := a.Labels.Get("slo_alert"); severity != "" {
			ours = append(ours, name+" "+severity+" "+a.Labels.Get("severity"))
		}
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	return theirs, ours
}
