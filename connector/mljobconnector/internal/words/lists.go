// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package words

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
)

// MaxListed is the number of names that a sentence lists.
const MaxListed = 5

// List joins names. Example: "17, 201, 340 and 4 more".
func List(names []string) string { return ListOf(names, len(names)) }

// ListOf joins the first names of so many.
func ListOf(names []string, of int) string {
	if len(names) > MaxListed {
		names = names[:MaxListed]
	}
	if more := of - len(names); more > 0 {
		if len(names) == 0 {
			return ""
		}
		return fmt.Sprintf("%s and %s more", strings.Join(names, ", "), humanize.Comma(int64(more)))
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
