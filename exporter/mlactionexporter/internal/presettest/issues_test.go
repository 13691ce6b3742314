// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package presettest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// issue is one of a tracker.
type issue struct {
	number                     int
	title, text, state         string
	labels, comments, attached []string
	created                    time.Time
}

// tracker is what all trackers have.
type tracker struct {
	issues []*issue
	labels []string // by their id, from 1
}

func (t *tracker) add(title, text string, labels []string) *issue {
	one := &issue{number: len(t.issues) + 1, title: title, text: text, state: "open", labels: labels, created: time.Now()}
	t.issues = append(t.issues, one)
	return one
}

func (t *tracker) state() string {
	var b strings.Builder
	for _, i := range t.issues {
		fmt.Fprintf(&b, "#%d %q %s %v %q %v\n%s\n", i.number, i.title, i.state, i.labels, i.comments, i.attached, i.text)
	}
	fmt.Fprint(&b, t.labels)
	return b.String()
}

// at finds the issue whose number is the segment of a path.
func (t *tracker) at(path string, segment int) *issue {
	n, err := strconv.Atoi(strings.Split(path, "/")[segment])
	if err != nil || n < 1 || n > len(t.issues) {
		return nil
	}
	return t.issues[n-1]
}

// file is the name of the one file in a form.
func file(r *http.Request, body any, field string) (string, bool) {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", false
	}
	form, err := multipart.NewReader(bytes.NewReader(body.([]byte)), params["boundary"]).ReadForm(1 << 20)
	if err != nil || len(form.File[field]) != 1 {
		return "", false
	}
	one, err := form.File[field][0].Open()
	if err != nil {
		return "", false
	}
	data, _ := io.ReadAll(one)
	return form.File[field][0].Filename + fmt.Sprintf(" (%d bytes)", len(data)), true
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

// gitea behaves as Gitea v1.25.4 does: a label that is not there is no filter, and labels may have one name.
type gitea struct{ tracker }

func newGitea() server {
	g := &gitea{}
	g.labels = []string{"bug"}
	g.add("another one", "about something else", []string{"1"})
	return g
}

func (g *gitea) serve(r *http.Request, body any) answer {
	if r.Header.Get("Authorization") != "token gitea-"+canary {
		return g.fail(401)
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v1/repos/ml/incidents")
	switch {
	case path == "/labels" && r.Method == http.MethodGet:
		var all []any
		for id, name := range g.labels {
			all = append(all, object{"id": id + 1, "name": name})
		}
		return answer{200, all}
	case path == "/labels":
		g.labels = append(g.labels, body.(object)["name"].(string))
		return answer{201, object{"id": len(g.labels), "name": body.(object)["name"]}}
	case path == "/issues" && r.Method == http.MethodGet:
		var ids []string
		for id, name := range g.labels {
			if name == r.URL.Query().Get("labels") {
				ids = append(ids, strconv.Itoa(id+1))
			}
		}
		all := []any{}
		for _, i := range slices.Backward(g.issues) {
			if !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(i.labels, id) }) {
				all = append(all, g.shown(i))
			}
		}
		return answer{200, all}
	case path == "/issues":
		o := body.(object)
		text, _ := o["body"].(string)
		return answer{201, g.shown(g.add(o["title"].(string), text, texts(o["labels"])))}
	}
	i := g.at(path, 2)
	if i == nil {
		return g.fail(404)
	}
	switch {
	case strings.HasSuffix(path, "/assets"):
		name, ok := file(r, body, "attachment")
		if !ok {
			return g.fail(400)
		}
		i.attached = append(i.attached, name)
		return answer{201, object{"id": 1, "name": name}}
	case strings.HasSuffix(path, "/comments") && r.Method == http.MethodGet:
		return answer{200, comments(i)}
	case strings.HasSuffix(path, "/comments"):
		i.comments = append(i.comments, body.(object)["body"].(string))
		return answer{201, object{"id": len(i.comments), "body": body.(object)["body"]}}
	case r.Method == http.MethodPatch:
		i.state = body.(object)["state"].(string)
		return answer{201, g.shown(i)}
	}
	return answer{200, g.shown(i)}
}

func comments(i *issue) []any {
	all := []any{}
	for n, text := range i.comments {
		all = append(all, object{"id": n + 1, "body": text + "\n"})
	}
	return all
}

