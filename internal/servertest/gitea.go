// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package servertest

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
)

// giteaConfig is an app.ini, with all that Gitea does by default but for what needs a network.
const giteaConfig = `APP_NAME = test
RUN_MODE = prod
WORK_PATH = %[1]s
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %[3]d
ROOT_URL = http://127.0.0.1:%[3]d/
STATIC_ROOT_PATH = %[2]s
APP_DATA_PATH = %[1]s/data
DISABLE_SSH = true
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
PATH = %[1]s/gitea.db

[repository]
ROOT = %[1]s/repositories

[security]
INSTALL_LOCK = true
SECRET_KEY = not-secret-in-a-test

[log]
MODE = console
LEVEL = Warn

[session]
PROVIDER = memory

[cron]
ENABLED = false

[indexer]
ISSUE_INDEXER_TYPE = db

%[4]s
`

// Gitea is a running Gitea with one repository.
type Gitea struct {
	t testing.TB
	// URL has no slash at its end.
	URL string
	// Owner and Repository name the repository.
	Owner, Repository string
	// Token is of an account that may write to the repository; of its scopes it has write:issue
	// alone.
	Token string
	admin client
}

// GiteaIssue is an issue as Gitea shows it.
type GiteaIssue struct {
	Number int64
	Title  string
	Body   string
	State  string
	Labels []struct{ Name string }
	Assets []struct {
		Name string
		Size int64
		URL  string `json:"browser_download_url"`
	}
}

// StartGitea starts a Gitea, with further lines of app.ini.
func StartGitea(t testing.TB, more string) *Gitea {
	t.Helper()
	dir, port := t.TempDir(), processtest.FreePort(t)
	binary := Tool(t, "gitea")
	config := filepath.Join(dir, "app.ini")
	content := fmt.Sprintf(giteaConfig, dir, moduleDir(t, "gitea", "code.gitea.io/gitea"), port, more)
	require.NoError(t, os.WriteFile(config, []byte(content), 0o600))

	g := &Gitea{t: t, URL: fmt.Sprintf("http://127.0.0.1:%d", port), Owner: "ml", Repository: "incidents"}
	start(t, dir, binary, "--config", config, "web")
	processtest.WaitFor(t, patience, g.URL, func() bool {
		status, _ := processtest.Get(g.URL + "/api/v1/version")
		return status == http.StatusOK
	})
	printed := strings.Fields(run(
		t, dir, binary, "--config", config, "admin", "user", "create", "--admin", "--username", g.Owner, "--email", "ml@example.com",
		"--random-password", "--must-change-password=false", "--access-token", "--access-token-scopes", "all",
	))
	g.admin = client{url: g.URL, authorization: "token " + printed[len(printed)-1], http: http.DefaultClient}
	g.addCollector()
	g.admin.call(t, http.MethodPost, "/api/v1/user/repos", map[string]any{"name": g.Repository, "private": true}, nil)
	g.admin.call(t, http.MethodPut, g.path("/collaborators/collector"), map[string]any{"permission": "write"}, nil)
	return g
}

// addCollector makes the account that Token is of.
func (g *Gitea) addCollector() {
	g.t.Helper()
	const name, password = "collector", "not-secret-in-a-test"
	g.admin.call(g.t, http.MethodPost, "/api/v1/admin/users", map[string]any{
		"username": name, "email": name + "@example.com", "password": password, "must_change_password": false,
	}, nil)
	basic := client{url: g.URL, authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password)), http: http.DefaultClient}
	var token struct {
		Text string `json:"sha1"`
	}
	basic.call(g.t, http.MethodPost, "/api/v1/users/"+name+"/tokens", map[string]any{"name": "test", "scopes": []string{"write:issue"}}, &token)
	g.Token = token.Text
}

func (g *Gitea) path(rest string) string {
	return "/api/v1/repos/" + g.Owner + "/" + g.Repository + rest
}

// Issues returns all issues, open and closed.
func (g *Gitea) Issues() (issues []GiteaIssue) {
	g.t.Helper()
	g.admin.call(g.t, http.MethodGet, g.path("/issues?state=all&type=issues"), nil, &issues)
	return issues
}

// Comments returns the texts of an issue's comments.
func (g *Gitea) Comments(number int64) (texts []string) {
	g.t.Helper()
	var comments []struct{ Body string }
	g.admin.call(g.t, http.MethodGet, g.path(fmt.Sprintf("/issues/%d/comments", number)), nil, &comments)
	for _, comment := range comments {
		texts = append(texts, comment.Body)
	}
	return texts
}

// Download returns the content of an attachment.
func (g *Gitea) Download(url string) []byte {
	g.t.Helper()
	status, content := (&client{authorization: g.admin.authorization, http: g.admin.http}).send(context.WithoutCancel(g.t.Context()), http.MethodGet, url, "", nil)
	require.Equal(g.t, http.StatusOK, status, string(content))
	return content
}
