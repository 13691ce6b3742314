// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package feast

import (
	"encoding/json"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog/fetch"
)

// The messages, as protobuf's JSON mapping writes protos/feast/core and protos/feast/registry/RegistryServer.proto (lowerCamelCase,
// durations as "3600s", timestamps in RFC 3339, default values left out), reduced to the fields that are read, and wrapped as
// sdk/python/feast/api/registry/rest/*.py does. Source: github.com/feast-dev/feast at 0a756960b2 and 8a21322840.

// pagination is PaginationMetadata; the endpoints over all projects write it in snake case.
type pagination struct {
	HasNext      bool `json:"hasNext"`
	HasNextSnake bool `json:"has_next"`
}

func (p pagination) more() bool { return p.HasNext || p.HasNextSnake }

// listViews is the answer of /feature_views.
type listViews struct {
	FeatureViews []anyView  `json:"featureViews"`
	Pagination   pagination `json:"pagination"`
}

// anyView is AnyFeatureView: up to 0.51 a oneof with a key for each kind, then (rest/feature_views.py) the view itself with its kind
// under "type".
type anyView struct {
	Type string `json:"type"`
	view
	FeatureView         *view `json:"featureView"`
	StreamFeatureView   *view `json:"streamFeatureView"`
	OnDemandFeatureView *view `json:"onDemandFeatureView"`
}

// The kinds of a view.
const (
	kindBatch    = "featureView"
	kindStream   = "streamFeatureView"
	kindOnDemand = "onDemandFeatureView"
)

// one returns the view and its kind; nil where it is of a kind that is not known.
func (a *anyView) one() (*view, string) {
	switch {
	case a.FeatureView != nil:
		return a.FeatureView, kindBatch
	case a.StreamFeatureView != nil:
		return a.StreamFeatureView, kindStream
	case a.OnDemandFeatureView != nil:
		return a.OnDemandFeatureView, kindOnDemand
	}
	switch a.Type {
	case "", kindBatch:
		return &a.view, kindBatch
	case kindStream, kindOnDemand:
		return &a.view, a.Type
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
		TTL         string            `json:"ttl"`
		Owner       string            `json:"owner"`
		Description string            `json:"description"`
		Version     json.RawMessage   `json:"version"`
	} `json:"spec"`
	Meta struct {
		CurrentVersionNumber     fetch.Integer `json:"currentVersionNumber"`
		MaterializationIntervals []interval    `json:"materializationIntervals"`
	} `json:"meta"`
}

// feature is FeatureSpecV2.
type feature struct {
	Name string `json:"name"`
}

// interval is MaterializationInterval.
type interval struct {
	EndTime string `json:"endTime"`
}

// listEntities is the answer of /entities.
type listEntities struct {
	Entities []struct {
		Spec struct {
			Name    string `json:"name"`
			JoinKey string `json:"joinKey"`
		} `json:"spec"`
	} `json:"entities"`
	Pagination pagination `json:"pagination"`
}

// listServices is the answer of /feature_services.
type listServices struct {
	FeatureServices []struct {
		Spec struct {
			Name     string            `json:"name"`
			Features []projection      `json:"features"`
			Tags     map[string]string `json:"tags"`
		} `json:"spec"`
	} `json:"featureServices"`
	Pagination pagination `json:"pagination"`
}

// projection is FeatureViewProjection.
type projection struct {
	FeatureViewName string `json:"featureViewName"`
}