func (g *gitea) shown(i *issue) object {
	labels, assets := []any{}, []any{}
	for _, id := range i.labels {
		n, _ := strconv.Atoi(id)
		labels = append(labels, object{"id": n, "name": g.labels[n-1]})
	}
	for n, name := range i.attached {
		assets = append(assets, object{"id": n + 1, "name": name})
	}
	return object{
		"id": i.number, "number": i.number, "title": i.title, "body": i.text, "state": i.state, "labels": labels, "assets": assets,
		"html_url": fmt.Sprintf("https://git.example.com/ml/incidents/issues/%d", i.number), "created_at": i.created.Format(time.RFC3339),
	}
}

func (g *gitea) fail(status int) answer { return answer{status, object{"message": "it does not work"}} }

// github drops labels if the token has no right to push.
type github struct {
	tracker
	dropsLabels bool
	// files are those of the branch traces, by path; lagging is how often they are not seen yet.
	files   map[string][]byte
	lagging int
}

func newGitHub(dropsLabels bool) server {
	g := &github{dropsLabels: dropsLabels, files: map[string][]byte{}}
	g.add("another one", "about something else", nil)
	return g
}

func (g *github) serve(r *http.Request, body any) answer {
	if r.Header.Get("Authorization") != "Bearer github-"+canary || r.Header.Get("X-GitHub-Api-Version") != "2022-11-28" {
		return g.fail(401)
	}
	path := strings.TrimPrefix(r.URL.Path, "/repos/ml/incidents")
	if name, ok := strings.CutPrefix(path, "/contents/"); ok {
		return g.contents(r, name, body)
	}
	if path == "/issues" && r.Method == http.MethodGet {
		all := []any{}
		for _, i := range slices.Backward(g.issues) {
			if want := r.URL.Query().Get("labels"); want == "" || slices.Contains(i.labels, want) {
				all = append(all, g.shown(i))
			}
		}
		return answer{200, all}
	}
	if path == "/issues" {
		o := body.(object)
		labels := texts(o["labels"])
		if g.dropsLabels {
			labels = nil
		}
		return answer{201, g.shown(g.add(o["title"].(string), o["body"].(string), labels))}
	}
	i := g.at(path, 2)
	switch {
	case i == nil:
		return g.fail(404)
	case strings.HasSuffix(path, "/comments") && r.Method == http.MethodGet:
		all := []any{}
		for n := range i.comments {
			all = append(all, g.comment(i, n))
		}
		return answer{200, all}
	case strings.HasSuffix(path, "/comments"):
		i.comments = append(i.comments, body.(object)["body"].(string))
		return answer{201, g.comment(i, len(i.comments)-1)}
	case r.Method == http.MethodPatch:
		i.state = body.(object)["state"].(string)
	}
	return answer{200, g.shown(i)}
}

// contents reads and writes files. One that is there cannot be written without the hash of what it was.
func (g *github) contents(r *http.Request, name string, body any) answer {
	data, ok := g.files[name]
	if r.Method == http.MethodGet {
		if g.lagging > 0 {
			g.lagging--
			ok = false
		}
		if !ok || r.URL.Query().Get("ref") != "traces" {
			return g.fail(404)
		}
		shown := g.file(name, len(data))
		shown["content"], shown["encoding"] = base64.StdEncoding.EncodeToString(data), "base64"
		return answer{200, shown}
	}
	o := body.(object)
	if o["branch"] != "traces" {
		return g.fail(404)
	}
	if ok {
		return g.fail(422)
	}
	data, err := base64.StdEncoding.DecodeString(o["content"].(string))
	if err != nil {
		return g.fail(422)
	}
	g.files[name] = data
	return answer{201, object{"content": g.file(name, len(data)), "commit": object{"message": o["message"]}}}
}

func (g *github) file(name string, size int) object {
	u, web := "https://api.github.com/repos/ml/incidents/contents/"+name, "https://github.com/ml/incidents/blob/traces/"+name
	return object{
		"type": "file", "name": name[strings.LastIndexByte(name, '/')+1:], "path": name, "size": size, "sha": "3d21ec53a331a6f037a91c368710b99387d012c1",
		"url": u, "git_url": u, "html_url": web, "download_url": u, "_links": object{"self": u, "git": u, "html": web},
	}
}

func (g *github) state() string { return g.tracker.state() + fmt.Sprintf("%q", g.files) }

