// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package scrub takes secrets out of texts: servers, and whoever stands before them, quote what they
// were sent in their errors, and errors are logged.
//
//	secrets that are known ─► Scrubber ─► texts
//	headers of a request ───► Transport ─► what comes back: its error, or the status, headers and body of its answer
package scrub

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	// Mark stands for a secret.
	Mark = "[REDACTED]"
	// minSecret is the length of a secret from which it is looked for in texts. Shorter ones would
	// take the letters out of every other word; nothing that we write ourselves has them anyway.
	minSecret = 4
	// minLine is the length from which a line of a secret is a secret of its own.
	minLine = 8
	// minBase64 is the length of the part of a base64 text that is sure to be of a secret.
	minBase64 = 8
)

// Scrubber takes secrets out of texts: as they are, and as URLs, JSON, Go's quotes and base64 write
// them, the last also where the secret is in the middle of what is encoded, as in Basic auth.
type Scrubber struct {
	forms    []string
	replacer *strings.Replacer
}

// New returns a Scrubber of secrets.
func New(secrets ...string) *Scrubber {
	s := &Scrubber{replacer: strings.NewReplacer()}
	for _, secret := range secrets {
		s.Add(secret)
	}
	return s
}

// Add has a secret taken out from now on.
func (s *Scrubber) Add(secret string) {
	before := len(s.forms)
	wholes := append([]string{secret, strings.TrimSpace(secret), OneLine(secret)}, credentials(secret)...)
	for line := range strings.Lines(secret) { // of a key in PEM, each is one
		if line = strings.TrimSpace(line); len(line) >= minLine {
			wholes = append(wholes, line)
		}
	}
	for _, whole := range wholes {
		if len(whole) < minSecret {
			continue
		}
		s.form(whole)
		for _, escaped := range []string{url.QueryEscape(whole), url.PathEscape(whole)} {
			s.form(escaped)
			s.form(lowerHex(escaped))
		}
		if data, err := json.Marshal(whole); err == nil {
			s.form(string(data[1 : len(data)-1]))
		}
		s.form(plainJSON(whole))
		quoted := strconv.Quote(whole)
		s.form(quoted[1 : len(quoted)-1])
		s.base64(whole)
	}
	if len(s.forms) == before {
		return
	}
	// The longest come first, so that no rest of a longer form remains.
	slices.SortStableFunc(s.forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	s.replace()
}

// replace has the forms replaced.
func (s *Scrubber) replace() {
	pairs := make([]string, 0, 2*len(s.forms))
	for _, form := range s.forms {
		pairs = append(pairs, form, Mark)
	}
	s.replacer = strings.NewReplacer(pairs...)
}

// credentials are the secret part of the value of an Authorization header: Bearer TOKEN, or the
// password of Basic auth.
func credentials(secret string) []string {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(secret), " ")
	if !ok || strings.ContainsRune(rest, ' ') || len(rest) < minLine {
		return nil
	}
	out := []string{rest}
	if strings.EqualFold(scheme, "basic") {
		if decoded, err := base64.StdEncoding.DecodeString(rest); err == nil {
			if _, password, ok := strings.Cut(string(decoded), ":"); ok {
				out = append(out, password)
			}
		}
	}
	return out
}

func (s *Scrubber) form(text string) {
	if len(text) >= minSecret && !slices.Contains(s.forms, text) {
		s.forms = append(s.forms, text)
	}
}

// base64 adds the secret in base64: as a whole, and the digits that are the same wherever in a
// longer text it stands.
func (s *Scrubber) base64(secret string) {
	for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		s.form(e.EncodeToString([]byte(secret)))
		raw := e.WithPadding(base64.NoPadding)
		s.form(raw.EncodeToString([]byte(secret)))
		for offset := range 3 {
			text := raw.EncodeToString(append(make([]byte, offset), secret...))
			// Digits at the ends have bits of what stands beside the secret.
			first := []int{0, 2, 3}[offset]
			last := (offset + len(secret)) * 8 / 6
			if last-first >= minBase64 {
				s.form(text[first:last])
			}
		}
	}
}

// lowerHex writes %2F as %2f.
func lowerHex(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// Text returns a text without the secrets.
func (s *Scrubber) Text(text string) string { return s.replacer.Replace(text) }

// Value scrubs the texts in a plain value, and returns a copy.
func (s *Scrubber) Value(v any) any {
	switch v := v.(type) {
	case string:
		return s.Text(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = s.Value(item)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, item := range v {
			m[s.Text(k)] = s.Value(item)
		}
		return m
	}
	return v
}

// plainJSON is a text in a JSON string that is not for HTML.
func plainJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return ""
	}
	data := bytes.TrimSpace(b.Bytes())
	return string(data[1 : len(data)-1])
}

// OneLine is a text as it stands in a log line: valid UTF-8 without control characters, each run of
// spaces and line breaks one space.
func OneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}
