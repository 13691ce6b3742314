// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"unicode"

	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/action"
	"github.com/otelcol-ml/otelcol-ml/exporter/mlactionexporter/internal/language"
)

// maxOverhead is what a multipart form adds to a file, at most.
const maxOverhead = 4 << 10

// prepared is a request as it is sent, at every attempt.
type prepared struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
	// sign is the secret that signs it, id the id that it is signed with.
	sign, id string
	// shown is set where it is for people to read: a file is named in the body, and not in it.
	shown bool
}

// prepare writes the request of a step. Its errors name the key.
func (x *run) prepare(ctx context.Context, s *action.Step, data map[string]any, dryRun bool) (*prepared, error) {
	p := &prepared{method: s.Method, header: http.Header{}}
	path, err := language.ParsePath(s.Path)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	written, err := path.Execute(data)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	query := url.Values{}
	if err := texts("query", s.Query, data, query.Set); err != nil {
		return nil, err
	}
	if dryRun {
		if err := texts("dry_run", s.DryRun, data, query.Set); err != nil {
			return nil, err
		}
	}
	if p.url, err = x.url(written, query); err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	contentType, err := x.body(ctx, s, data, p)
	if err != nil {
		return nil, err
	}
	if len(p.body) > s.MaxBytes {
		return nil, fmt.Errorf("the body has %d bytes, max_bytes is %d", len(p.body), s.MaxBytes)
	}
	p.header.Set("User-Agent", x.options.UserAgent)
	p.header.Set("Accept", "application/json, */*;q=0.1")
	if contentType != "" {
		p.header.Set("Content-Type", contentType)
	}
	if err := texts("headers", s.Headers, data, func(name, value string) {
		if value != "" {
			p.header.Set(name, value)
		}
	}); err != nil {
		return nil, err
	}
	for name, values := range p.header {
		if strings.ContainsFunc(values[0], unicode.IsControl) {
			return nil, fmt.Errorf("headers.%s: the value has a line break or another control character", name)
		}
	}
	return p, nil
}

// texts writes templates and gives them to set.
func texts(key string, templates map[string]string, data map[string]any, set func(name, value string)) error {
	for name, text := range templates {
		value, err := write(text, data)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", key, name, err)
		}
		set(name, value)
	}
	return nil
}

func write(text string, data map[string]any) (string, error) {
	t, err := language.ParseTemplate(text)
	if err != nil {
		return "", err
	}
	return t.Execute(data)
}

// body writes the body, and returns its content type.
func (x *run) body(ctx context.Context, s *action.Step, data map[string]any, p *prepared) (contentType string, err error) {
	b := s.Body
	for _, one := range []struct {
		key, contentType string
		value            any
	}{
		{"json", "application/json", b.JSON},
		{"merge", "application/merge-patch+json", b.Merge},
		{"patch", "application/json-patch+json", b.Patch},
	} {
		if one.value == nil {
			continue
		}
		if p.body, err = x.json(ctx, s, one.value, data, p.shown); err != nil {
			return "", fmt.Errorf("%s: %w", one.key, err)
		}
		return one.contentType, nil
	}
	switch {
	case b.Text != "":
		text, err := write(b.Text, data)
		if err != nil {
			return "", fmt.Errorf("text: %w", err)
		}
		p.body = []byte(text)
		return "text/plain; charset=utf-8", nil
	case b.Attachment != "":
		return x.attach(ctx, s, p)
	}
	return "", nil
}

// json writes a JSON body. A file in it is made to fit what the rest leaves of max_bytes.
func (x *run) json(ctx context.Context, s *action.Step, v any, data map[string]any, shown bool) ([]byte, error) {
	name := ""
	body, err := fill(v, data, func(file string) string {
		if name = file; shown {
			return "(the file " + file + ")"
		}
		return ""
	})
	if err != nil || name == "" || shown {
		return body, err
	}
	a, err := x.file(ctx, s, name, base64.StdEncoding.DecodedLen(max(0, s.MaxBytes-len(body))))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", language.File, err)
	}
	text := base64.StdEncoding.EncodeToString(a.Data)
	return fill(v, data, func(string) string { return text })
}

