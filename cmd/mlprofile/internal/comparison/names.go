// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package comparison

import (
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
)

// names lists names, of which the first few are written.
func names(list []string) string {
	const most = 8
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + " and " + console.Count(len(list)-most) + " more"
}

func labels(list []string) []string {
	out := make([]string, len(list))
	for i, name := range list {
		out[i] = label(name)
	}
	return out
}
