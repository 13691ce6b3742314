// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package convention

import "maps"

// definitions are the methods by name.
var definitions = merged(
	psiMethods, klMethods, jensenShannonMethods, hellingerMethods, overlapMethods, totalVariationMethods, lInfinityMethods,
	wassersteinMethods, energyMethods, mmdMethods,
	ksMethods, andersonDarlingMethods, cramerVonMisesMethods, eppsSingletonMethods, mannWhitneyMethods, tMethods,
	chi2Methods, gMethods, cramersVMethods, twoClassMethods,
	kayentaMethods,
)

func merged(parts ...map[string]definition) map[string]definition {
	all := map[string]definition{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}
