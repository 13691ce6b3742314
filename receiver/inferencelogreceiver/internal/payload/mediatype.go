// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"mime"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

// ParseAs reads a body by its media type: CSV, JSON lines, JSON. Of any other type it reads what is
// JSON nevertheless, or, where it is called text, numbers as CSV: web frameworks call an answer
// text/html where their user says nothing. Else it returns a payload of unknown rows without
// tensors.
func ParseAs(contentType, body string, side Side, limits Limits, header func(cells []string) bool) (*Payload, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = strings.ToLower(strings.TrimSpace(contentType))
	}
	switch {
	case media == "text/csv":
		return ParseCSV(body, limits, header)
	case strings.HasSuffix(media, "jsonlines"), strings.HasSuffix(media, "x-ndjson"):
		return ParseLines(body, side, limits)
	case media == "application/json", strings.HasSuffix(media, "+json"):
		return ParseLoose(body, side, limits)
	}
	if p, ok := sniff(media, body, side, limits); ok {
		return p, nil
	}
	return &Payload{Rows: -1, bytes: len(body)}, nil
}

// sniff reads a body that is of another type than it says.
func sniff(media, body string, side Side, limits Limits) (*Payload, bool) {
	body = strings.TrimSpace(strings.TrimPrefix(body, byteOrderMark))
	switch {
	case body == "":
		return nil, false
	case body[0] == '{' || body[0] == '[':
		p, err := ParseLoose(body, side, limits)
		return p, err == nil
	case !strings.HasPrefix(media, "text/"):
		return nil, false
	}
	p, err := ParseCSV(body, limits, func([]string) bool { return false })
	if err != nil || p.Tensors[0].Names != nil || len(p.Tensors[0].Cells) == 0 {
		return nil, false
	}
	for _, c := range p.Tensors[0].Cells {
		if c.Kind() != value.Int && c.Kind() != value.Float {
			return nil, false
		}
	}
	return p, true
}
