// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
)

// changing returns the bodies of the requests that changed something.
func (n *transport) changing() []string {
	var bodies []string
	for _, one := range n.sent {
		if one.method != http.MethodGet {
			bodies = append(bodies, string(one.body))
		}
	}
	return bodies
}

// TestIncidentText sees that a ticket has what a person needs: what has happened, the numbers, what was done, the waterfall and links.
func TestIncidentText(t *testing.T) {
	for _, name := range []string{"gitea_issue", "github_issue", "jira_cloud", "jira_server", "servicenow", "pagerduty"} {
		inBubble(t, name, func(t *testing.T) {
			p := only(name)
			n := p.network(t, p.server())
			result, _ := n.run(p, "do", nil, false)
			require.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
			text := strings.Join(n.changing(), "\n")
			for _, want := range []string{
				"fraud 7: false positives", "SLOBreach", "0.031", "0.027", "0.036", "0.02", "4200", "production", "team-risk", "completed",
				"feature store", key, "0af7651916cd43dd8448eb211c80319c",
			} {
				assert.Contains(t, text, want)
			}
			if name != "servicenow" { // whose texts have no links
				assert.Contains(t, text, "https://jaeger.example.com/trace/0af7")
				assert.Contains(t, text, "https://grafana.example.com/d/fraud")
				assert.Contains(t, text, "https://example.com/runbook")
			}
		})
	}
}

// TestTextIsNoMarkup sees that what telemetry says stands in blocks of code.
func TestTextIsNoMarkup(t *testing.T) {
	for _, name := range []string{"gitea_issue", "github_issue"} {
		inBubble(t, name, func(t *testing.T) {
			p := only(name)
			s := p.server()
			n := p.network(t, s)
			n.run(p, "do", nil, false)
			var text string
			for _, body := range n.changing() {
				var issue struct{ Body string }
				if json.Unmarshal([]byte(body), &issue) == nil && issue.Body != "" {
					text = issue.Body
				}
			}
			require.NotEmpty(t, text)
			for line := range strings.Lines(text) {
				if strings.ContainsAny(line, "@`<|") && !strings.HasPrefix(line, "    ") {
					assert.Equal(t, "<!-- otelcol-ml:"+key+" -->\n", line)
				}
			}
		})
	}
}

// TestLongTexts sees that nothing is longer than a system takes, whatever the alert says.
func TestLongTexts(t *testing.T) {
	for i := range presets {
		p := &presets[i]
		inBubble(t, p.name, func(t *testing.T) {
			n := p.network(t, p.server())
			alert := n.facts["alert"].(map[string]any)
			alert["summary"] = strings.Repeat("ä long summary & ", 10_000)
			alert["annotations"].(map[string]any)["description"] = strings.Repeat("ö", 100_000)
			n.facts["evidence"].(map[string]any)["waterfall"] = strings.Repeat("ü waterfall\n", 60_000)
			result, _ := n.run(p, "do", nil, false)
			assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
			assert.Empty(t, result.Notes)
		})
	}
}

// TestSparse sees that an alert without anything that may be missing is told, too.
func TestSparse(t *testing.T) {
	for i := range presets {
		p := &presets[i]
		if p.name == "mlflow_alias" || p.contracts[0] == "kubernetes" { // what is rolled back has a model
			continue
		}
		inBubble(t, p.name, func(t *testing.T) {
			n := p.network(t, p.server())
			alert := n.facts["alert"].(map[string]any)
			for _, name := range []string{"severity", "trace_id", "span_id", "trace_url", "fingerprint"} {
				alert[name] = ""
			}
			alert["labels"], alert["annotations"] = map[string]any{}, map[string]any{}
			for name := range n.facts["model"].(map[string]any) {
				n.facts["model"].(map[string]any)[name] = ""
			}
			n.facts["model"].(map[string]any)["attributes"] = map[string]any{}
			n.facts["target"] = map[string]any{"from": "", "to": "", "why": ""}
			n.facts["actions"] = []any{}
			n.facts["evidence"] = map[string]any{"waterfall": "", "note": "", "trace_ids": []any{}, "links": []any{}}
			result, _ := n.run(p, "do", nil, false)
			assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
		})
	}
}

// TestWithoutNews sees that an incident is closed where there is nothing to say.
func TestWithoutNews(t *testing.T) {
	for i := range presets {
		p := &presets[i]
		if len(phases(t, p.name)) == 1 {
			continue
		}
		inBubble(t, p.name, func(t *testing.T) {
			s := p.server()
			n := p.network(t, s)
			first, _ := n.run(p, "do", nil, false)
			before := s.state()
			n.silent = true
			result, _ := n.run(p, "resolve", first.Output, false)
			assert.Equal(t, procedure.Completed, result.Outcome, "%+v", result)
			assert.NotEqual(t, before, s.state())
		})
	}
}