func (g *github) shown(i *issue) object {
	labels := []any{}
	for _, name := range i.labels {
		labels = append(labels, object{"id": 1, "name": name})
	}
	u := fmt.Sprintf("https://api.github.com/repos/ml/incidents/issues/%d", i.number)
	at := i.created.Format(time.RFC3339)
	return object{
		"id": i.number, "number": i.number, "title": i.title, "body": i.text, "state": i.state, "labels": labels, "node_id": "n", "url": u,
		"repository_url": u, "labels_url": u, "comments_url": u, "events_url": u, "html_url": u, "user": nil, "assignee": nil,
		"assignees": []any{}, "milestone": nil, "locked": false, "comments": len(i.comments), "created_at": at, "updated_at": at,
		"closed_at": nil, "author_association": "NONE",
	}
}

func (g *github) comment(i *issue, n int) object {
	u := fmt.Sprintf("https://api.github.com/repos/ml/incidents/issues/comments/%d", n+1)
	at := i.created.Format(time.RFC3339)
	return object{
		"id": n + 1, "node_id": "n", "url": u, "html_url": u, "issue_url": u, "user": nil, "created_at": at, "updated_at": at,
		"author_association": "NONE", "body": i.comments[n],
	}
}

func (g *github) fail(status int) answer {
	return answer{status, object{"message": "it does not work", "documentation_url": "https://docs.github.com/rest"}}
}

// jira is Cloud or Data Center. Its search finds an issue two seconds after it was made.
type jira struct {
	tracker
	cloud bool
}

// documents is the published schema of the Atlassian Document Format.
var documents = sync.OnceValues(func() (*jsonschema.Schema, error) {
	data, err := contracts.ReadFile("contracts/atlassian_document.json")
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("document.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("document.json")
})

// document checks a text: Cloud takes documents, Data Center texts.
func (j *jira) document(v any) error {
	if _, ok := v.(string); !j.cloud && !ok {
		return errors.New("the text is none")
	} else if !j.cloud {
		return nil
	}
	schema, err := documents()
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

func newJira(cloud bool) server {
	j := &jira{cloud: cloud}
	j.add("another one", "about something else", nil)
	return j
}

func (j *jira) authorized(r *http.Request) bool {
	if !j.cloud {
		return r.Header.Get("Authorization") == "Bearer jira-"+canary
	}
	user, password, ok := r.BasicAuth()
	return ok && user == "bot@example.com" && password == "jira-"+canary
}

func (j *jira) serve(r *http.Request, body any) answer {
	if !j.authorized(r) {
		return j.fail(401)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/rest/api/3"), "/rest/api/2")
	switch {
	case strings.HasPrefix(path, "/search"):
		all := []any{}
		for _, i := range j.issues {
			for _, label := range i.labels {
				if time.Since(i.created) >= 2*time.Second && strings.Contains(r.URL.Query().Get("jql"), "labels = \""+label+"\" ") {
					all = append(all, j.shown(i))
				}
			}
		}
		return answer{200, object{"issues": all}}
	case path == "/issue":
		fields := body.(object)["fields"].(object)
		if err := j.document(fields["description"]); err != nil {
			return answer{400, object{"errorMessages": []any{err.Error()}}}
		}
		i := j.add(fields["summary"].(string), fmt.Sprint(fields["description"]), texts(fields["labels"]))
		return answer{201, object{"id": strconv.Itoa(i.number), "key": j.key(i), "self": "https://jira.example.com/" + j.key(i)}}
	}
	i := j.at(strings.Replace(path, "/INC-", "/", 1), 2)
	switch {
	case i == nil:
		return j.fail(404)
	case strings.HasSuffix(path, "/attachments"):
		name, ok := file(r, body, "file")
		if !ok {
			return j.fail(400)
		}
		i.attached = append(i.attached, name)
		return answer{200, []any{object{"id": "1", "filename": name}}}
	case strings.HasSuffix(path, "/comment") && r.Method == http.MethodGet:
		all := []any{}
		for n, text := range i.comments {
			all = append(all, object{"id": strconv.Itoa(n + 1), "body": j.text(text)})
		}
		return answer{200, object{"comments": all, "total": len(all)}}
	case strings.HasSuffix(path, "/comment"):
		if err := j.document(body.(object)["body"]); err != nil {
			return answer{400, object{"errorMessages": []any{err.Error()}}}
		}
		i.comments = append(i.comments, plainText(body.(object)["body"]))
		return answer{201, object{"id": strconv.Itoa(len(i.comments)), "body": body.(object)["body"]}}
	case strings.HasSuffix(path, "/transitions"):
		if body.(object)["transition"].(object)["id"] != "31" || i.state == "done" {
			return answer{400, object{"errorMessages": []any{"It seems that you have tried to perform a workflow operation that is not valid"}}}
		}
		i.state = "done"
		return answer{204, nil}
	}
	return answer{200, j.shown(i)}
}

// plainText is the text of a document.
func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, plainText(item))
		}
		return strings.Join(parts, "")
	case object:
		if text, ok := v["text"].(string); ok {
			return text
		}
		return plainText(v["content"])
	}
	return ""
}

