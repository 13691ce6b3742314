// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package dashboards

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// names are the dashboards there are.
var names = []string{"models", "model", "feature", "jobs", "generative", "fleet", "collector"}

// folder has the dashboards.
func folder(t *testing.T) string {
	t.Helper()
	return filepath.Join(processtest.RepoRoot(t), "dashboards")
}

// boards reads all dashboards, by their uid.
func boards(t *testing.T) map[string]*grafana.Dashboard {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder(t), "*.json"))
	require.NoError(t, err)
	require.Len(t, files, len(names))
	all := map[string]*grafana.Dashboard{}
	for _, name := range names {
		d, err := grafana.Read(filepath.Join(folder(t), name+".json"))
		require.NoError(t, err)
		require.Equal(t, "otelcol-ml-"+name, d.UID)
		all[d.UID] = d
	}
	return all
}

func TestPanelsAreExplained(t *testing.T) {
	for uid, d := range boards(t) {
		assert.NotEmpty(t, d.Title, uid)
		assert.NotEmpty(t, d.Description, uid)
		titles := map[string]bool{}
		for _, p := range d.All() {
			where := uid + ", " + p.Title
			assert.NotEmpty(t, p.Title, "%s: a panel without a title", uid)
			assert.False(t, titles[p.Title], "%s: two panels of one title", where)
			titles[p.Title] = true
			assert.Greater(t, len(p.Description), 30, "%s: what does it show, and what is to be done when it is bad?", where)
			assert.NotEmpty(t, p.FieldConfig.Defaults["unit"], "%s: no unit", where)
			assert.NotEmpty(t, p.Targets, "%s: no query", where)
			for _, q := range p.Targets {
				assert.NotEmpty(t, q.LegendFormat, "%s: %s has no legend", where, q.RefID)
			}
		}
	}
}

// Whoever has several data sources chooses one above: no panel, query, variable or annotation has its own.
func TestDataSourceIsAVariable(t *testing.T) {
	const chosen = "${datasource}"
	for uid, d := range boards(t) {
		require.Equal(t, "datasource", d.Templating.List[0].Type, uid)
		require.Equal(t, "prometheus", string(d.Templating.List[0].Query), uid)
		check := func(where string, source *grafana.Datasource) {
			if assert.NotNil(t, source, where) {
				assert.Equal(t, grafana.Datasource{Type: "prometheus", UID: chosen}, *source, where)
			}
		}
		for _, p := range d.All() {
			check(uid+", "+p.Title, p.Datasource)
			for _, q := range p.Targets {
				check(uid+", "+p.Title+", "+q.RefID, q.Datasource)
			}
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				check(uid+", $"+v.Name, v.Datasource)
			}
		}
		for _, a := range d.Annotations.List {
			check(uid+", "+a.Name, a.Datasource)
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	for uid, d := range boards(t) {
		taken := map[[2]int]string{}
		ids := map[int]bool{}
		for _, p := range d.Panels {
			assert.False(t, ids[p.ID], "%s: two panels with the id %d", uid, p.ID)
			ids[p.ID] = true
			assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, "%s, %s", uid, p.Title)
			assert.Positive(t, p.GridPos.H, "%s, %s", uid, p.Title)
			for x := range p.GridPos.W {
				for y := range p.GridPos.H {
					cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
					if other, ok := taken[cell]; ok {
						t.Fatalf("%s: %s lies on %s", uid, p.Title, other)
					}
					taken[cell] = p.Title
				}
			}
		}
	}
}