// TestFileOnBranch sees that GitHub has one file with the traces, which the issue links to, and that an issue is opened without it, too.
func TestFileOnBranch(t *testing.T) {
	const name = "otelcol-ml/" + key + ".json.gz"
	const link = "[traces](https://github.com/ml/incidents/blob/traces/" + name + ")"
	there := map[string][]byte{name: []byte(traces)}
	for _, test := range []struct {
		name    string
		server  github
		branch  string
		files   map[string][]byte
		puts    int
		link    bool
		outcome procedure.Outcome
		note    string
	}{
		{"none yet", github{files: map[string][]byte{}}, "traces", there, 1, true, procedure.Completed, ""},
		{"there already", github{files: there}, "traces", there, 0, true, procedure.Completed, ""},
		{"there, and seen late", github{files: there, lagging: 1}, "traces", there, 1, true, procedure.Completed, ""},
		{"refused, and not there", github{files: there, lagging: 2}, "traces", there, 1, false, procedure.Completed, "uploaded: answered 404"},
		{"no such branch", github{files: map[string][]byte{}}, "none", map[string][]byte{}, 1, false, procedure.Completed, "upload: answered 404"},
		{"no branch", github{files: map[string][]byte{}}, "", map[string][]byte{}, 0, false, procedure.Completed, ""},
	} {
		inBubble(t, test.name, func(t *testing.T) {
			p := *only("github_issue")
			p.with = map[string]any{"owner": "ml", "repository": "incidents", "branch": test.branch}
			s := &test.server
			n := p.network(t, s)
			result, _ := n.run(&p, "do", nil, false)
			assert.Equal(t, test.outcome, result.Outcome, "%+v", result)
			assert.Equal(t, test.files, s.files)
			require.Len(t, s.issues, 1)
			assert.Equal(t, test.link, strings.Contains(s.issues[0].text, link), s.issues[0].text)
			assert.Equal(t, test.puts, n.count["do/upload"])
			if test.note == "" {
				assert.Empty(t, result.Notes)
			} else {
				require.Len(t, result.Notes, 1)
				assert.Contains(t, result.Notes[0], test.note)
			}
		})
	}
}

// TestContractsRefuse sees that the contracts refuse what the systems would.
func TestContractsRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		contract, method, url, body, want string
		header                            map[string]string
	}{
		"labels by name":      {"gitea", "POST", "/api/v1/repos/o/r/issues", `{"title": "x", "labels": ["bug"]}`, "must be an integer", nil},
		"no title":            {"gitea", "POST", "/api/v1/repos/o/r/issues", `{"body": "x"}`, `"title" is missing`, nil},
		"another parameter":   {"gitea", "GET", "/api/v1/repos/o/r/issues?label=x", "", `no parameter "label"`, nil},
		"another path":        {"github", "GET", "/repos/o/r/issue", "", "no matching operation", nil},
		"a file of nothing":   {"github", "PUT", "/repos/o/r/contents/folder/file", `{"message": "x"}`, `"content" is missing`, nil},
		"another state":       {"github", "PATCH", "/repos/o/r/issues/1", `{"state": "done"}`, "not one of the allowed values", nil},
		"a version as number": {"mlflow", "POST", "/api/2.0/mlflow/registered-models/alias", `{"name": "m", "alias": "a", "version": 6}`, "must be a string", nil},
		"an unknown key":      {"airflow_v2", "POST", "/api/v2/dags/d/dagRuns", `{"logical_date": null, "run_id": "x"}`, "unsupported", nil},
		"a long summary": {
			"pagerduty", "POST", "/v2/enqueue",
			`{"routing_key": "k", "event_action": "trigger", "payload": {"severity": "error", "source": "x", "summary": "` + strings.Repeat("x", 1025) + `"}}`,
			"maximum string length is 1024", nil,
		},
		"no token of Atlassian": {"jira_cloud", "POST", "/rest/api/3/issue/X-1/attachments", "", "X-Atlassian-Token", nil},
		"a patch that is none": {
			"kubernetes", "PATCH", "/apis/argoproj.io/v1alpha1/namespaces/n/rollouts/r", `[{"op": "set", "path": "/spec"}]`,
			"not one of the allowed values",
			map[string]string{"Content-Type": "application/json-patch+json"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.url, bytes.NewReader([]byte(test.body)))
			if test.body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			_, err := load(t, test.contract).request(r, []byte(test.body))
			require.ErrorContains(t, err, test.want)
		})
	}
}
