// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package visible

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Logger returns a logger whose lines have no control characters in message and fields. zap's
// encoder for terminals writes a message as it is, and escapes no more of a field than JSON needs:
// line breaks, but not DEL, C1 and the marks of direction.
func Logger(l *zap.Logger) *zap.Logger {
	return l.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		if _, is := c.(*core); is {
			return c
		}
		return &core{Core: c}
	}))
}

// Lines returns a logger like Logger's whose messages keep their line breaks, for what is to be copied
// whole. No part of such a message may be a text from elsewhere, unless it is quoted.
func Lines(l *zap.Logger) *zap.Logger {
	return l.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		if is, ok := c.(*core); ok {
			c = is.Core
		}
		return &core{Core: c, lines: true}
	}))
}

type core struct {
	zapcore.Core
	// lines keeps the line breaks of messages.
	lines bool
}

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{c.Core.With(clean(fields)), c.lines}
}

func (c *core) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Core.Check(entry, nil) == nil { // it may sample
		return checked
	}
	return checked.AddCore(entry, c)
}

func (c *core) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	if c.lines {
		entry.Message = Text(entry.Message)
	} else {
		entry.Message = Line(entry.Message)
	}
	return c.Core.Write(entry, clean(fields))
}

// clean returns fields of which no text has a control character. They are copied where one has.
func clean(fields []zapcore.Field) []zapcore.Field {
	out := fields
	for i := range fields {
		f, changed := cleanField(fields[i])
		if !changed {
			continue
		}
		if &out[0] == &fields[0] {
			out = append([]zapcore.Field(nil), fields...)
		}
		out[i] = f
	}
	return out
}

func cleanField(f zapcore.Field) (zapcore.Field, bool) {
	asText := func(s string) (zapcore.Field, bool) {
		text := Text(s) // encoders write line breaks of a field as \n
		return zap.String(f.Key, text), text != s
	}
	switch f.Type {
	case zapcore.StringType:
		return asText(f.String)
	case zapcore.ByteStringType:
		if b, ok := f.Interface.([]byte); ok {
			return asText(string(b))
		}
	case zapcore.ErrorType, zapcore.StringerType, zapcore.ReflectType, zapcore.ArrayMarshalerType, zapcore.ObjectMarshalerType, zapcore.InlineMarshalerType:
		to := zapcore.NewMapObjectEncoder()
		f.AddTo(to)
		changed := false
		cleaned := cleanValue(to.Fields, &changed).(map[string]any)
		switch {
		case !changed:
		case f.Type == zapcore.InlineMarshalerType:
			return zap.Inline(zapcore.ObjectMarshalerFunc(func(e zapcore.ObjectEncoder) error {
				for key, value := range cleaned {
					zap.Any(key, value).AddTo(e)
				}
				return nil
			})), true
		default: // of an error without what it says at length
			return zap.Any(f.Key, cleaned[f.Key]), true
		}
	default:
	}
	return f, false
}

// cleanValue cleans what an encoder in memory has.
func cleanValue(v any, changed *bool) any {
	switch v := v.(type) {
	case string:
		text := Text(v)
		*changed = *changed || text != v
		return text
	case []any:
		for i := range v {
			v[i] = cleanValue(v[i], changed)
		}
		return v
	case map[string]any:
		for key := range v {
			v[key] = cleanValue(v[key], changed)
		}
		return v
	case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return v
	default:
		said := fmt.Sprint(v)
		text := Text(said)
		if text != said {
			*changed = true
			return text
		}
		return v
	}
}
