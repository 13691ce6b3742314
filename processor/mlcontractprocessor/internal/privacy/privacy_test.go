// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package privacy

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func TestHides(t *testing.T) {
	g := NewGuard([]Rule{{Features: []string{"card_*"}, Action: Hash}, {Attributes: []string{"enduser.role"}, Action: Drop}}, []string{"salary"}, nil)
	for name, want := range map[string]bool{"card_type": true, "enduser.role": true, "salary": true, "ml.feature.salary": true, "email": true, "amount": false} {
		assert.Equal(t, want, g.Hides(name), name)
	}
}

func TestProtect(t *testing.T) {
	g := NewGuard([]Rule{
		{Features: []string{"card*"}, Attributes: []string{"enduser.id"}, Action: Hash}, {Features: []string{"email"}, Attributes: []string{"host.ip"}, Action: Drop},
	}, nil, []byte("secret"))
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	require.NoError(t, rs.Resource().Attributes().FromRaw(map[string]any{"host.ip": "10.0.0.1", "service.name": "s"}))
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for _, attributes := range []map[string]any{
		{"ml.feature.card": "4111", "ml.feature.email": "a@b.c", "ml.feature.amount": 2.5, "enduser.id": int64(7)},
		{"ml.features": map[string]any{"card": "4111", "email": "a@b.c", "amount": 2.5}},
		{"ml.features": `{"card":"4111","email":"a@b.c","amount":2.50,"big":12345678901234567890}`},
		{"ml.features": []any{map[string]any{"card": "4111"}, `{"card":null,"email":"x"}`}},
		{"ml.feature.card": []any{"4111", "", nil}},
		{"ml.features": `{"card":`},
		{"ml.feature.amount": 1.0},
	} {
		require.NoError(t, spans.AppendEmpty().Attributes().FromRaw(attributes))
	}
	assert.Equal(t, int64(12), g.Protect(td))
	hash := g.digest("4111")
	assert.Regexp(t, "^[0-9a-f]{32}$", hash)
	var got []map[string]any
	for _, s := range spans.All() {
		got = append(got, s.Attributes().AsRaw())
	}
	assert.Equal(t, []map[string]any{
		{"ml.feature.card": hash, "ml.feature.amount": 2.5, "enduser.id": g.digest("7")},
		{"ml.features": map[string]any{"card": hash, "amount": 2.5}},
		{"ml.features": `{"amount":2.50,"big":12345678901234567890,"card":"` + hash + `"}`},
		{"ml.features": []any{map[string]any{"card": hash}, `{"card":null}`}},
		{"ml.feature.card": []any{hash, "", nil}},
		{"ml.features": ""},
		{"ml.feature.amount": 1.0},
	}, got)
	assert.Equal(t, map[string]any{"service.name": "s"}, rs.Resource().Attributes().AsRaw())
	assert.NotEqual(t, hash, NewGuard(nil, nil, []byte("other")).digest("4111"))
}
