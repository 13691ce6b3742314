// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package scrub

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestScrub finds a secret in the forms that it is written in.
func TestScrub(t *testing.T) {
	const secret = "p&ss/w<rd \"1\" äü+"
	s := New(secret, "hunter22", "abc", "")
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"as it is":           secret,
		"in a query":         url.QueryEscape(secret),
		"in a path":          url.PathEscape(secret),
		"in a path, small":   "p&ss%2fw%3crd%20%221%22%20%c3%a4%c3%bc+",
		"in JSON":            string(quoted),
		"quoted":             strconv.Quote(secret),
		"in base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
		"in base64 of URLs":  base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"in Basic auth, 0":   base64.StdEncoding.EncodeToString([]byte("user::" + secret)),
		"in Basic auth, 1":   base64.StdEncoding.EncodeToString([]byte("u:" + "x:" + secret + "x")),
		"in Basic auth, 2":   base64.StdEncoding.EncodeToString([]byte("user:" + secret + "xy")),
		"another, in a text": "is hunter22's",
		"another, in base64": base64.StdEncoding.EncodeToString([]byte("bob:hunter22")),
	} {
		t.Run(name, func(t *testing.T) {
			got := s.Text("before " + text + " after")
			assert.Contains(t, got, Mark)
			assert.True(t, strings.HasPrefix(got, "before ") && strings.HasSuffix(got, " after"), got)
			for _, part := range []string{"ss/w", "w<rd", "w%3Crd", "hunter"} {
				assert.NotContains(t, got, part)
			}
			for field := range strings.FieldsSeq(strings.ReplaceAll(got, Mark, " ")) {
				decoded, _ := base64.StdEncoding.DecodeString(field)
				assert.NotContains(t, string(decoded), "hunter2")
			}
		})
	}
	s.Add("-----BEGIN KEY-----\nMIIEvQIBADANBg\n  two  words\n")
	assert.Equal(t, "a [REDACTED] b [REDACTED] c", s.Text("a MIIEvQIBADANBg b -----BEGIN KEY----- MIIEvQIBADANBg two words c"))
	s.Add("Bearer eyJhbGciOi")
	s.Add("Basic " + base64.StdEncoding.EncodeToString([]byte("bob:pa55:word")))
	assert.Equal(t, "token [REDACTED], password [REDACTED], user bob, Bearer of news", s.Text("token eyJhbGciOi, password pa55:word, user bob, Bearer of news"))
	assert.Equal(t, "abcdef", s.Text("abcdef"), "three letters are no secret that can be looked for")
	assert.Equal(t, map[string]any{"a": []any{Mark, int64(5), nil}, Mark: true}, s.Value(map[string]any{"a": []any{"hunter22", int64(5), nil}, "hunter22": true}))
}
