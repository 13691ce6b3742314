// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package evaluation

// NDCG is the mean over lists of the normalised discounted cumulative gain of their first k items,
// Σ relevance/log₂(rank+1) over that of the best order, in [0, 1] (Järvelin and Kekäläinen, ACM TOIS
// 20, 2002; gains are linear, as scikit-learn's ndcg_score has them), with the interval of a mean
// whose skewness is taken out.
func NDCG(r *Ranking, level float64) Interval {
	i := nonNegative(r.gain.interval(level))
	i.Upper = min(i.Upper, 1)
	return i
}
