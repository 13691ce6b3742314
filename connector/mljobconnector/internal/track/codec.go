// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package track

import "github.com/otelcol-ml/otelcol-ml/internal/wire"

// format is that of all records: it goes up with a change of any of them.
var format = wire.Format{Version: 1}
