// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/ruleengine"
	"github.com/otelcol-ml/otelcol-ml/internal/seriestest"
	"github.com/otelcol-ml/otelcol-ml/internal/slo"
	"github.com/otelcol-ml/otelcol-ml/internal/slo/generate"
)

const runbooks = "../docs/runbooks"

var (
	section     = regexp.MustCompile(`(?m)^## (.+)$`)
	promqlBlock = regexp.MustCompile("(?s)```promql\n(.*?)```")
)

// TestRunbooks says that every alert has a page, and every page an alert, with the sections that all
// have, and that the queries on it are of series that there are.
func TestRunbooks(t *testing.T) {
	names := seriestest.Known(t)
	pages := map[string]bool{}
	for _, rule := range readRules(t) {
		if rule.Record != "" {
			names[rule.Record] = seriestest.Series{Metric: rule.Record}
			continue
		}
		pages[rule.Alert+".md"] = true
	}
	for _, alert := range generate.Alerts {
		pages[alert+".md"] = true
	}
	for _, record := range objectives(t) {
		names[record] = seriestest.Series{Metric: record}
	}
	files, err := filepath.Glob(runbooks + "/*.md")
	require.NoError(t, err)
	for _, file := range files {
		if filepath.Base(file) == "README.md" {
			continue
		}
		if !assert.Contains(t, pages, filepath.Base(file), "a page without an alert") {
			continue
		}
		delete(pages, filepath.Base(file))
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		checkPage(t, names, strings.TrimSuffix(filepath.Base(file), ".md"), string(content))
	}
	assert.Empty(t, pages, "alerts without a page")
}

// objectives returns the series of the objectives on the example cards.
func objectives(t *testing.T) (records []string) {
	t.Helper()
	cards, err := catalog.Load("../examples/catalog")
	require.NoError(t, err)
	found, err := slo.FromCards(cards)
	require.NoError(t, err)
	groups, err := slo.RuleGroups(found)
	require.NoError(t, err)
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			records = append(records, r.Record)
		}
	}
	return records
}

func checkPage(t *testing.T, names map[string]seriestest.Series, alert, page string) {
	t.Helper()
	assert.True(t, strings.HasPrefix(page, "# "+alert+"\n"), alert)
	var sections []string
	for _, m := range section.FindAllStringSubmatch(page, -1) {
		sections = append(sections, m[1])
	}
	assert.Equal(t, []string{"Meaning", "Impact", "Diagnosis", "Mitigation"}, sections, alert)
	blocks := promqlBlock.FindAllStringSubmatch(page, -1)
	assert.NotEmpty(t, blocks, "%s: no query", alert)
	for _, block := range blocks {
		for query := range strings.Lines(block[1]) {
			expr, err := ruleengine.Parser().ParseExpr(query)
			if !assert.NoError(t, err, alert) {
				continue
			}
			for _, selector := range selectors(expr) {
				if _, ok := names[selector.Name]; !ok {
					t.Errorf("%s: nothing is called %s: %s", alert, selector.Name, query)
				}
			}
		}
	}
}

// TestLists says that the tables of the two pages that list the alerts have all of them, in order.
func TestLists(t *testing.T) {
	var index, table []string
	for _, rule := range readRules(t) {
		if rule.Alert == "" {
			continue
		}
		index = append(index, fmt.Sprintf("| [%s](%[1]s.md) | %s |", rule.Alert, rule.severity()))
		wait := rule.For.String()
		if rule.For == 0 {
			wait = "-"
		}
		table = append(table, fmt.Sprintf("| `%s` | [%s](runbooks/%[2]s.md) | %s | %s |",
			strings.TrimSuffix(rule.file, ".yaml"), rule.Alert, rule.severity(), wait))
	}
	for file, want := range map[string][]string{runbooks + "/README.md": index, "../docs/rules.md": table} {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.ElementsMatch(t, want, rows(string(content), len(strings.Split(want[0], "|"))-2), file)
	}
}

// TestObjectivesAreListed says that the index has the alerts of objectives, too.
func TestObjectivesAreListed(t *testing.T) {
	content, err := os.ReadFile(runbooks + "/README.md")
	require.NoError(t, err)
	for _, alert := range generate.Alerts {
		assert.Contains(t, string(content), "- ["+alert+"]("+alert+".md): ")
	}
}

// rows are the rows of the tables of a page that have links, as far as the first columns.
func rows(page string, columns int) []string {
	var list []string
	for line := range strings.Lines(page) {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "|") && strings.Contains(line, ".md)") && len(cells) > columns {
			list = append(list, strings.Join(cells[:columns+1], "|")+"|")
		}
	}
	return list
}
