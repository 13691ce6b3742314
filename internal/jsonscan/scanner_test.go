// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package jsonscan

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// decode reads a value as encoding/json does into an any. The last of members of one key counts.
func decode(s *Scanner) (any, error) {
	switch s.Peek() {
	case '{':
		out := map[string]any{}
		return out, s.Object(func(key string) (err error) {
			out[key], err = decode(s)
			return err
		})
	case '[':
		out := []any{}
		err := s.Array(func(int) error {
			v, err := decode(s)
			out = append(out, v)
			return err
		})
		return out, err
	}
	v, err := s.Scalar()
	if err != nil {
		return nil, err
	}
	switch v.Kind() {
	case value.Int:
		return v.Int(), nil
	case value.Float:
		f, _ := v.Number()
		return f, nil
	case value.Bool:
		return v.Bool(), nil
	case value.Text:
		return v.Text(), nil
	default:
		return nil, nil
	}
}

func decodeAll(text string) (any, error) {
	s := New(text)
	v, err := decode(&s)
	if err == nil {
		err = s.End()
	}
	return v, err
}

func skipAll(text string) (Scanner, error) {
	s := New(text)
	err := s.Skip()
	if err == nil {
		err = s.End()
	}
	return s, err
}

func TestValues(t *testing.T) {
	for in, want := range map[string]any{
		`1`: int64(1), `-12`: int64(-12), `-0`: int64(0), `9223372036854775807`: int64(math.MaxInt64), `9223372036854775808`: 9223372036854775808.0,
		`1.0`: 1.0, `-12.5e1`: -125.0, `1E-7`: 1e-7, `1e999`: nil, `-1e999`: nil, `1e-999`: 0.0,
		`NaN`: nil, `Infinity`: nil, `-Infinity`: nil, `true`: true, `false`: false, `null`: nil, " \t\r\n7 ": int64(7),
		`""`: "", `"a b"`: "a b", `"\u00e4\n\"\\\/\b\f\r\t"`: "ä\n\"\\/\b\f\r\t", `"\ud83d\ude00"`: "😀", "\"\x7fä😀\"": "\x7fä😀",
		`"\ud83d"`: "\ufffd", `"\ud83dx"`: "\ufffdx", `"\ude00\ud83d"`: "\ufffd\ufffd", `"\ud83d\u0041"`: "\ufffdA", `"\ud83d\n"`: "\ufffd\n",
		"\"\xff\"": "\xff", "\"\xff\\n\"": "\xff\n",
		`[1, [], {"a" : {}, "b":[0.5]}]`: []any{int64(1), []any{}, map[string]any{"a": map[string]any{}, "b": []any{0.5}}},
	} {
		t.Run(in, func(t *testing.T) {
			got, err := decodeAll(in)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			_, err = skipAll(in)
			require.NoError(t, err)
		})
	}
}

// TestErrors says what is wrong and where, of what is read and of what is skipped alike.
func TestErrors(t *testing.T) {
	for in, want := range map[string]struct {
		err    Error
		offset int
	}{
		``: {ErrTooShort, 0}, ` `: {ErrTooShort, 1}, `"`: {ErrTooShort, 1}, `"\`: {ErrTooShort, 2}, `"\x"`: {ErrUnexpected, 2}, `"\u12g4"`: {ErrUnexpected, 5}, `"\u12`: {ErrTooShort, 5},
		"\"a\nb\"": {ErrUnexpected, 2}, "\"0123456\x1f\"": {ErrUnexpected, 8}, `[1`: {ErrTooShort, 2}, `[1 2]`: {ErrUnexpected, 3}, `[1,]`: {ErrUnexpected, 3}, `[,1]`: {ErrUnexpected, 1},
		`{`: {ErrTooShort, 1}, `{"a" 1}`: {ErrUnexpected, 5}, `{"a":}`: {ErrUnexpected, 5}, `{"a":1,}`: {ErrUnexpected, 7}, `{1:2}`: {ErrUnexpected, 1}, `{"a":1]`: {ErrUnexpected, 6},
		`-`: {ErrTooShort, 1}, `--1`: {ErrUnexpected, 1}, `1.`: {ErrTooShort, 2}, `1.x`: {ErrUnexpected, 2}, `1e`: {ErrTooShort, 2}, `1e+`: {ErrTooShort, 3}, `.5`: {ErrUnexpected, 0},
		`+1`: {ErrUnexpected, 0}, `01`: {ErrUnexpected, 1}, `1.2.3`: {ErrUnexpected, 3}, `1.-Infinity`: {ErrUnexpected, 2}, `1e-Infinity`: {ErrUnexpected, 3}, `tru`: {ErrUnexpected, 0},
		`nullx`: {ErrUnexpected, 4}, `7 8`: {ErrUnexpected, 2}, "\x00": {ErrUnexpected, 0}, "1\x00": {ErrUnexpected, 1}, `[[1}`: {ErrUnexpected, 3},
		strings.Repeat("[", MaxDepth+1): {ErrTooDeep, MaxDepth}, strings.Repeat(`{"a":`, MaxDepth+1): {ErrTooDeep, 5 * MaxDepth},
	} {
		t.Run(in, func(t *testing.T) {
			s, err := skipAll(in)
			assert.Equal(t, want.err, err, err)
			assert.NotEmpty(t, err.Error())
			if want.err != ErrTooDeep { // it is found before or behind its bracket
				assert.Equal(t, want.offset, s.Offset())
			}
			s = New(in)
			if _, err = decode(&s); err == nil {
				err = s.End()
			}
			assert.Equal(t, want.err, err, err)
		})
	}
}

