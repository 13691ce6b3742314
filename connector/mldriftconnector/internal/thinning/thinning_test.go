// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package thinning

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
)

func TestNoSegments(t *testing.T) {
	none := New(None)
	whole := none.Whole(time.Now())
	total, segment := &drift.Result{Verdict: drift.Drift}, &drift.Result{Verdict: drift.Drift, Key: drift.Key{Segment: "a=b"}}
	assert.True(t, whole(total))
	assert.False(t, whole(segment))
	assert.False(t, none.Closed(segment))
	all := New(All)
	assert.Nil(t, all.Whole(time.Now()))
	assert.True(t, all.Closed(segment))
}