func (j *jira) text(text string) any {
	if !j.cloud {
		return text
	}
	return object{"type": "doc", "version": 1, "content": []any{object{"type": "paragraph", "content": []any{object{"type": "text", "text": text}}}}}
}

func (j *jira) key(i *issue) string { return "INC-" + strconv.Itoa(i.number) }

func (j *jira) shown(i *issue) object {
	status := func(name, category string) object {
		return object{"name": name, "statusCategory": object{"key": category}}
	}
	attached := []any{}
	for n, name := range i.attached {
		attached = append(attached, object{"id": strconv.Itoa(n + 1), "filename": name})
	}
	state := status("Open", "new")
	transitions := []any{
		object{"id": "11", "name": "Start", "to": status("In Progress", "indeterminate")}, object{"id": "31", "name": "Done", "to": status("Done", "done")},
	}
	if i.state == "done" {
		state, transitions = status("Done", "done"), []any{object{"id": "11", "name": "Reopen", "to": status("Open", "new")}}
	}
	return object{
		"id": strconv.Itoa(i.number), "key": j.key(i), "fields": object{"status": state, "attachment": attached}, "transitions": transitions,
	}
}

func (j *jira) fail(status int) answer {
	return answer{status, object{"errorMessages": []any{"it does not work"}, "errors": object{}}}
}

// servicenow has a table of incidents.
type servicenow struct{ tracker }

func newServiceNow() server { return &servicenow{} }

func (s *servicenow) id(i *issue) string { return fmt.Sprintf("%032x", i.number) }

func (s *servicenow) serve(r *http.Request, body any) answer {
	if r.Header.Get("Authorization") != "Bearer now-"+canary {
		return s.fail(401)
	}
	query := r.URL.Query()
	switch path := strings.TrimPrefix(r.URL.Path, "/api/now"); {
	case path == "/table/incident" && r.Method == http.MethodGet:
		all := []any{}
		for _, i := range s.issues {
			if query.Get("sysparm_query") == "correlation_id="+i.labels[0] {
				all = append(all, s.shown(i))
			}
		}
		return answer{200, object{"result": all}}
	case path == "/table/incident":
		o := body.(object)
		i := s.add(o["short_description"].(string), o["description"].(string), []string{o["correlation_id"].(string)})
		if note, ok := o["work_notes"].(string); ok {
			i.comments = append(i.comments, note)
		}
		return answer{201, object{"result": s.shown(i)}}
	case path == "/attachment":
		all := []any{}
		for _, name := range s.issues[0].attached {
			all = append(all, object{"file_name": name})
		}
		return answer{200, object{"result": all}}
	case path == "/attachment/file":
		s.issues[0].attached = append(s.issues[0].attached, query.Get("file_name")+" "+r.Header.Get("Content-Type"))
		return answer{201, object{"result": object{"sys_id": "1", "file_name": query.Get("file_name")}}}
	default:
		n, err := strconv.ParseInt(path[strings.LastIndexByte(path, '/')+1:], 16, 32)
		if err != nil || n < 1 || int(n) > len(s.issues) {
			return s.fail(404)
		}
		i := s.issues[n-1]
		if r.Method == http.MethodPatch {
			o := body.(object)
			if note, ok := o["work_notes"].(string); ok {
				i.comments = append(i.comments, note)
			}
			if state, ok := o["state"].(string); ok {
				i.state = state + fmt.Sprint(o["close_code"], o["close_notes"])
			}
		}
		return answer{200, object{"result": s.shown(i)}}
	}
}

func (s *servicenow) shown(i *issue) object {
	return object{
		"sys_id": s.id(i), "number": fmt.Sprintf("INC%07d", i.number), "state": i.state,
		"work_notes": strings.Join(i.comments, "\n\n2026-11-30 12:15:00 - System Administrator (Work notes)\n"),
	}
}

func (s *servicenow) fail(status int) answer {
	return answer{status, object{"error": object{"message": "it does not work", "detail": nil}, "status": "failure"}}
}
