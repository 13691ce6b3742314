// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package personal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestName(t *testing.T) {
	for name, want := range map[string]bool{
		"email": true, "customer_email": true, "customerEmail": true, "E-Mail": true, "user.id": true, "creditCardNumber": true, "date_of_birth": true,
		"gen_ai.prompt": true, "client_ip": true, "IBAN": true, "pickup_latitude": true, "device_id": true,
		"amount": false, "age": false, "mailing_list_size": false, "shipping": false, "country": false, "items": false, "company": false, "tip_amount": false, "": false,
	} {
		assert.Equal(t, want, Name(name), name)
	}
}

// TestText has test numbers that banks and card schemes publish.
func TestText(t *testing.T) {
	for text, want := range map[string]bool{
		"jane.doe@example.org": true, "write to <jane@example.org>": true,
		"4111 1111 1111 1111": true, "378282246310005": true, "5555-5555-5555-4444": true, "4111 1111 1111 1112": false,
		"DE89 3704 0044 0532 0130 00": true, "GB29NWBK60161331926819": true,
		"EUR": false, "-3": false, "2026-11-30T12:00:00Z": false, "1e300": false, "a@b": false,
	} {
		assert.Equal(t, want, Text(text), text)
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"no account for jane.doe@example.org, nor for 'joe@mail.example.com'":         "no account for *, nor for '*'",
		"401 for Authorization: Bearer abcdefghijklmnop":                              "401 for Authorization: Bearer *",
		`{"api_key": "abc123", "n": 1}`:                                               `{"api_key": "*", "n": 1}`,
		"Incorrect API key provided: sk-proj-abcdefghijklmnopqrst.":                   "Incorrect API key provided: *.",
		"connect postgres://app:s3cret@db:5432/x?password=abc":                        "connect postgres://*@db:5432/x?password=*",
		"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc was refused":                  "token * was refused",
		"AKIAIOSFODNN7EXAMPLE, ghp_abcdefghijklmnopqrstuv":                            "*, *",
		"card 4111 1111 1111 1111 and 4111 1111 1111 1112":                            "card * and 4111 1111 1111 1112",
		"IBAN DE89 3704 0044 0532 0130 00 and DE00 3704 0044 0532 0130 00":            "IBAN * and DE00 3704 0044 0532 0130 00",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----":        "*",
		"token=" + strings.Repeat("x", 10_000) + " y":                                 "token=* y",
		"a_token: abc, tokenizer: abc, İ PASSWORD='x y'":                              "a_token: *, tokenizer: abc, İ PASSWORD='x y'",
		"sk-abcdefghijklmnopqrst sk-bcdefghijklmnopqrstu task-abcdefghijklmnopqrstuv": "* * task-abcdefghijklmnopqrstuv",
		// What must stay readable.
		"at node_modules/openai@4.5.1/index.js:12": "at node_modules/openai@4.5.1/index.js:12",
		"no such column: amount":                   "no such column: amount",
		"at 1795381655170000000 and 1795381655170": "at 1795381655170000000 and 1795381655170",
		"gen_ai.usage.input_tokens=12":             "gen_ai.usage.input_tokens=12",
		"https://example.com/a?b=c":                "https://example.com/a?b=c",
		"400 Basic validation failed: tokens: 12":  "400 Basic * failed: tokens: 12",
		"": "",
	} {
		got, n := Mask(text, "*")
		assert.Equal(t, want, got)
		assert.Equal(t, want != text, n > 0, text)
	}
}

// What Mask looks for first leaves nothing out.
func FuzzMask(f *testing.F) {
	f.Add("card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00")
	f.Add("BEARER abcdefghijkl https://a:b@c sk-abcdefghijklmnopqrst")
	f.Fuzz(func(t *testing.T, s string) {
		accounts, cards := numbers(s)
		assert.True(t, accounts || !iban.MatchString(s), s)
		assert.True(t, cards || !cardNumber.MatchString(s), s)
		once, n := Mask(s, "*")
		assert.True(t, n > 0 || once == s)
	})
}

func BenchmarkMask(b *testing.B) {
	text := strings.Repeat("the tokens of a request are counted in 0x4af3bc91e at ", 200)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Mask(text, "*")
	}
}
