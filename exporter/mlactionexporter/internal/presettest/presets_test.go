// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
)

// TestEachPresetIsHere fails for a preset that nothing carries out.
func TestEachPresetIsHere(t *testing.T) {
	var here []string
	for _, p := range presets {
		here = append(here, p.name)
	}
	for _, name := range action.Presets() {
		assert.Contains(t, here, name)
	}
}

// lifecycle carries out all phases; the fault happens in one of them. It returns the results and the steps that were journaled.
func lifecycle(t *testing.T, p *preset, n *transport, faulty string) (map[string]procedure.Result, map[string][]string) {
	results, steps := map[string]procedure.Result{}, map[string][]string{}
	fault := n.fault
	var opened map[string]map[string]any
	for _, phase := range phases(t, p.name) {
		n.fault = nil
		if phase == faulty {
			n.fault = fault
		}
		result, j := n.run(p, phase, opened, false)
		results[phase], steps[phase] = result, j.steps
		if phase == "do" {
			opened = result.Output
		}
		if phase == faulty && result.Outcome != procedure.Completed {
			break
		}
	}
	return results, steps
}

// TestPresets carries each preset out without a fault, and then with each fault at each request that changes something.
func TestPresets(t *testing.T) {
	for i := range presets {
		p := &presets[i]
		t.Run(p.name, func(t *testing.T) {
			want := map[string]string{} // the state after each phase
			var steps map[string][]string
			inBubble(t, "success", func(t *testing.T) {
				s := p.server()
				n := p.network(t, s)
				before := s.state()
				steps = map[string][]string{}
				var opened map[string]map[string]any
				for _, phase := range phases(t, p.name) {
					result, j := n.run(p, phase, opened, false)
					require.Equal(t, procedure.Completed, result.Outcome, "%s: %+v", phase, result)
					assert.Empty(t, result.Notes)
					if phase == "do" {
						opened = result.Output
					}
					steps[phase], want[phase] = j.steps, s.state()
					require.NotEqual(t, before, s.state(), "%s has no effect", phase)
					before = s.state()
				}
			})
			for _, phase := range phases(t, p.name) {
				for _, at := range steps[phase] {
					for _, f := range faults {
						inBubble(t, phase+"/"+at+"/"+f.name, func(t *testing.T) { testFault(t, p, phase, at, f, want) })
					}
				}
			}
			inBubble(t, "again", func(t *testing.T) { testAgain(t, p, want["do"]) })
			inBubble(t, "dry run", func(t *testing.T) { testDryRun(t, p) })
			if p.stuck != nil {
				inBubble(t, "wrong verification", func(t *testing.T) {
					n := p.network(t, p.stuck())
					result, _ := n.run(p, "do", nil, false)
					assert.Equal(t, procedure.Broken, result.Outcome, "%+v", result)
					assert.Contains(t, result.Reason, "still not")
				})
			}
		})
	}
}

func testFault(t *testing.T, p *preset, phase, at string, f fault, want map[string]string) {
	s := p.server()
	n := p.network(t, s)
	n.fault, n.at = &f, at
	results, _ := lifecycle(t, p, n, phase)
	result := results[phase]
	all := phases(t, p.name)
	final := want[all[len(all)-1]]
	it := step(t, p.name, phase, at)
	require.Positive(t, n.fired)
	switch {
	case f.status == 403 && !it.Optional:
		assert.Equal(t, procedure.Broken, result.Outcome, "%+v", result)
		assert.Contains(t, result.Reason, "403")
		assert.Equal(t, at, result.Step)
		assert.Equal(t, 403, n.sent[len(n.sent)-1].status, "something follows")
		assert.NotEqual(t, want[phase], s.state())
	case f.status == 403:
		assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
		assert.NotEmpty(t, result.Notes)
	case it.Repeat == action.Never && f.status != 429:
		// It is not sent again; whether it had its effect is for a person to see.
		assert.Equal(t, 1, n.count[phase+"/"+at])
		if it.Optional {
			assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
			assert.NotEmpty(t, result.Notes)
		} else {
			assert.Equal(t, procedure.Unknown, result.Outcome, "%+v", result)
		}
	default:
		assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
		assert.Equal(t, final, s.state())
		if f.status == 429 {
			assert.True(t, waited(n, 7*time.Second))
		}
	}
}

// waited reports whether the attempt after the one that was answered 429 came so much later.
func waited(n *transport, d time.Duration) bool {
	for i, s := range n.sent {
		if s.status == 429 && i+1 < len(n.sent) {
			return n.sent[i+1].at.Sub(s.at) >= d
		}
	}
	return false
}

// testAgain carries a preset out twice without what the journal knows: the system itself says that it was done.
func testAgain(t *testing.T, p *preset, want string) {
	s := p.server()
	n := p.network(t, s)
	first, _ := n.run(p, "do", nil, false)
	require.Equal(t, procedure.Completed, first.Outcome, "%+v", first)
	if p.name == "slack" { // which has no key
		return
	}
	time.Sleep(5 * time.Second) // until an index has followed
	second, _ := n.run(p, "do", nil, false)
	assert.Contains(t, []procedure.Outcome{procedure.Completed, procedure.Already}, second.Outcome, "%+v", second)
	assert.Equal(t, want, s.state())
}

// testDryRun sees that nothing is changed, and that it is said what would be.
func testDryRun(t *testing.T, p *preset) {
	s := p.server()
	before := s.state()
	n := p.network(t, s)
	result, j := n.run(p, "do", nil, true)
	assert.Equal(t, procedure.Tried, result.Outcome, "%+v", result)
	assert.NotEmpty(t, result.Would)
	assert.Empty(t, j.steps)
	assert.Equal(t, before, s.state())
	for _, one := range n.sent {
		switch {
		case one.method == http.MethodGet || one.path == "/auth/token":
		case p.name == "argo_workflows":
			assert.Contains(t, string(one.body), `"serverDryRun":true`)
		default:
			assert.Equal(t, "All", one.query.Get("dryRun"), "%s %s", one.method, one.path)
		}
	}
	if p.contracts[0] == "kubernetes" || p.name == "argo_workflows" {
		require.NotEmpty(t, n.sent)
		assert.NotEqual(t, http.MethodGet, n.sent[len(n.sent)-1].method, "the server was not asked")
	}
	for _, line := range result.Would {
		assert.NotContains(t, line, base64.StdEncoding.EncodeToString([]byte(traces)))
	}
}
