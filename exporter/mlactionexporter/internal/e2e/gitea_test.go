// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/procedure"
	"github.com/otelcol-ml/otelcol-ml/internal/servertest"
)

// An incident is one issue, with the traces attached, however often it is opened; it is told what
// has happened since, once, and closed.
func TestGiteaIssue(t *testing.T) {
	g := servertest.StartGitea(t, "")
	to := target{endpoint: g.URL, token: g.Token}
	run := func(options ...option) *procedure.Result {
		return to.carryOut(t, "gitea_issue", append([]option{with("owner", g.Owner), with("repository", g.Repository)}, options...)...)
	}
	result := run(dryRun)
	require.Equal(t, procedure.Tried, result.Outcome, result.Reason)
	require.Empty(t, g.Issues())

	opened := run()
	require.Equal(t, procedure.Completed, opened.Outcome, opened.Reason)
	assert.Empty(t, opened.Notes)
	issues := g.Issues()
	require.Len(t, issues, 1)
	issue := issues[0]
	assert.Equal(t, "open", issue.State)
	assert.Equal(t, "fraud 2 calls 3.1 % of good payments fraud, 1 % is promised", issue.Title)
	assert.Contains(t, issue.Body, "model.predict 790ms")
	require.Len(t, issue.Labels, 1)
	assert.Equal(t, "otelcol-ml-"+key, issue.Labels[0].Name)
	require.Len(t, issue.Assets, 1)
	assert.Equal(t, "traces.json.gz", issue.Assets[0].Name)
	assert.Equal(t, traces, g.Download(issue.Assets[0].URL))

	result = run()
	require.Equal(t, procedure.Already, result.Outcome, result.Reason)
	require.Len(t, g.Issues(), 1)
	require.Len(t, g.Issues()[0].Assets, 1)

	for range 2 {
		result = run(update(opened, "The rollback to version 1 is done."))
		require.Contains(t, []procedure.Outcome{procedure.Completed, procedure.Already}, result.Outcome, result.Reason)
	}
	assert.Equal(t, []string{"The rollback to version 1 is done."}, g.Comments(issue.Number))

	for range 2 {
		result = run(resolve(opened, "The alert has been over for 15 minutes."))
		require.Contains(t, []procedure.Outcome{procedure.Completed, procedure.Already}, result.Outcome, result.Reason)
	}
	assert.Equal(t, []string{"The rollback to version 1 is done.", "The alert has been over for 15 minutes."}, g.Comments(issue.Number))
	assert.Equal(t, "closed", g.Issues()[0].State)

	result = run()
	require.Equal(t, procedure.Already, result.Outcome, result.Reason)
	assert.Len(t, g.Issues(), 1, "a closed one of the same breach is not opened again")
}

// A Gitea that does not take the type of the attachment has the issue without it, and that is said.
func TestGiteaWithoutAttachments(t *testing.T) {
	g := servertest.StartGitea(t, "[attachment]\nALLOWED_TYPES = .png")
	to := target{endpoint: g.URL, token: g.Token}
	result := to.carryOut(t, "gitea_issue", with("owner", g.Owner), with("repository", g.Repository))
	require.Equal(t, procedure.Completed, result.Outcome, result.Reason)
	require.Len(t, result.Notes, 1)
	assert.Contains(t, result.Notes[0], "422")
	require.Len(t, g.Issues(), 1)
	assert.Empty(t, g.Issues()[0].Assets)

	to.token = "wrong"
	result = to.carryOut(t, "gitea_issue", with("owner", g.Owner), with("repository", "other"))
	require.Equal(t, procedure.Broken, result.Outcome, result.Reason)
	assert.Contains(t, result.Reason, "401")
}
