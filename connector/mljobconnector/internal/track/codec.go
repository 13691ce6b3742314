// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import "github.com/otelcol-ml/otelcol-ml/internal/wire"

// format is that of all records: it goes up with a change of any of them. In version 1 a job had no
// times at which it became known, and no run was partial.
var format = wire.Format{Version: 2}
