// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package profile

import "fmt"

// enoughValues is the number of values of a reference from which its own error hardly counts.
const enoughValues = 1000

// SmallWarning says in words what so few values of a reference mean, where minSamples are needed
// for a verdict; it is empty where they are enough.
func SmallWarning(values uint64, minSamples int) string {
	switch {
	case values < uint64(max(minSamples, 0)):
		return fmt.Sprintf("%d rows are fewer than min_samples, %d: ml_drift will give no verdict", values, minSamples)
	case values < enoughValues:
		return fmt.Sprintf("%d rows are few: all windows share the reference's error, so that small changes are not told from it; %d are enough", values, enoughValues)
	}
	return ""
}
