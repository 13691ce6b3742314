// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

// more are the nulls that nobody had tried when the rules were made.
func more() []scenario {
	return []scenario{
		{name: "restart-after-a-week-diurnal", features: daily(.5, 20), phase: hourOfDay, restart: []int{7 * 24, 10 * 24, 20*24 + 7}},
		{name: "restart-after-a-week-cluster", features: mixed(20), cluster: 5, restart: []int{7 * 24, 10 * 24, 20*24 + 7}},
	}
}