func variable(d *grafana.Dashboard, name string) *grafana.Variable {
	i := slices.IndexFunc(d.Templating.List, func(v grafana.Variable) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Templating.List[i]
}

var (
	kept    = regexp.MustCompile(`\$\{(\w+):queryparam\}`)
	ofCell  = regexp.MustCompile(`\$\{__data\.fields\["([^"]+)"\]\}`)
	ofLabel = regexp.MustCompile(`\$\{__field\.labels\.(\w+)\}`)
	plain   = regexp.MustCompile(`\$\{(\w+)\}`)
)

// links are those of the panel and of its values, also of single fields.
func links(p *grafana.Panel) []string {
	var all []string
	for _, l := range p.Links {
		all = append(all, l.URL)
	}
	list, _ := p.FieldConfig.Defaults["links"].([]any)
	for _, l := range list {
		all = append(all, l.(map[string]any)["url"].(string))
	}
	return all
}

// A link leads to a dashboard that is there, and gives it variables that it has, of variables, labels
// and columns that are there.
func TestLinksLeadSomewhere(t *testing.T) {
	all := boards(t)
	found := 0
	for uid, d := range all {
		for _, p := range d.All() {
			for _, link := range links(&p) {
				found++
				where := uid + ", " + p.Title + ": " + link
				for _, m := range plain.FindAllStringSubmatch(link, -1) {
					assert.True(t, strings.HasPrefix(m[1], "__") || variable(d, m[1]) != nil, "%s: no variable %s here", where, m[1])
				}
				for _, m := range ofLabel.FindAllStringSubmatch(link, -1) {
					assert.Contains(t, labels(&p), m[1], where)
				}
				for _, m := range ofCell.FindAllStringSubmatch(link, -1) {
					assert.Contains(t, cells(&p), m[1], where)
				}
				if strings.HasPrefix(link, "${jaeger}/search?") {
					continue
				}
				path, parameters, _ := strings.Cut(link, "?")
				to := all[strings.TrimPrefix(path, "/d/")]
				if !assert.NotNil(t, to, "%s leads nowhere", where) {
					continue
				}
				for _, m := range kept.FindAllStringSubmatch(parameters, -1) {
					assert.NotNil(t, variable(d, m[1]), "%s: no variable %s here", where, m[1])
					assert.NotNil(t, variable(to, m[1]), "%s: no variable %s there", where, m[1])
				}
				for parameter := range strings.SplitSeq(parameters, "&") {
					if name, ok := strings.CutPrefix(parameter, "var-"); ok {
						name, _, _ = strings.Cut(name, "=")
						assert.NotNil(t, variable(to, name), "%s: no variable %s there", where, name)
					}
				}
			}
		}
	}
	assert.Greater(t, found, 40)
}

// labels are the labels that are said in the panel's legends: those that its series have.
func labels(p *grafana.Panel) []string {
	var said []string
	for _, q := range p.Targets {
		for _, m := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(q.LegendFormat, -1) {
			said = append(said, m[1])
		}
	}
	return said
}

// cells are the titles of a table's columns.
func cells(p *grafana.Panel) []string {
	var titles []string
	for _, transformation := range p.Transformations {
		renamed, _ := transformation.Options["renameByName"].(map[string]any)
		for _, title := range renamed {
			titles = append(titles, title.(string))
		}
	}
	return titles
}

// What Jaeger's page is asked is what its page can read: a JSON object of tags, times in microseconds.
func TestLinksToJaegerCanBeRead(t *testing.T) {
	found := 0
	for uid, d := range boards(t) {
		for _, p := range d.All() {
			for _, link := range links(&p) {
				if !strings.HasPrefix(link, "${jaeger}/search?") {
					continue
				}
				found++
				filled := strings.NewReplacer("${__from}", "1795391990000", "${__to}", "1795391999000").Replace(link)
				filled = ofCell.ReplaceAllString(ofLabel.ReplaceAllString(filled, "a"), "b")
				filled = plain.ReplaceAllString(filled, "c")
				u, err := url.Parse("http://" + filled)
				require.NoError(t, err, link)
				var tags map[string]string
				require.NoError(t, json.Unmarshal([]byte(u.Query().Get("tags")), &tags), "%s, %s: %s", uid, p.Title, link)
				assert.NotEmpty(t, tags["ml.model.name"], "%s, %s: %s", uid, p.Title, link)
				assert.Equal(t, "1795391990000000", u.Query().Get("start"))
				assert.NotEmpty(t, u.Query().Get("service"))
			}
		}
	}
	assert.Positive(t, found)
}

// camelCase are the names of alerts in texts.
var camelCase = regexp.MustCompile(`\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b`)

// An alert that a description names is one of the shipped rules, or of ml_job.
func TestAlertsExist(t *testing.T) {
	root := processtest.RepoRoot(t)
	ofJobs, err := os.ReadFile(filepath.Join(root, "connector", "mljobconnector", "README.md"))
	require.NoError(t, err)
	found := 0
	for uid, d := range boards(t) {
		for _, p := range d.All() {
			for _, name := range camelCase.FindAllString(p.Description, -1) {
				found++
				if !strings.Contains(string(ofJobs), "`"+name+"`") {
					assert.FileExists(t, filepath.Join(root, "docs", "runbooks", name+".md"), "%s, %s", uid, p.Title)
				}
			}
		}
	}
	assert.Greater(t, found, 20)
}
