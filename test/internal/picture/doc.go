// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package picture draws dashboards as SVG: panels where the JSON has them, with their titles, units, legends and thresholds, and what
// their queries have given. It is no Grafana, but one who has seen the picture knows what to expect of the dashboard.
package picture
