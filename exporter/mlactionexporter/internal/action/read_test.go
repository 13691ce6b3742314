// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package action

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/docs/schema"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// everyKey uses all keys that there are.
const everyKey = `
description: Opens a ticket.
kind: incident
endpoint: https://tickets.example.com/base
parameters:
  project: {description: the project}
  title: {description: the title, default: '{{ .alert.summary }}'}
secrets:
  token: {description: an access token}
  key: {description: signs the requests, optional: true}
do:
  - name: login
    request: POST /login
    reads: true
    text: '{{ .secrets.token }}'
    headers: {Content-Type: text/plain}
    statuses: [200, 201]
    extract: {token: body.token}
    hide: [token]
  - name: find
    request: GET /tickets
    query: {label: '{{ .key }}'}
    extract: {number: 'body[0]?.number'}
  - name: create
    when: steps.find.number == nil
    require:
      - that: with.project != ""
        otherwise: 'the project of {{ .with.project }} is missing'
    request: POST /projects/{{ .with.project }}/tickets
    json:
      title: '{{ .with.title }}'
      labels: ['{{ .key }}', 7, true]
      about: {$expr: 'evidence.links'}
      file: {$file: traces_json}
    sign: key
    already: [409]
    expect:
      - that: status != 202
    extract: {number: body.number}
    repeat: lookup
    dry_run: {validate: 'true'}
    timeout: 10s
    max_bytes: 524288
    undo:
      - name: close
        request: DELETE /tickets/{{ .steps.create.number }}
  - name: attach
    optional: true
    request: POST /tickets/{{ .steps.create.number }}/files
    attachment: traces
    field: file
    repeat: never
  - name: wait
    request: GET /tickets/{{ .steps.create.number }}
    poll: {until: 'body.state == "open"', fail: 'body.state == "gone"', interval: 500ms, timeout: 1m30s}
update:
  - name: comment
    request: PATCH /tickets/{{ .opened.create.number }}
    merge: {comment: '{{ .news }}'}
    repeat: always
resolve:
  - name: close
    request: PATCH /tickets/{{ .opened.create.number }}
    patch: [{op: replace, path: /state, value: closed}]
    repeat: always
`

func TestRead(t *testing.T) {
	d, err := Read("here/tickets.yaml", []byte(everyKey))
	require.NoError(t, err)
	title := "{{ .alert.summary }}"
	assert.Equal(t, &Definition{
		Name: "tickets", Description: "Opens a ticket.", Kind: Incident, Endpoint: "https://tickets.example.com/base",
		Parameters: map[string]Parameter{"project": {Description: "the project"}, "title": {Description: "the title", Default: &title}},
		Secrets:    map[string]Secret{"token": {Description: "an access token"}, "key": {Description: "signs the requests", Optional: true}},
		Do: []Step{
			{
				Name: "login", Method: "POST", Path: "/login", Reads: true, Repeat: Always, MaxBytes: 10 << 20,
				Body: Body{Text: "{{ .secrets.token }}"}, Headers: map[string]string{"Content-Type": "text/plain"},
				Statuses: []int{200, 201}, Extract: map[string]string{"token": "body.token"}, Hide: []string{"token"},
			},
			{
				Name: "find", Method: "GET", Path: "/tickets", Repeat: Always, MaxBytes: 10 << 20,
				Query: map[string]string{"label": "{{ .key }}"}, Extract: map[string]string{"number": "body[0]?.number"},
			},
			{
				Name: "create", When: "steps.find.number == nil", Method: "POST", Path: "/projects/{{ .with.project }}/tickets",
				Require: []Check{{That: `with.project != ""`, Otherwise: "the project of {{ .with.project }} is missing"}},
				Body: Body{JSON: map[string]any{
					"title": "{{ .with.title }}", "labels": []any{"{{ .key }}", int64(7), true}, "about": map[string]any{"$expr": "evidence.links"}, "file": map[string]any{"$file": "traces_json"},
				}},
				Sign: "key", Already: []int{409}, Expect: []Check{{That: "status != 202"}}, Extract: map[string]string{"number": "body.number"},
				Repeat: Lookup, DryRun: map[string]string{"validate": "true"}, Timeout: 10 * time.Second, MaxBytes: 524288,
				Undo: []Step{{Name: "close", Method: "DELETE", Path: "/tickets/{{ .steps.create.number }}", Repeat: Always, MaxBytes: 10 << 20}},
			},
			{
				Name: "attach", Optional: true, Method: "POST", Path: "/tickets/{{ .steps.create.number }}/files",
				Body: Body{Attachment: "traces", Field: "file"}, Repeat: Never, MaxBytes: 10 << 20,
			},
			{
				Name: "wait", Method: "GET", Path: "/tickets/{{ .steps.create.number }}", Repeat: Always, MaxBytes: 10 << 20,
				Poll: &Poll{Until: `body.state == "open"`, Fail: `body.state == "gone"`, Interval: 500 * time.Millisecond, Timeout: 90 * time.Second},
			},
		},
		Update: []Step{{
			Name: "comment", Method: "PATCH", Path: "/tickets/{{ .opened.create.number }}", Repeat: Always, MaxBytes: 10 << 20,
			Body: Body{Merge: map[string]any{"comment": "{{ .news }}"}},
		}},
		Resolve: []Step{{
			Name: "close", Method: "PATCH", Path: "/tickets/{{ .opened.create.number }}", Repeat: Always, MaxBytes: 10 << 20,
			Body: Body{Patch: []any{map[string]any{"op": "replace", "path": "/state", "value": "closed"}}},
		}},
	}, d)

	var m map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(everyKey), &m))
	same, err := FromMap("actions.a.definition", "tickets", m)
	require.NoError(t, err)
	assert.Equal(t, d, same)
}

