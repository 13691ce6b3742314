// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package scaling tests that several collectors say what one would: leaves count predictions and
// write deltas to Kafka (franz-go's fake of it), aggregators in processes of their own share its
// partitions, and one of them is killed or stopped.
package scaling
