// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package visible

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestLineAndText(t *testing.T) {
	for in, want := range map[string][2]string{ // Line, Text
		"recsys_daily (production)":           {"recsys_daily (production)", "recsys_daily (production)"},
		`C:\new\table \u001b`:                 {`C:\new\table \u001b`, `C:\new\table \u001b`},
		"Z\u00fcrich \u65e5\u672c \U0001f98a": {"Z\u00fcrich \u65e5\u672c \U0001f98a", "Z\u00fcrich \u65e5\u672c \U0001f98a"},
		"\x1b[2J\x1b]0;title\x07":             {`\u001b[2J\u001b]0;title\u0007`, `\u001b[2J\u001b]0;title\u0007`},
		"two\r\nlines\tand a tab":             {`two\u000d\u000alines\u0009and a tab`, "two" + `\u000d` + "\nlines\tand a tab"},
		"\u009b31m \x7f \x00":                 {`\u009b31m \u007f \u0000`, `\u009b31m \u007f \u0000`},
		"a\u202eb\u2066c\u2069":               {`a\u202eb\u2066c\u2069`, `a\u202eb\u2066c\u2069`},
		"a\u2028b\u2029c":                     {`a\u2028b\u2029c`, `a\u2028b\u2029c`},
		"M\xfcnchen\x1b":                      {"M\uFFFDnchen" + `\u001b`, "M\uFFFDnchen" + `\u001b`},
	} {
		assert.Equal(t, want[0], Line(in), "%q", in)
		assert.Equal(t, want[1], Text(in), "%q", in)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\x1b\u202eb\n")
	f.Fuzz(func(t *testing.T, s string) {
		line, text := Line(s), Text(s)
		require.True(t, utf8.ValidString(line))
		require.Equal(t, -1, strings.IndexFunc(line, unicode.IsControl))
		require.Equal(t, line, Line(line))
		require.Equal(t, text, Text(text))
		require.Equal(t, line, Line(text))
	})
}

type object struct{ text string }

func (o object) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddString("inner", o.text)
	return nil
}

// TestLogger writes a control character in each place of a line, as a terminal gets it.
func TestLogger(t *testing.T) {
	const evil = "\x1b[2J\u009b\u202e\nforged"
	fields := map[string]func(string) zap.Field{
		"string":   func(s string) zap.Field { return zap.String("key", s) },
		"bytes":    func(s string) zap.Field { return zap.ByteString("key", []byte(s)) },
		"error":    func(s string) zap.Field { return zap.Error(errors.New(s)) },
		"strings":  func(s string) zap.Field { return zap.Strings("key", []string{"a", s}) },
		"any":      func(s string) zap.Field { return zap.Any("key", map[string]any{"a": []any{1, s}}) },
		"reflect":  func(s string) zap.Field { return zap.Reflect("key", struct{ A string }{s}) },
		"object":   func(s string) zap.Field { return zap.Object("key", object{s}) },
		"inline":   func(s string) zap.Field { return zap.Inline(object{s}) },
		"stringer": func(s string) zap.Field { return zap.Stringer("key", bytes.NewBufferString(s)) },
	}
	written := func(log func(*zap.Logger)) string {
		var out bytes.Buffer
		encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "message", LineEnding: "\n"})
		log(zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zap.InfoLevel)))
		return out.String()
	}
	for name, field := range fields {
		raw := written(func(l *zap.Logger) { l.Info("said", field("harmless")) })
		assert.Equal(t, raw, written(func(l *zap.Logger) { Logger(l).Info("said", field("harmless")) }), name)
		for _, log := range []func(*zap.Logger){
			func(l *zap.Logger) { Logger(l).Info(evil, zap.Int("n", 1), field(evil)) },
			func(l *zap.Logger) { Logger(l).With(field(evil)).Info(evil) },
			func(l *zap.Logger) { Logger(Logger(l)).Info(evil, field(evil)) },
		} {
			line := written(log)
			require.True(t, strings.HasSuffix(line, "\n"), name)
			line = strings.TrimSuffix(line, "\n")
			// Between message and fields the encoder has a tab.
			assert.Equal(t, -1, strings.IndexFunc(strings.ReplaceAll(line, "\t", " "), hidden), "%s: %q", name, line)
			assert.Contains(t, line, "forged", name)
		}
	}
	assert.Empty(t, written(func(l *zap.Logger) { Logger(l).Debug(evil) }))
	card := written(func(l *zap.Logger) {
		Lines(Logger(l)).Info("a card:\nname: \"\u202e\"", zap.String("key", "two\nlines"))
	})
	assert.Equal(t, "a card:\nname: \"\\u202e\"\t{\"key\": \"two\\nlines\"}\n", card)
}

func BenchmarkLine(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Line("recsys_daily failed in train after 3 attempts: OutOfMemoryError: CUDA out of memory")
	}
}
