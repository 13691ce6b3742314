// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package mlflow reads an MLflow model registry into facts of the catalog.
//
// One Fetch asks for everything anew, page by page, and either has all of it or fails:
//
//	registered-models/search ──► each model ──► model-versions/search ──► each version that is kept ──► runs/get
//
// Kept are the READY versions that have an alias, and the newest others up to the limit. The API is
// REST 2.0 of MLflow's tracking server, as mlflow/protos/model_registry.proto and
// mlflow/protos/service.proto define it.
package mlflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

// The REST API is below the server's own path.
const (
	pathModels   = "api/2.0/mlflow/registered-models/search"
	pathVersions = "api/2.0/mlflow/model-versions/search"
	pathRun      = "api/2.0/mlflow/runs/get"
)

const (
	// modelsPerPage and versionsPerPage are what is asked for; the server may give fewer. The proto
	// allows 1,000 models; its backends allow at least 200 versions.
	modelsPerPage, versionsPerPage = 200, 200
	// maxModelPages and maxVersionPages bound what is read of a server whose pages do not end.
	maxModelPages, maxVersionPages = 1000, 50
	// runAge is how long the run of a version is taken as it is once it has ended: tags and metrics
	// can still be added.
	runAge = time.Hour
	// ready is ModelVersionStatus.READY.
	ready = "READY"
	// promptTag marks prompts, which MLflow keeps among the registered models (2.21 and later). Its
	// search leaves them out.
	promptTag = "mlflow.prompt.is_prompt"
)

// Options say what is read. The zero value reads all models with the default limits, and no tags,
// parameters and metrics.
type Options struct {
	// Models are globs of registered models' names; none is all.
	Models []string
	// Environment is that of all models; empty is any. EnvironmentTag is the tag of a model, or of
	// a version, that says it instead.
	Environment, EnvironmentTag string
	// Tags, Params and Metrics are globs of what becomes attributes.
	Tags, Params, Metrics []string
	// MaxModels, MaxVersions (per model, beside those with an alias) and MaxAttributes (each of
	// tags, parameters and metrics of a model or version) bound what is kept; 0 is the default.
	MaxModels, MaxVersions, MaxAttributes int
	// MaxBody is the largest answer in bytes; 0 is fetch.DefaultMaxBody.
	MaxBody int64
}

// Defaults of Options.
const (
	DefaultMaxModels     = 1000
	DefaultMaxVersions   = 20
	DefaultMaxAttributes = 16
)

// Source reads one registry. It is for one goroutine.
type Source struct {
	client *fetch.Client
	o      Options
	runs   map[string]knownRun
}

// knownRun is a run that has ended, or one that cannot be read (nil).
type knownRun struct {
	at   time.Time
	run  *trained
	used bool
}

// New returns a source for the tracking server at endpoint, such as https://mlflow.example.com.
func New(client *http.Client, endpoint string, o Options) (*Source, error) {
	c, err := fetch.New(client, endpoint, o.MaxBody)
	if err != nil {
		return nil, err
	}
	o.MaxModels = cmp.Or(o.MaxModels, DefaultMaxModels)
	o.MaxVersions = cmp.Or(o.MaxVersions, DefaultMaxVersions)
	o.MaxAttributes = cmp.Or(o.MaxAttributes, DefaultMaxAttributes)
	return &Source{client: c, o: o, runs: map[string]knownRun{}}, nil
}

// Close lets the connections go.
func (s *Source) Close() { s.client.CloseIdleConnections() }

// Fetch reads the registry. The facts are in an order of their own, so that equal registries give
// equal facts.
func (s *Source) Fetch(ctx context.Context) (catalog.Facts, error) {
	s.client.Begin()
	var facts catalog.Facts
	models, err := s.models(ctx, &facts)
	if err != nil {
		return catalog.Facts{}, err
	}
	for i := range models {
		if err := s.model(ctx, &models[i], &facts); err != nil {
			return catalog.Facts{}, err
		}
	}
	s.client.End()
	for id, k := range s.runs {
		if !k.used {
			delete(s.runs, id)
			continue
		}
		k.used = false
		s.runs[id] = k
	}
	slices.SortStableFunc(facts.Models, func(a, b catalog.ModelFacts) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Environment, b.Environment))
	})
	return facts, nil
}

// models lists the registered models that are asked for.
func (s *Source) models(ctx context.Context, facts *catalog.Facts) ([]registeredModel, error) {
	var list []registeredModel
	seen := map[string]bool{}
	more := 0
	pages := pager{path: pathModels, max: maxModelPages}
	for pages.next() {
		query := url.Values{"max_results": {strconv.Itoa(modelsPerPage)}, "order_by": {"name ASC"}}
		pages.put(query)
		var page searchModels
		if err := s.client.Get(ctx, pathModels, query, &page); err != nil {
			return nil, err
		}
		for _, m := range page.RegisteredModels {
			if !fetch.GoodName(m.Name) || seen[m.Name] || isPrompt(m.Tags) || len(s.o.Models) > 0 && !fetch.MatchAny(s.o.Models, m.Name) {
				continue
			}
			if len(list) == s.o.MaxModels {
				more++
				continue
			}
			seen[m.Name] = true
			list = append(list, m)
		}
		if more > 0 { // they are in order: what follows is left out, too
			break
		}
		if err := pages.got(page.NextPageToken); err != nil {
			return nil, err
		}
	}
	if more > 0 {
		facts.Notes = append(facts.Notes, fmt.Sprintf("there are more than %d registered models, those after %q are left out", s.o.MaxModels, list[len(list)-1].Name))
	}
	return list, nil
}

