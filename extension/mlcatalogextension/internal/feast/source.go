// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package feast reads a project of a Feast registry into facts of the catalog.
//
// One Fetch asks for the feature views, the entities and the feature services of the project, page
// by page, and either has all of them or fails. The API is that of Feast's REST registry server
// (feast serve_registry --rest-api, port 6572), as
// docs/reference/feature-servers/registry-server.md and sdk/python/feast/api/registry/rest describe
// it.
package feast

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
)

// The REST API is below the server's own path.
const (
	pathViews    = "api/v1/feature_views"
	pathEntities = "api/v1/entities"
	pathServices = "api/v1/feature_services"
)

const (
	// perPage is what is asked for, which is the most that the API allows.
	perPage = 100
	// maxPages bounds what is read of a server whose pages do not end.
	maxPages = 200
	// maxPerView bounds the entities, the services and the tags of a view.
	maxPerView = 100
	// modelTag is the tag of a feature service that names the model that it serves.
	modelTag = mlconv.AttrModelName
)

// Options say what is read.
type Options struct {
	// Project is Feast's.
	Project string
	// Environment is that of all views; empty is any.
	Environment string
	// FeatureViews are globs of the views that are read; none is all.
	FeatureViews []string
	// Tags are globs of the tags of a view that are kept.
	Tags []string
	// MaxViews and MaxFeatures (of a view) bound what is kept; 0 is the default.
	MaxViews, MaxFeatures int
	// MaxBody is the largest answer in bytes; 0 is fetch.DefaultMaxBody.
	MaxBody int64
}

// Defaults of Options.
const (
	DefaultMaxViews    = 1000
	DefaultMaxFeatures = 1000
)

// Source reads one project. It is for one goroutine.
type Source struct {
	client *fetch.Client
	o      Options
}

// New returns a source for the registry server at endpoint, such as http://feast.example.com:6572.
func New(client *http.Client, endpoint string, o Options) (*Source, error) {
	c, err := fetch.New(client, endpoint, o.MaxBody)
	if err != nil {
		return nil, err
	}
	o.MaxViews = cmp.Or(o.MaxViews, DefaultMaxViews)
	o.MaxFeatures = cmp.Or(o.MaxFeatures, DefaultMaxFeatures)
	return &Source{client: c, o: o}, nil
}

// Close lets the connections go.
func (s *Source) Close() { s.client.CloseIdleConnections() }

// Fetch reads the project. The facts are in an order of their own, so that equal registries give
// equal facts.
func (s *Source) Fetch(ctx context.Context) (catalog.Facts, error) {
	s.client.Begin()
	var facts catalog.Facts
	if err := s.views(ctx, &facts); err != nil {
		return catalog.Facts{}, err
	}
	if err := s.entities(ctx, &facts); err != nil {
		return catalog.Facts{}, err
	}
	if err := s.services(ctx, &facts); err != nil {
		return catalog.Facts{}, err
	}
	s.client.End()
	slices.SortFunc(facts.FeatureViews, func(a, b *catalog.FeatureView) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(facts.Models, func(a, b catalog.ModelFacts) int { return strings.Compare(a.Name, b.Name) })
	return facts, nil
}

// list follows the pages of a list. get decodes one and returns the names that are on it and
// whether there is another. A page that brings nothing new is an error where another is promised:
// the server does not know pages, or its pages do not end.
func (s *Source) list(ctx context.Context, path string, get func(query url.Values) (names []string, more bool, err error)) error {
	seen := map[string]bool{}
	for page := 1; page <= maxPages; page++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		names, more, err := get(url.Values{
			"project": {s.o.Project}, "page": {strconv.Itoa(page)}, "limit": {strconv.Itoa(perPage)},
		})
		if err != nil || !more {
			return err
		}
		news := false
		for _, name := range names {
			news = news || !seen[name]
			seen[name] = true
		}
		if !news {
			return &fetch.Error{Path: "/" + path, Message: fmt.Sprintf("page %d brings nothing new and promises more, the pages would not end", page)}
		}
	}
	return &fetch.Error{Path: "/" + path, Message: fmt.Sprintf("there are more than %d pages", maxPages)}
}

// views reads the feature views.
func (s *Source) views(ctx context.Context, facts *catalog.Facts) error {
	seen := map[string]bool{}
	more := 0
	err := s.list(ctx, pathViews, func(query url.Values) (names []string, next bool, err error) {
		var page listViews
		if err := s.client.Get(ctx, pathViews, query, &page); err != nil {
			return nil, false, err
		}
		list := page.views()
		for i := range list {
			v, kind := list[i].one()
			if v == nil { // of another kind, and no reason to think that the pages do not end
				names = append(names, list[i].Spec.Name)
				continue
			}
			name := v.Spec.Name
			names = append(names, name)
			if !fetch.GoodName(name) || seen[name] || len(s.o.FeatureViews) > 0 && !fetch.MatchAny(s.o.FeatureViews, name) {
				continue
			}
			seen[name] = true
			if len(facts.FeatureViews) == s.o.MaxViews {
				more++
				continue
			}
			facts.FeatureViews = append(facts.FeatureViews, s.view(v, kind))
		}
		return names, page.Pagination.more() && more == 0, nil
	})
	if more > 0 {
		facts.Notes = append(facts.Notes, fmt.Sprintf("there are more than %d feature views in the project %q, the others are left out", s.o.MaxViews, s.o.Project))
	}
	return err
}