func TestDepth(t *testing.T) {
	deepest := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	_, err := skipAll(deepest)
	require.NoError(t, err)
	_, err = decodeAll(deepest)
	require.NoError(t, err)
	_, err = decodeAll("[" + strings.Repeat("[],", MaxDepth) + "{}]") // beside one another
	require.NoError(t, err)

	// What is skipped within what is read counts from the outside.
	s := New("[" + deepest + "]")
	assert.Equal(t, ErrTooDeep, s.Array(func(int) error { return s.Skip() }))
}

// TestSteps reads step by step, returns to where it was and tells what was read.
func TestSteps(t *testing.T) {
	s := New(`{"a": 1, "b\u0062": [2, 3] } rest`)
	require.True(t, s.Take('{'))
	start := s
	key, err := s.Key()
	require.NoError(t, err)
	assert.Equal(t, "a", key)
	assert.False(t, s.Take(','))
	require.NoError(t, s.Skip())
	require.True(t, s.Take(','))
	key, err = s.Key()
	require.NoError(t, err)
	assert.Equal(t, "bb", key)
	assert.Equal(t, 2+ownText, s.Copied())
	s.Peek()
	at := s.Offset()
	require.NoError(t, s.Skip())
	assert.Equal(t, "[2, 3]", s.From(at))
	require.True(t, s.Take('}'))
	assert.Equal(t, " rest", s.Rest())
	assert.Equal(t, ErrUnexpected, s.End())

	s = start
	key, err = s.Key()
	require.NoError(t, err)
	assert.Equal(t, "a", key)
}

// TestAllocations holds that nothing is allocated for what has no escapes, nor for what is not
// JSON.
func TestAllocations(t *testing.T) {
	for _, in := range []string{
		`{"age": 52, "rooms": [3, 4.5, -1e3], "city": "somewhere far away", "sold": true, "note": null, "more": {"a": [{}]}}`,
		`{"a": "not closed`, `[1, 2, x]`, strings.Repeat("[", MaxDepth+1),
	} {
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			s := New(in)
			_ = walk(&s)
		}), in)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			s := New(in)
			_ = s.Skip()
		}), in)
	}
}

// walk reads everything and keeps nothing.
func walk(s *Scanner) error {
	switch s.Peek() {
	case '{':
		return s.Object(func(string) error { return walk(s) })
	case '[':
		return s.Array(func(int) error { return walk(s) })
	}
	_, err := s.Scalar()
	return err
}

// FuzzScanner takes for JSON what encoding/json does, and reads the same values from it; beside it,
// only NaN and Infinity are taken.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e3,"x\u00e4\\\"",true,false,null,{}]}`, `[[[]]]`, `"`, `{"a":`, `01`, `-`, `-0`, `1.`, `.5`, `1e`, `1e+5`, "[1,]", "\"\x01\"", `1e999`, `"\ud800"`,
		`"\x"`, `"\u12g4"`, "\"\xff\"", `{"a" 1}`, ` 7 `, `7 8`, `{,}`, `[`, `[NaN,-Infinity]`, `"\ud83d\ude00\ud83d\u0041"`, `{"a":1,"a":2}`, "\"0123456789abcdef\xff\\n\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := decodeAll(text)
		_, skipErr := skipAll(text)
		require.Equal(t, err == nil, skipErr == nil, "read: %v, skipped: %v", err, skipErr)

		valid := json.Valid([]byte(text))
		if err != nil {
			if valid {
				assert.Equal(t, ErrTooDeep, err)
				assert.Greater(t, strings.Count(text, "[")+strings.Count(text, "{"), MaxDepth)
			}
			return
		}
		if !valid {
			assert.True(t, strings.Contains(text, "NaN") || strings.Contains(text, "Infinity"), "%q is taken for JSON", text)
			return
		}
		d := json.NewDecoder(bytes.NewReader([]byte(text)))
		d.UseNumber()
		var want any
		require.NoError(t, d.Decode(&want))
		assert.Equal(t, want, asNumbers(read, want))
	})
}

// asNumbers puts encoding/json's numbers in place of equal ones, and U+FFFD in place of each byte
// that is not UTF-8.
func asNumbers(got, want any) any {
	switch got := got.(type) {
	case nil:
		if n, ok := want.(json.Number); ok {
			if _, err := n.Float64(); err != nil {
				return n // it is out of range
			}
		}
		return got
	case string:
		return string([]rune(got))
	case int64, float64:
		n, ok := want.(json.Number)
		if !ok {
			return got
		}
		if f, _ := n.Float64(); got == f {
			return n
		}
		if i, err := n.Int64(); err == nil && got == i {
			return n
		}
		return got
	case []any:
		out := make([]any, len(got))
		for i := range got {
			var w any
			if want, ok := want.([]any); ok && i < len(want) {
				w = want[i]
			}
			out[i] = asNumbers(got[i], w)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(got))
		for k, v := range got {
			k = string([]rune(k))
			var w any
			if want, ok := want.(map[string]any); ok {
				w = want[k]
			}
			out[k] = asNumbers(v, w)
		}
		return out
	default:
		return got
	}
}

func BenchmarkScanner(b *testing.B) {
	message := `{"messages": [{"role": "user", "content": "` + strings.Repeat("a question that is long, ", 40) + `"}, {"role": "assistant", "content": "short"}], "n": [1, 2.5, 3]}`
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(message)))
		b.ReportAllocs()
		for b.Loop() {
			s := New(message)
			_ = walk(&s)
		}
	})
	b.Run("skip", func(b *testing.B) {
		b.SetBytes(int64(len(message)))
		b.ReportAllocs()
		for b.Loop() {
			s := New(message)
			_ = s.Skip()
		}
	})
}