// pager follows page tokens and ends where a server does not.
type pager struct {
	path  string
	max   int
	pages int
	token string
	seen  map[string]bool
	done  bool
}

func (p *pager) next() bool { return !p.done }

// put asks for the next page.
func (p *pager) put(query url.Values) {
	if p.token != "" {
		query.Set("page_token", p.token)
	}
}

// got takes the token of the page after. A token that has been there is an error, and so are too
// many pages: half a registry would look like one whose models have been deleted.
func (p *pager) got(token string) error {
	p.pages++
	switch {
	case token == "":
		p.done = true
		return nil
	case p.seen[token]:
		return &fetch.Error{Path: "/" + p.path, Message: "the server gives the same page_token again, its pages would not end"}
	case p.pages == p.max:
		return &fetch.Error{Path: "/" + p.path, Message: fmt.Sprintf("there are more than %d pages", p.max)}
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[token] = true
	p.token = token
	return nil
}

func isPrompt(tags []tag) bool {
	return slices.ContainsFunc(tags, func(t tag) bool { return t.Key == promptTag && strings.EqualFold(t.Value, "true") })
}

// quote writes a name for a filter; the language has two quotes and no escape
// (mlflow/utils/search_utils.py), so that a name with both cannot be asked for.
func quote(name string) (string, bool) {
	switch {
	case !strings.Contains(name, "'"):
		return "'" + name + "'", true
	case !strings.Contains(name, `"`):
		return `"` + name + `"`, true
	}
	return "", false
}

// versions lists the versions that are kept, the newest first.
func (s *Source) versions(ctx context.Context, m *registeredModel, facts *catalog.Facts) ([]modelVersion, error) {
	name, ok := quote(m.Name)
	if !ok {
		facts.Notes = append(facts.Notes, fmt.Sprintf("the model %q has both quotes in its name, its versions cannot be asked for", m.Name))
		return nil, nil
	}
	var wanted map[string]bool // versions with an alias that have not come yet
	if len(m.Aliases) > 0 {
		wanted = make(map[string]bool, len(m.Aliases))
		for _, a := range m.Aliases {
			wanted[a.Version] = true
		}
	}
	aliased := func(v *modelVersion) bool {
		return len(v.Aliases) > 0 || slices.ContainsFunc(m.Aliases, func(a alias) bool { return a.Version == v.Version })
	}
	var list []modelVersion
	seen := map[string]bool{}
	plain, inOrder := 0, true
	pages := pager{path: pathVersions, max: maxVersionPages}
	for pages.next() {
		query := url.Values{
			"filter": {"name=" + name}, "max_results": {strconv.Itoa(versionsPerPage)}, "order_by": {"version_number DESC"},
		}
		pages.put(query)
		var page searchVersions
		if err := s.client.Get(ctx, pathVersions, query, &page); err != nil {
			return nil, err
		}
		for _, v := range page.ModelVersions {
			if v.Name != m.Name || !fetch.GoodName(v.Version) || seen[v.Version] {
				continue // a server's collation may have found another one
			}
			delete(wanted, v.Version)
			if v.Status != "" && v.Status != ready {
				continue
			}
			seen[v.Version] = true
			if n := len(list); n > 0 && newestFirst(list[n-1], v) > 0 {
				inOrder = false // a server before 2.2 has an order of its own
			}
			list = append(list, v)
			if !aliased(&v) {
				plain++
			}
		}
		if inOrder && plain >= s.o.MaxVersions && len(wanted) == 0 {
			break
		}
		if err := pages.got(page.NextPageToken); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list, newestFirst)
	plain = 0
	withAlias := 0
	list = slices.DeleteFunc(list, func(v modelVersion) bool {
		if aliased(&v) {
			withAlias++
			return withAlias > maxAliased
		}
		plain++
		return plain > s.o.MaxVersions
	})
	return list, nil
}

// maxAliased bounds the versions with an alias of one model, and the aliases of one version.
const maxAliased = 100

// newestFirst orders by number, the highest first; versions that are not numbers follow by name.
func newestFirst(a, b modelVersion) int {
	x, errX := strconv.ParseInt(a.Version, 10, 64)
	y, errY := strconv.ParseInt(b.Version, 10, 64)
	switch {
	case errX == nil && errY == nil:
		return cmp.Compare(y, x)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return strings.Compare(a.Version, b.Version)
}

// run reads the run that made a version; nil where there is none that can be read: runs are
// deleted, and may be closed to those who may read the registry.
func (s *Source) run(ctx context.Context, id string) (*trained, error) {
	if id == "" || len(id) > fetch.MaxName {
		return nil, nil
	}
	now := time.Now()
	if k, ok := s.runs[id]; ok && now.Sub(k.at) < runAge {
		k.used = true
		s.runs[id] = k
		return k.run, nil
	}
	var answer getRun
	err := s.client.Get(ctx, pathRun, url.Values{"run_id": {id}}, &answer)
	if known, ok := errors.AsType[*fetch.Error](err); ok && (known.Status == http.StatusNotFound || known.Status == http.StatusForbidden) {
		s.runs[id] = knownRun{at: now, used: true}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var t *trained
	if answer.Run.Info.LifecycleStage != "deleted" {
		t = s.trained(&answer.Run)
	}
	if t == nil || answer.Run.Info.EndTime > 0 {
		s.runs[id] = knownRun{at: now, run: t, used: true}
	}
	return t, nil
}
