// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package feast

import (
	"cmp"
	"encoding/json"

	"github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"
)

// The messages, as protobuf's JSON mapping writes protos/feast/core and
// protos/feast/registry/RegistryServer.proto (lowerCamelCase, durations as "3600s", timestamps in
// RFC 3339, default values left out), reduced to the fields that are read, and wrapped as
// sdk/python/feast/api/registry/rest/*.py does. Source: github.com/feast-dev/feast at 0a756960b2
// and 8a21322840.
//
// Servers whose answers go through models of pydantic (rest/response_models.py at 266cc31a51) write
// the names of the proto instead: each field whose two names differ is there twice, and read
// through a method.

// pagination is PaginationMetadata; the endpoints over all projects write it in snake case, too.
type pagination struct {
	HasNext      bool `json:"hasNext"`
	HasNextSnake bool `json:"has_next"`
}

func (p pagination) more() bool { return p.HasNext || p.HasNextSnake }

// listViews is the answer of /feature_views.
type listViews struct {
	FeatureViews      []anyView  `json:"featureViews"`
	FeatureViewsSnake []anyView  `json:"feature_views"`
	Pagination        pagination `json:"pagination"`
}

func (l *listViews) views() []anyView { return append(l.FeatureViews, l.FeatureViewsSnake...) }

// anyView is AnyFeatureView: up to 0.51 a oneof with a key for each kind, then
// (rest/feature_views.py) the view itself with its kind under "type".
type anyView struct {
	Type string `json:"type"`
	view
	FeatureView              *view `json:"featureView"`
	FeatureViewSnake         *view `json:"feature_view"`
	StreamFeatureView        *view `json:"streamFeatureView"`
	StreamFeatureViewSnake   *view `json:"stream_feature_view"`
	OnDemandFeatureView      *view `json:"onDemandFeatureView"`
	OnDemandFeatureViewSnake *view `json:"on_demand_feature_view"`
}

// The kinds of a view. The fourth, labelView, has labels and no features.
const (
	kindBatch    = "featureView"
	kindStream   = "streamFeatureView"
	kindOnDemand = "onDemandFeatureView"
)

// one returns the view and its kind; nil where it is of another kind.
func (a *anyView) one() (*view, string) {
	if v := cmp.Or(a.FeatureView, a.FeatureViewSnake); v != nil {
		return v, kindBatch
	}
	if v := cmp.Or(a.StreamFeatureView, a.StreamFeatureViewSnake); v != nil {
		return v, kindStream
	}
	if v := cmp.Or(a.OnDemandFeatureView, a.OnDemandFeatureViewSnake); v != nil {
		return v, kindOnDemand
	}
	switch a.Type {
	case "", kindBatch, "feature_view":
		return &a.view, kindBatch
	case kindStream, "stream_feature_view":
		return &a.view, kindStream
	case kindOnDemand, "on_demand_feature_view":
		return &a.view, kindOnDemand
	}
	return nil, ""
}

// view is FeatureView, StreamFeatureView or OnDemandFeatureView.
type view struct {
	Spec struct {
		Name        string            `json:"name"`
		Entities    []string          `json:"entities"`
		Features    []feature         `json:"features"`
		Tags        map[string]string `json:"tags"`
		TTL         json.RawMessage   `json:"ttl"`
		Owner       string            `json:"owner"`
		Description string            `json:"description"`
		Version     json.RawMessage   `json:"version"`
	} `json:"spec"`
	Meta struct {
		CurrentVersionNumber          fetch.Integer `json:"currentVersionNumber"`
		CurrentVersionNumberSnake     fetch.Integer `json:"current_version_number"`
		MaterializationIntervals      []interval    `json:"materializationIntervals"`
		MaterializationIntervalsSnake []interval    `json:"materialization_intervals"`
	} `json:"meta"`
}

func (v *view) versionNumber() int64 {
	return int64(max(v.Meta.CurrentVersionNumber, v.Meta.CurrentVersionNumberSnake))
}

func (v *view) intervals() []interval {
	return append(v.Meta.MaterializationIntervals, v.Meta.MaterializationIntervalsSnake...)
}

// feature is FeatureSpecV2.
type feature struct {
	Name string `json:"name"`
}

// interval is MaterializationInterval.
type interval struct {
	EndTime      string `json:"endTime"`
	EndTimeSnake string `json:"end_time"`
}

func (i interval) end() string { return cmp.Or(i.EndTime, i.EndTimeSnake) }

// listEntities is the answer of /entities.
type listEntities struct {
	Entities []struct {
		Spec entity `json:"spec"`
	} `json:"entities"`
	Pagination pagination `json:"pagination"`
}

// entity is EntitySpecV2.
type entity struct {
	Name         string `json:"name"`
	JoinKey      string `json:"joinKey"`
	JoinKeySnake string `json:"join_key"`
}

func (e *entity) joinKey() string { return cmp.Or(e.JoinKey, e.JoinKeySnake) }

// listServices is the answer of /feature_services.
type listServices struct {
	FeatureServices      []service  `json:"featureServices"`
	FeatureServicesSnake []service  `json:"feature_services"`
	Pagination           pagination `json:"pagination"`
}

func (l *listServices) services() []service {
	return append(l.FeatureServices, l.FeatureServicesSnake...)
}

// service is FeatureService.
type service struct {
	Spec struct {
		Name     string            `json:"name"`
		Features []projection      `json:"features"`
		Tags     map[string]string `json:"tags"`
	} `json:"spec"`
}

// projection is FeatureViewProjection.
type projection struct {
	FeatureViewName      string `json:"featureViewName"`
	FeatureViewNameSnake string `json:"feature_view_name"`
}

func (p projection) view() string { return cmp.Or(p.FeatureViewName, p.FeatureViewNameSnake) }