// TestEveryKeyIsUsed keeps everyKey complete, and the descriptions of the schema.
func TestEveryKeyIsUsed(t *testing.T) {
	var source struct {
		Defs map[string]struct {
			Properties map[string]struct{ Description string }
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(schema.Action, &source))
	n := 0
	for name, def := range source.Defs {
		for key, property := range def.Properties {
			n++
			assert.NotEmpty(t, property.Description, "%s.%s", name, key)
			assert.Contains(t, everyKey, key+":", "%s.%s", name, key)
		}
	}
	assert.Greater(t, n, 40)
}

// TestViolations: each is one change to a good action, and all that it is told for.
func TestViolations(t *testing.T) {
	const good = `description: x
kind: notify
do:
  - name: find
    request: GET /a
    extract: {number: body.number}
  - name: send
    request: POST /a
    repeat: never
`
	_, err := Read("f.yaml", []byte(good))
	require.NoError(t, err)
	for _, c := range []struct {
		name, old, new string
		want           []string // without the file
	}{
		{"syntax", "kind: notify", "kind: [", []string{`:4:1: is no YAML: did not find expected node content`}},
		{"unknown key", "repeat: never", "repaet: never", []string{
			`:9:5: do[1].repaet: unknown key; did you mean repeat? (allowed: already, attachment, dry_run, expect, extract, field, headers, hide, json, max_bytes, merge, name, optional, patch, poll, query, reads, repeat, request, require, sign, statuses, text, timeout, undo, when)`,
			`:7:5: do[1].repeat: is missing: say always, lookup or never, as it may not be known whether a POST had its effect (or reads: true, if it changes nothing)`,
		}},
		{"missing keys", "description: x\nkind: notify\n", "", []string{`:1:1: description: is missing`, `:1:1: kind: is missing`}},
		{"kind", "kind: notify", "kind: rolback", []string{`:2:7: kind: "rolback" is none of rollback, retrain, incident, notify; did you mean rollback?`}},
		{"types", "repeat: never", "repeat: never\n    timeout: 5\n    optional: 'yes'\n    query: {n: 5}", []string{
			`:10:14: do[1].timeout: must be a duration, such as 500ms, 10s or 5m, is a number`,
			`:11:15: do[1].optional: must be true or false, is a text`,
			`:12:16: do[1].query.n: must be a text; write "5" in quotes`,
		}},
		{"duration", "repeat: never", "repeat: never\n    timeout: 0s", []string{`:10:14: do[1].timeout: "0s" must be above 0`}},
		{"name of a step", "name: send", "name: Send-it", []string{`:7:11: do[1].name: "Send-it" is not a name of small letters, digits and _ that begins with a letter, 40 at most`}},
		{"two names", "name: send", "name: find", []string{`:7:11: do[1].name: "find" is the name of a step before; names are unique`}},
		{"method", "POST /a", "SEND /a", []string{`:8:14: do[1].request: "SEND /a" is not a method (GET, HEAD, POST, PUT, PATCH, DELETE) and a path, such as GET /api/v1/items`}},
		{"path", "POST /a", "POST /a/../{{ .key }}", []string{`:8:14: do[1].request: the path has the segment ".."`}},
		{"query in the path", "POST /a", "POST /a?b=c", []string{`:8:14: do[1].request: "?" cannot be in a path; what follows ? is written as query`}},
		{"no steps", "do:", "do: []\nupdate:", []string{`:3:5: do: must have at least 1 item`}},
		{"template", "repeat: never", "repeat: never\n    query: {a: '{{ .key '}\n    text: '{{ nope }}'", []string{
			`:10:16: do[1].query.a: is no template: unclosed action`, `:11:11: do[1].text: is no template: function "nope" not defined`,
		}},
		{"expression", "repeat: never", "repeat: never\n    when: a ==\n    extract: {a: 'nope()'}", []string{
			`:10:11: do[1].when: is no expression: unexpected token EOF`, `:11:18: do[1].extract.a: is no expression: there is no function nope`,
		}},
		{"unknown names", "repeat: never", "repeat: never\n    when: alret.name == stauts\n    text: '{{ .alert.nam }}{{ .with.x }}{{ .secrets.y }}{{ .target.too }}'", []string{
			`:10:11: do[1].when: there is no "alret" here; did you mean alert? (there are actions, alert, dry_run, evidence, fingerprint, key, model, now, secrets, steps, target, traceparent, with)`,
			`:10:11: do[1].when: there is no "stauts" here; did you mean`,
			`:11:11: do[1].text: alert has no "nam"; did you mean name? (it has`,
			`:11:11: do[1].text: with.x is not among the parameters`,
			`:11:11: do[1].text: secrets.y is not among the secrets`,
			`:11:11: do[1].text: target has no "too"; did you mean to? (it has from, to, why)`,
		}},
		{"a step that comes later", "request: GET /a", "request: GET /{{ .steps.send.ran }}", []string{`:5:14: do[0].request: steps.send: there is no such step; it must be a step that comes before this one`}},
		{"itself", "repeat: never", "repeat: never\n    when: steps.send.ran", []string{`do[1].when: steps.send: there is no such step`}},
		{"no such field", "repeat: never", "repeat: never\n    when: steps.find.nummer == 1 && steps.find.ran", []string{`:10:11: do[1].when: steps.find.nummer: the step find extracts no "nummer"; did you mean number? (it has number, ran)`}},
		{"answer before the request", "repeat: never", "repeat: never\n    when: body.a == 1", []string{`:10:11: do[1].when: there is no "body" here`}},
		{"news in do", "repeat: never", "repeat: never\n    text: '{{ .news }}{{ .opened.find.number }}'", []string{`:10:11: do[1].text: there is no "news" here`, `:10:11: do[1].text: there is no "opened" here`}},
		{"opened", "repeat: never\n", "repeat: never\nupdate:\n  - name: u\n    request: PUT /{{ .opened.find.number }}/{{ .opened.find.x }}/{{ .opened.nope.x }}\n    text: '{{ .news }}'\n", []string{
			`:12:14: update[0].request: opened.find.x: the step find extracts no "x"`, `:12:14: update[0].request: opened.nope: there is no such step; it must be a step of do`,
		}},
		{"repeat of a read", "extract: {", "repeat: never\n    already: [409]\n    extract: {", []string{`:6:13: do[0].repeat: is for a request that changes something; this one reads only`, `:7:14: do[0].already: is for a request`}},
		{"lookup", "repeat: never", "repeat: lookup\n    when: key != ''", []string{`:9:13: do[1].repeat: lookup needs a "when" that reads what a step before has found`}},
		{"poll of a change", "repeat: never", "repeat: never\n    poll: {until: body.a}", []string{`:10:11: do[1].poll: repeats a request that changes something`}},
		{"poll", "extract: {", "poll: {until: body.a, interval: 10s, timeout: 5s}\n    extract: {", []string{`:6:37: do[0].poll.interval: 10s is longer than the timeout of 5s`}},
		{"hide", "repeat: never", "repeat: never\n    extract: {a: body.a}\n    hide: [a, b]", []string{`:11:11: do[1].hide: needs reads: true or repeat: always`, `:11:15: do[1].hide[1]: "b" is not extracted`}},
		{"ran", "number: body", "ran: body", []string{`:6:20: do[0].extract.ran: is what says whether the step was carried out`}},
		{"name of a field", "number: body", "Number: body", []string{`:6:15: do[0].extract.Number: is no good name: it must have small letters, digits and _, begin with a letter, and have 40 characters at most`}},
		{"two bodies", "repeat: never", "repeat: never\n    text: a\n    json: {b: c}", []string{`:10:11: do[1].text: a request has one body, and there is json already`}},
		{"body of a GET", "extract: {", "json: {a: b}\n    extract: {", []string{`:6:11: do[0].json: a GET has no body`}},
		{"field", "repeat: never", "repeat: never\n    field: a", []string{`:10:12: do[1].field: is for an attachment, and there is none`}},
		{"$expr", "repeat: never", "repeat: never\n    json: {a: {$expr: key, b: c}, d: {$expr: 'x.y'}, '{{ .key }}': 1}", []string{
			`:10:15: do[1].json.a: $expr stands alone in its block`, `do[1].json.d.$expr: there is no "x" here`, `a key is no template`,
		}},
		{"$file", "repeat: never", "repeat: never\n    json: {a: {$file: traces, b: c}}", []string{`:10:15: do[1].json.a: $file stands alone in its block, and is traces or traces_json`}},
		{"$file that is none", "repeat: never", "repeat: never\n    json: {a: {$file: trace}}", []string{`:10:15: do[1].json.a: $file stands alone in its block, and is traces or traces_json`}},
		{"$file of another type", "repeat: never", "repeat: never\n    json: {a: {$file: [traces]}}", []string{`:10:15: do[1].json.a: $file stands alone in its block`}},
		{"two files", "repeat: never", "repeat: never\n    json: {a: [{$file: traces}, {$file: traces_json}]}", []string{`:10:33: do[1].json.a[1]: $file: a body has one file, and this is the second`}},
		{"attachment that is none", "repeat: never", "repeat: never\n    attachment: trace", []string{`:10:17: do[1].attachment: "trace" is none of traces, traces_json; did you mean traces?`}},
		{"empty dry_run", "repeat: never", "repeat: never\n    when: not dry_run\n    json: {a: '{{ .key }}'}\n    dry_run: {}", []string{
			`:12:14: do[1].dry_run: is empty: then the request must read dry_run, in its path, query, headers or body`,
		}},
		{"dry_run of a step before", "request: GET /a", "request: PUT /{{ .dry_run }}\n    dry_run: {}\n  - name: second\n    request: PUT /a\n    dry_run: {}\n  - name: third\n    request: GET /a", []string{`:9:14: do[1].dry_run: is empty`}},
		{"patch", "repeat: never", "repeat: never\n    patch: {a: b}", []string{`:10:12: do[1].patch: must be a list of operations`}},
		{"headers", "repeat: never", "repeat: never\n    headers: {Host: a, 'a b': c, webhook-id: d}", []string{`do[1].headers.Host: is not for a step to set`, `do[1].headers["a b"]: is no name of a header`, `do[1].headers.webhook-id: is not for a step to set`}},
		{"undo of undo", "repeat: never", "repeat: never\n    undo:\n      - name: u\n        request: PUT /{{ .steps.send.ran }}\n        undo: [{name: v, request: PUT /}]", []string{`do[1].undo[0].undo: the undoing of a step cannot be undone`}},
		{"statuses", "repeat: never", "repeat: never\n    statuses: [500]", []string{`:10:16: do[1].statuses[0]: 500 must be at most 499`}},
		{"sign", "repeat: never", "repeat: never\n    sign: hook", []string{`:10:11: do[1].sign: secrets.hook is not among the secrets`}},
		{"unused", "do:", "parameters: {a: {description: b}}\nsecrets: {c: {description: d}}\ndo:", []string{`:3:17: parameters.a: no step reads with.a`, `:4:14: secrets.c: no step reads secrets.c`}},
		{"default", "do:", "parameters: {a: {description: b, default: '{{ .secrets.c }}'}}\ndo:", []string{`parameters.a.default: there is no "secrets" here`, `no step reads with.a`}},
		{"rollback", "kind: notify", "kind: rollback", []string{`:4:3: do: no step reads target.to: a rollback goes to that version`}},
		{"update of a rollback", "kind: notify\n", "kind: retrain\nresolve: [{name: a, request: PUT /}]\n", []string{`:3:10: resolve: is for the kinds incident and notify`}},
		{"endpoint", "do:", "endpoint: https://user@example.com/?a=b\ndo:", []string{`:3:11: endpoint: "https://user@example.com/?a=b" is not a URL of http or https`}},
		{"two documents", "repeat: never\n", "repeat: never\n---\n" + good, []string{`:11:1: a file has one action`}},
		{"empty", good, "# nothing\n", []string{`f.yaml: is empty`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, good, c.old)
			_, err := Read("f.yaml", []byte(strings.Replace(good, c.old, c.new, 1)))
			require.Error(t, err)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
			assert.Len(t, yamldoc.Violations(err), len(c.want), err)
		})
	}
}