// fill writes the templates and expressions in a JSON value, and the text that file gives for the
// name of a file. A value that is absent is left out.
func fill(v any, data map[string]any, file func(name string) string) ([]byte, error) {
	filled, absent, err := filled(v, data, file)
	if err == nil && absent {
		err = errors.New("the expression gives nothing")
	}
	if err != nil {
		return nil, err
	}
	return language.EncodeJSON(filled)
}

func filled(v any, data map[string]any, file func(name string) string) (out any, absent bool, err error) {
	switch v := v.(type) {
	case string:
		out, err = write(v, data)
		return out, false, err
	case []any:
		list := make([]any, 0, len(v))
		for i, item := range v {
			one, absent, err := filled(item, data, file)
			if err != nil {
				return nil, false, fmt.Errorf("[%d]: %w", i, err)
			}
			if !absent {
				list = append(list, one)
			}
		}
		return list, false, nil
	case map[string]any:
		if text, ok := v[language.Expr].(string); ok {
			e, err := language.Compile(text)
			if err != nil {
				return nil, false, err
			}
			out, err = e.Eval(data)
			return out, out == nil, err
		}
		if name, ok := v[language.File].(string); ok {
			return file(name), false, nil
		}
		m := make(map[string]any, len(v))
		for key, item := range v {
			one, absent, err := filled(item, data, file)
			if err != nil {
				return nil, false, fmt.Errorf("%s: %w", key, err)
			}
			if !absent {
				m[key] = one
			}
		}
		return m, false, nil
	}
	return v, false, nil
}

// file makes a file of the evidence of at most limit bytes. What it had to leave out is noted.
func (x *run) file(ctx context.Context, s *action.Step, name string, limit int) (Attachment, error) {
	file := x.request.Files[name]
	if file == nil {
		return Attachment{}, fmt.Errorf("there is no %q", name)
	}
	if limit <= 0 {
		return Attachment{}, fmt.Errorf("max_bytes of %d leaves no room for it", s.MaxBytes)
	}
	a, err := file(ctx, limit)
	if err != nil {
		return Attachment{}, err
	}
	if len(a.Data) > limit {
		return Attachment{}, fmt.Errorf("has %d bytes, there is room for %d", len(a.Data), limit)
	}
	if a.Note != "" {
		x.note(a.Note)
	}
	return a, nil
}

// attach makes a file of the evidence the body, or a part of it.
func (x *run) attach(ctx context.Context, s *action.Step, p *prepared) (contentType string, err error) {
	limit := s.MaxBytes
	if s.Body.Field != "" {
		limit -= maxOverhead
	}
	a, err := x.file(ctx, s, s.Body.Attachment, limit)
	if err != nil {
		return "", fmt.Errorf("attachment: %w", err)
	}
	if s.Body.Field == "" {
		p.body = a.Data
		return a.ContentType, nil
	}
	if strings.ContainsFunc(a.Name+a.ContentType, unicode.IsControl) {
		return "", errors.New("attachment: its name or type has a control character")
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition(s.Body.Field, a.Name)},
		"Content-Type":        {a.ContentType},
	})
	if err != nil {
		return "", fmt.Errorf("attachment: %w", err)
	}
	if _, err := part.Write(a.Data); err != nil {
		return "", fmt.Errorf("attachment: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("attachment: %w", err)
	}
	p.body = b.Bytes()
	return mime.FormatMediaType("multipart/form-data", map[string]string{"boundary": w.Boundary()}), nil
}

// withAnswer is the data with an answer.
func withAnswer(data map[string]any, a *answer) map[string]any {
	all := maps.Clone(data)
	all["body"], all["status"], all["headers"] = a.body, int64(a.status), a.headers
	return all
}
