// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	assert.Equal(t, "0", Count(0))
	assert.Equal(t, "999", Count(999))
	assert.Equal(t, "1,234,567", Count(1234567))
	assert.Equal(t, "-1,000", Count(-1000))
	assert.Equal(t, "1 row", Plural(1, "row"))
	assert.Equal(t, "2,000 rows", Plural(2000, "row"))
	for v, want := range map[float64]string{
		0: "0", 1: "1", 0.25: "0.25", 3.14159: "3.142", -2.5: "-2.5", 123.456: "123.5", 9999.9: "10,000", 1234.5: "1,235", 12345.6: "12,346",
		0.00012345: "0.000123", 1e-7: "1e-07", 2.5e12: "2.5e+12",
	} {
		assert.Equal(t, want, Number(v))
	}
	assert.Equal(t, "-", Number(math.NaN()))
	for v, want := range map[float64]string{0: "0 %", 0.0001: "<0.1 %", 0.012: "1.2 %", 0.05: "5 %", 0.426: "43 %", 1: "100 %"} {
		assert.Equal(t, want, Percent(v))
	}
	for v, want := range map[float64]string{0: "< 1e-9", 1e-10: "< 1e-9", 2.4e-5: "2e-05", 0.0421: "0.042", 1: "1.000"} {
		assert.Equal(t, want, PValue(v))
	}
	assert.Equal(t, "1.2s", Duration(1234*time.Millisecond))
	assert.Equal(t, "1m1s", Duration(61234*time.Millisecond))
}

func TestClean(t *testing.T) {
	assert.Equal(t, "Zürich", Clean("Zürich", 10))
	assert.Equal(t, `\x1b[31mred\n`, Clean("\x1b[31mred\n", 20))
	assert.Equal(t, "abcd…", Clean("abcdefgh", 5))
	assert.Equal(t, `""`, Clean("", 5))
}

func TestSparkAndBar(t *testing.T) {
	assert.Equal(t, "▁ ▅█", Spark([]float64{0.1, 0, 4, 8}))
	assert.Equal(t, "  ", Spark([]float64{0, 0}))
	assert.Equal(t, "██··", Bar(0.5, 4))
	assert.Equal(t, "████", Bar(7, 4))
}

func TestTable(t *testing.T) {
	tab := NewTable("feature|", "n", "what|")
	tab.Row("amount", "1,000", "▁█")
	tab.Row("ü", "7")
	var b bytes.Buffer
	require.NoError(t, tab.Write(&b, "  "))
	assert.Equal(t, strings.Join([]string{
		"  feature      n  what",
		"  ───────  ─────  ────",
		"  amount   1,000  ▁█",
		"  ü            7",
		"",
	}, "\n"), b.String())
}

func TestProgressOnPlainOutput(t *testing.T) {
	var b bytes.Buffer
	p := NewProgress(&b, "replay", 100)
	at := time.Unix(0, 0)
	p.start = at
	p.now = func() time.Time { return at.Add(2 * time.Second) }
	for i := range 101 {
		p.Set(i)
	}
	p.Finish("row")
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	require.Len(t, lines, 10)
	assert.Equal(t, "replay: 10 %, 10 of 100", lines[0])
	assert.Equal(t, "replay: 100 rows in 2s, 50/s", lines[9])
}

func TestProgressOnATerminal(t *testing.T) {
	var b bytes.Buffer
	p := NewProgress(&b, "replay", 100)
	p.terminal = true
	at := time.Unix(0, 0)
	p.start = at
	p.now = func() time.Time { at = at.Add(50 * time.Millisecond); return at }
	for i := range 101 {
		p.Set(i)
	}
	p.Clear()
	draws := strings.Split(b.String(), "\r\x1b[K")
	assert.Len(t, draws, 53, "at most ten draws a second, and one to clear")
	assert.Contains(t, draws[26], "50 of 100")
	assert.Contains(t, draws[26], "left")
	var none *Progress
	none.Set(1)
	none.Finish("row")
}

func TestErrorf(t *testing.T) {
	assert.Equal(t, "x: a\n  b\n", Errorf("x", errors.Join(errors.New("a"), errors.New("b"))))
}

func TestStatus(t *testing.T) {
	wrong := errors.New("wrong")
	for _, c := range []struct {
		err, printed error
		status       int
	}{
		{},
		{err: wrong, printed: wrong, status: 1},
		{err: &StatusError{Status: 2, Err: wrong}, printed: wrong, status: 2},
		{err: fmt.Errorf("on the way: %w", &StatusError{Status: 3}), status: 3},
	} {
		status, printed := statusOf(c.err)
		assert.Equal(t, c.status, status)
		assert.Equal(t, c.printed, printed)
	}
	require.ErrorIs(t, &StatusError{Status: 2, Err: wrong}, wrong)
	assert.EqualError(t, &StatusError{Status: 2, Err: wrong}, "wrong")
	assert.EqualError(t, &StatusError{Status: 3}, "status 3")
}
