// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRecordOfManyAttributes is refused, and only it.
func TestRecordOfManyAttributes(t *testing.T) {
	records := []logRequest{{ReqType: "t"}, {ReqType: "t", Annotations: map[string]string{}}, {ReqType: "t", Metadata: map[string][]string{}}}
	for i := range maxMembers + 1 {
		records[1].Annotations[fmt.Sprint(i)], records[2].Metadata[fmt.Sprint(i)] = "", nil
	}
	require.NoError(t, records[0].event().Err)
	require.EqualError(t, records[1].event().Err, "the record has more than 256 annotations")
	require.EqualError(t, records[2].event().Err, "the record has more than 256 metadata")
	delete(records[1].Annotations, "0")
	assert.NoError(t, records[1].event().Err)
}
