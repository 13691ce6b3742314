// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"os"
	"slices"
)

// Validating reports whether this process is "validate", the collector's command that checks a
// config and starts nothing. The collector calls the Validate of a config at each start, too, and
// tells it not which of the two it is; what may be wrong at a start, such as one card of many, is
// for Start then.
func Validating() bool { return slices.Contains(os.Args[min(1, len(os.Args)):], "validate") }
