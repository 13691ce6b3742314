// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// HitRate is the share of lists with a relevant item among the first k, in [0, 1], with Wilson's
// interval.
func HitRate(r *Ranking, level float64) Interval { return share(r.hit, r.miss, level) }
