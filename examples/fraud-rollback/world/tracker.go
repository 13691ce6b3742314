// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// tracker is an issue tracker with Gitea's API, of one repository.
type tracker struct {
	token string

	mu     sync.Mutex
	labels []label
	issues []*issue
	files  [][]byte
}

type label struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color"`
}

type issue struct {
	Number    int          `json:"number"`
	Title     string       `json:"title"`
	Body      string       `json:"body"`
	State     string       `json:"state"`
	HTMLURL   string       `json:"html_url"`
	Labels    []label      `json:"labels"`
	Assets    []attachment `json:"assets"`
	UpdatedAt time.Time    `json:"updated_at"`

	comments []comment
}

type attachment struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Size        int    `json:"size"`
	DownloadURL string `json:"browser_download_url"`
}

type comment struct {
	ID        int       `json:"id"`
	Body      string    `json:"body"`
	UpdatedAt time.Time `json:"updated_at"`
}

func newTracker(token string) *tracker { return &tracker{token: token} }

// handler answers as templates/swagger/v1_json.tmpl of Gitea has it, and shows all issues at /.
func (t *tracker) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", t.page)
	mux.HandleFunc("GET /attachments/{id}", t.download)
	const base = "/api/v1/repos/{owner}/{repository}"
	for pattern, do := range map[string]func(w http.ResponseWriter, r *http.Request){
		"GET " + base + "/labels":                    t.listLabels,
		"POST " + base + "/labels":                   t.makeLabel,
		"GET " + base + "/issues":                    t.listIssues,
		"POST " + base + "/issues":                   t.open,
		"GET " + base + "/issues/{number}":           t.of(show),
		"PATCH " + base + "/issues/{number}":         t.of(t.edit),
		"GET " + base + "/issues/{number}/comments":  t.of(listComments),
		"POST " + base + "/issues/{number}/comments": t.of(t.comment),
		"POST " + base + "/issues/{number}/assets":   t.of(t.attach),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "token "+t.token {
				answer(w, http.StatusUnauthorized, map[string]string{"message": "token is required"})
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, 16<<20)
			t.mu.Lock()
			defer t.mu.Unlock()
			do(w, r)
		})
	}
	return mux
}

// of finds the issue that a request is about.
func (t *tracker) of(do func(w http.ResponseWriter, r *http.Request, i *issue)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("number"))
		if err != nil || n < 1 || n > len(t.issues) {
			answer(w, http.StatusNotFound, map[string]string{"message": "the issue does not exist"})
			return
		}
		do(w, r, t.issues[n-1])
	}
}

// read reads a body of JSON, and answers where it is none.
func read(w http.ResponseWriter, r *http.Request, to any) bool {
	if err := json.NewDecoder(r.Body).Decode(to); err != nil {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"message": err.Error()})
		return false
	}
	return true
}

func (t *tracker) listLabels(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, append([]label{}, t.labels...))
}

func (t *tracker) makeLabel(w http.ResponseWriter, r *http.Request) {
	var l label
	if !read(w, r, &l) {
		return
	}
	l.ID = len(t.labels) + 1 // a second one of the same name is another label
	t.labels = append(t.labels, l)
	answer(w, http.StatusCreated, l)
}

// listIssues finds issues, the newest first. A label that is not there is no condition, as in Gitea.
func (t *tracker) listIssues(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, _ := time.Parse(time.RFC3339, q.Get("since"))
	known := slices.ContainsFunc(t.labels, func(l label) bool { return l.Name == q.Get("labels") })
	out := []*issue{}
	for _, i := range slices.Backward(t.issues) {
		if state := q.Get("state"); state != "all" && i.State != state || i.UpdatedAt.Before(since) {
			continue
		}
		if known && !slices.ContainsFunc(i.Labels, func(l label) bool { return l.Name == q.Get("labels") }) {
			continue
		}
		out = append(out, i)
	}
	answer(w, http.StatusOK, out)
}

func (t *tracker) open(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Title, Body string
		Labels      []int
	}
	if !read(w, r, &body) {
		return
	}
	i := &issue{
		Number: len(t.issues) + 1, Title: body.Title, Body: body.Body, State: "open", Labels: []label{}, Assets: []attachment{}, UpdatedAt: time.Now(),
	}
	i.HTMLURL = fmt.Sprintf("http://%s/#%d", r.Host, i.Number)
	for _, l := range t.labels {
		if slices.Contains(body.Labels, l.ID) {
			i.Labels = append(i.Labels, l)
		}
	}
	t.issues = append(t.issues, i)
	story.Say("issue #%d is opened: %s", i.Number, i.Title)
	answer(w, http.StatusCreated, i)
}

func show(w http.ResponseWriter, _ *http.Request, i *issue) { answer(w, http.StatusOK, i) }

func (t *tracker) edit(w http.ResponseWriter, r *http.Request, i *issue) {
	var body struct{ State string }
	if !read(w, r, &body) {
		return
	}
	if body.State != "" && body.State != i.State {
		i.State, i.UpdatedAt = body.State, time.Now()
		story.Say("issue #%d is %s", i.Number, i.State)
	}
	answer(w, http.StatusCreated, i)
}

func listComments(w http.ResponseWriter, r *http.Request, i *issue) {
	since, _ := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
	answer(w, http.StatusOK, slices.DeleteFunc(append([]comment{}, i.comments...), func(c comment) bool { return c.UpdatedAt.Before(since) }))
}

func (t *tracker) comment(w http.ResponseWriter, r *http.Request, i *issue) {
	var c comment
	if !read(w, r, &c) {
		return
	}
	if strings.TrimSpace(c.Body) == "" {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"message": "[Body]: Required"})
		return
	}
	c.ID, c.UpdatedAt = len(i.comments)+1, time.Now()
	i.comments = append(i.comments, c)
	first, _, _ := strings.Cut(c.Body, "\n")
	story.Say("issue #%d is commented: %s", i.Number, first)
	answer(w, http.StatusCreated, c)
}

func (t *tracker) attach(w http.ResponseWriter, r *http.Request, i *issue) {
	file, header, err := r.FormFile("attachment")
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	content, err := io.ReadAll(file)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	t.files = append(t.files, content)
	a := attachment{
		ID: len(t.files), Name: header.Filename, Size: len(content), DownloadURL: fmt.Sprintf("http://%s/attachments/%d", r.Host, len(t.files)),
	}
	i.Assets = append(i.Assets, a)
	story.Say("issue #%d gets the file %s, %d bytes", i.Number, a.Name, a.Size)
	answer(w, http.StatusCreated, a)
}

// download answers with the content of an attachment.
func (t *tracker) download(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || n < 1 || n > len(t.files) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(t.files[n-1]) // as above
}

// page shows all issues as text.
func (t *tracker) page(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, i := range t.issues {
		_, _ = fmt.Fprintf(w, "#%d %s (%s)\n\n%s\n", i.Number, i.Title, i.State, strings.TrimSpace(i.Body))
		for _, a := range i.Assets {
			_, _ = fmt.Fprintf(w, "\nfile %s, %d bytes: http://%s/attachments/%d\n", a.Name, a.Size, r.Host, a.ID)
		}
		for _, c := range i.comments {
			_, _ = fmt.Fprintf(w, "\n--- %s\n%s\n", c.UpdatedAt.Format("15:04:05"), c.Body)
		}
		_, _ = fmt.Fprintln(w)
	}
}