func TestFromMapNamesTheKey(t *testing.T) {
	_, err := FromMap("actions.a.definition", "a", map[string]any{"description": "x", "kind": "notify", "do": []any{map[string]any{"name": "a", "request": "POST /"}}})
	require.EqualError(t, err, `'actions.a.definition.do[0].repeat': is missing: say always, lookup or never, as it may not be known whether a POST had its effect (or reads: true, if it changes nothing)`)
	_, err = FromMap("actions.a.definition", "a", map[string]any{})
	require.ErrorContains(t, err, `'actions.a.definition`)
}

func TestArguments(t *testing.T) {
	d, err := Read("tickets.yaml", []byte(everyKey))
	require.NoError(t, err)
	with, secrets, err := d.Arguments(map[string]any{"project": []string{"P-{{ .model.name }}"}}, map[string]string{"token": "abc"})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"project": []any{"P-{{ .model.name }}"}, "title": "{{ .alert.summary }}"}, with)
	assert.Equal(t, map[string]string{"token": "abc", "key": ""}, secrets)

	_, _, err = d.Arguments(map[string]any{"titel": "x", "title": "{{ .a"}, map[string]string{"key": "s3cret!", "tokn": "s3cret"})
	require.EqualError(t, err, `'secrets.key' must be base64, with or without whsec_ before it, as Standard Webhooks has it
'secrets.token' is missing: an access token
'secrets.tokn': unknown key; did you mean token? (allowed: key, token)
'with.project' is missing: the project
'with.titel': unknown key; did you mean title? (allowed: project, title)
'with.title': is no template: unclosed action`)
	_, _, err = d.Arguments(map[string]any{"project": map[string]any{"a": "{{ .secrets.token }}"}}, map[string]string{"token": "abc"})
	require.ErrorContains(t, err, `'with.project': there is no "secrets" here`)
}

// FuzzRead reads anything: nothing panics.
func FuzzRead(f *testing.F) {
	f.Add(everyKey)
	f.Add("do: [{request: 'GET /{{ .a }}', json: {$expr: 'a.b'}}]")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Read("f.yaml", []byte(text))
		assert.Equal(t, d == nil, err != nil)
	})
}
