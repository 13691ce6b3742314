// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlflow

import "github.com/otelcol-ml/otelcol-ml/extension/mlcatalogextension/internal/fetch"

// The messages, as mlflow/protos/model_registry.proto and service.proto write them in JSON (field
// names as in the proto, int64 as numbers), reduced to the fields that are read. Source:
// github.com/mlflow/mlflow at 05e6cc9b84 (registry) and 0026b08dc1 (runs).

// searchModels is SearchRegisteredModels.Response.
type searchModels struct {
	RegisteredModels []registeredModel `json:"registered_models"`
	NextPageToken    string            `json:"next_page_token"`
}

// searchVersions is SearchModelVersions.Response.
type searchVersions struct {
	ModelVersions []modelVersion `json:"model_versions"`
	NextPageToken string         `json:"next_page_token"`
}

// registeredModel is RegisteredModel.
type registeredModel struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Tags        []tag   `json:"tags"`
	Aliases     []alias `json:"aliases"`
}

// alias is RegisteredModelAlias.
type alias struct {
	Alias   string `json:"alias"`
	Version string `json:"version"`
}

// tag is RegisteredModelTag, ModelVersionTag, RunTag and Param.
type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// modelVersion is ModelVersion. A search of MLflow's own stores leaves its aliases empty; those of
// the model are complete.
type modelVersion struct {
	Name              string        `json:"name"`
	Version           string        `json:"version"`
	CreationTimestamp fetch.Integer `json:"creation_timestamp"`
	RunID             string        `json:"run_id"`
	Status            string        `json:"status"`
	Tags              []tag         `json:"tags"`
	Aliases           []string      `json:"aliases"`
}

// getRun is GetRun.Response.
type getRun struct {
	Run run `json:"run"`
}

// run is Run.
type run struct {
	Info struct {
		RunID          string        `json:"run_id"`
		Status         string        `json:"status"`
		EndTime        fetch.Integer `json:"end_time"`
		LifecycleStage string        `json:"lifecycle_stage"`
	} `json:"info"`
	Data struct {
		Metrics []measure `json:"metrics"`
		Params  []tag     `json:"params"`
		Tags    []tag     `json:"tags"`
	} `json:"data"`
}

// measure is Metric: the last value of a metric.
type measure struct {
	Key   string       `json:"key"`
	Value fetch.Number `json:"value"`
}