// view turns a view into facts.
func (s *Source) view(v *view, kind string) *catalog.FeatureView {
	f := &catalog.FeatureView{
		Name: v.Spec.Name, Environment: s.o.Environment, Project: s.o.Project, Version: version(v), Kind: kind,
		Owner: fetch.Text(v.Spec.Owner), Description: fetch.Text(v.Spec.Description), TTL: duration(v.Spec.TTL),
	}
	for _, column := range v.Spec.Features {
		if fetch.GoodName(column.Name) && len(f.Features) < s.o.MaxFeatures {
			f.Features = append(f.Features, column.Name)
		}
	}
	for _, name := range v.Spec.Entities {
		if fetch.GoodName(name) && len(f.Entities) < maxPerView && name != dummyEntity {
			f.Entities = append(f.Entities, catalog.Entity{Name: name, JoinKey: name})
		}
	}
	for _, i := range v.intervals() {
		if end, err := time.Parse(time.RFC3339Nano, i.end()); err == nil && end.After(f.MaterializedUntil) {
			f.MaterializedUntil = end.UTC()
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v.Spec.Tags)) {
		if len(f.Attributes) < maxPerView && fetch.GoodName(key) && fetch.MatchAny(s.o.Tags, key) {
			if f.Attributes == nil {
				f.Attributes = map[string]any{}
			}
			f.Attributes[key] = fetch.Text(v.Spec.Tags[key])
		}
	}
	return f
}

// dummyEntity is what Feast gives a view without entities (DUMMY_ENTITY_NAME in feast/entity.py).
const dummyEntity = "__dummy"

// pinned is a version as the author of a view pins it: v2 and version2 are the same to Feast (its
// ADR-0008).
var pinned = regexp.MustCompile(`(?i)^v(?:ersion)?(\d{1,18})$`)

// version is the number of the view's version, or what its author has written in its place. It is
// empty where Feast keeps no versions, or says "latest" of the first one: a number of 0 is left out
// of the answer, as if there were none.
func version(v *view) string {
	if n := v.versionNumber(); n > 0 {
		return strconv.FormatInt(n, 10)
	}
	raw := string(v.Spec.Version)
	var text string
	if json.Unmarshal(v.Spec.Version, &text) == nil {
		raw = text
	}
	if m := pinned.FindStringSubmatch(raw); m != nil {
		return m[1]
	}
	if strings.EqualFold(raw, "latest") || raw == "null" || !fetch.GoodName(raw) || strings.ContainsAny(raw, "{[") {
		return ""
	}
	return raw
}

// duration reads protobuf's form of a google.protobuf.Duration, seconds with an s, or a number of
// seconds. What is neither, or negative, is 0.
func duration(raw json.RawMessage) time.Duration {
	number := strings.TrimSuffix(strings.Trim(string(raw), `"`), "s")
	if number == "" || len(number) > 32 || strings.Trim(number, "0123456789.") != "" {
		return 0
	}
	d, err := time.ParseDuration(number + "s")
	if err != nil {
		return 0
	}
	return d
}

// entities finds the join keys of the views' entities.
func (s *Source) entities(ctx context.Context, facts *catalog.Facts) error {
	keys := map[string]string{}
	for _, v := range facts.FeatureViews {
		for _, e := range v.Entities {
			keys[e.Name] = ""
		}
	}
	if len(keys) == 0 {
		return nil
	}
	err := s.list(ctx, pathEntities, func(query url.Values) (names []string, more bool, err error) {
		var page listEntities
		if err := s.client.Get(ctx, pathEntities, query, &page); err != nil {
			return nil, false, err
		}
		for i := range page.Entities {
			spec := &page.Entities[i].Spec
			names = append(names, spec.Name)
			if _, wanted := keys[spec.Name]; wanted && fetch.GoodName(spec.joinKey()) {
				keys[spec.Name] = spec.joinKey()
			}
		}
		return names, page.Pagination.more(), nil
	})
	for _, v := range facts.FeatureViews {
		for i := range v.Entities {
			v.Entities[i].JoinKey = cmp.Or(keys[v.Entities[i].Name], v.Entities[i].Name)
		}
	}
	return err
}

// services finds which services use a view, and which models those serve: a service whose tag
// ml.model.name names a model gives the model its feature views.
func (s *Source) services(ctx context.Context, facts *catalog.Facts) error {
	views := make(map[string]*catalog.FeatureView, len(facts.FeatureViews))
	for _, v := range facts.FeatureViews {
		views[v.Name] = v
	}
	models := map[string]int{}
	err := s.list(ctx, pathServices, func(query url.Values) (names []string, more bool, err error) {
		var page listServices
		if err := s.client.Get(ctx, pathServices, query, &page); err != nil {
			return nil, false, err
		}
		list := page.services()
		for i := range list {
			spec := &list[i].Spec
			names = append(names, spec.Name)
			if !fetch.GoodName(spec.Name) {
				continue
			}
			var of *catalog.ModelFacts
			if name := spec.Tags[modelTag]; fetch.GoodName(name) {
				j, there := models[name]
				if !there && len(facts.Models) < s.o.MaxViews {
					j, there = len(facts.Models), true
					models[name] = j
					facts.Models = append(facts.Models, catalog.ModelFacts{Name: name, Environment: s.o.Environment})
				}
				if there {
					of = &facts.Models[j]
				}
			}
			for _, p := range spec.Features {
				v := views[p.view()]
				if v == nil {
					continue
				}
				if len(v.Services) < maxPerView && !slices.Contains(v.Services, spec.Name) {
					v.Services = append(v.Services, spec.Name)
				}
				if of != nil && len(of.FeatureViews) < maxPerView && !slices.Contains(of.FeatureViews, v.Name) {
					of.FeatureViews = append(of.FeatureViews, v.Name)
				}
			}
		}
		return names, page.Pagination.more(), nil
	})
	for _, v := range facts.FeatureViews {
		slices.Sort(v.Services)
	}
	return err
}
