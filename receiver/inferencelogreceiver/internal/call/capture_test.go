// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package call

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEndpointOf(t *testing.T) {
	for path, want := range map[string][2]string{
		"/data/capture/ep/AllTraffic/2022/04/18/00/a.jsonl": {"ep", "AllTraffic"},
		"ep/v1/2022/04/18/00/a.jsonl":                       {"ep", "v1"},
		"/data/a.jsonl":                                     {"", ""},
		"":                                                  {"", ""},
	} {
		endpoint, variant := EndpointOf(path)
		assert.Equal(t, want, [2]string{endpoint, variant}, path)
	}
}
