// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"fmt"
	"slices"
	"strings"
)

// Method names a way to compare two distributions; the value is what users write in YAML and what
// ml.drift.method says.
type Method string

// The methods of Compare.
const (
	PSI            Method = "psi"
	JensenShannon  Method = "jensen_shannon"
	KL             Method = "kl"
	KS             Method = "ks"
	Wasserstein    Method = "wasserstein"
	Chi2           Method = "chi2"
	Hellinger      Method = "hellinger"
	LInfinity      Method = "l_infinity"
	TotalVariation Method = "total_variation"
)

var methods = []Method{PSI, JensenShannon, KL, KS, Wasserstein, Chi2, Hellinger, LInfinity, TotalVariation}

// Methods returns every method, in the order of the documentation.
func Methods() []Method { return slices.Clone(methods) }

// ParseMethod returns the method of that name; the error of an unknown name lists the valid ones.
func ParseMethod(name string) (Method, error) {
	if m := Method(name); slices.Contains(methods, m) {
		return m, nil
	}
	valid := make([]string, len(methods))
	for i, m := range methods {
		valid[i] = string(m)
	}
	return "", fmt.Errorf("unknown drift method %q: must be one of %s", name, strings.Join(valid, ", "))
}

// Ordered reports whether the method needs bins of an ordered, numeric variable (Sample.Bounds);
// the others take categories too.
func (m Method) Ordered() bool { return m == KS || m == Wasserstein }

// DefaultThreshold is the Result.Effect from which a difference is large enough to matter: 0.1 for
// every method. That is the folklore of PSI ("below 0.1 no change"), Evidently's default for its
// distances and Cohen's small effect for Cramér's V. It says nothing of chance: at 200 rows a
// healthy PSI or Wasserstein often exceeds it, so it is only ever used together with Result.PValue.
func (m Method) DefaultThreshold() float64 { return 0.1 }
