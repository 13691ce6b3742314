// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package dashboards tests the dashboards in dashboards/ as they lie there: each panel is explained,
// each query is PromQL on series that we emit, each link leads to a dashboard and gives it variables
// that it has. And it tests the files of examples/grafana, which bring them into a Grafana.
package dashboards
