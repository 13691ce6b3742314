// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"
)

// columnOf infers the only column of a file with the values.
func columnOf(t *testing.T, o Options, values ...string) (*Column, []Cell) {
	t.Helper()
	path := write(t, "a.csv", "x,n\n\""+strings.Join(values, "\",1\n\"")+"\",1\n")
	o.Delimiter = ','
	s, err := Infer(t.Context(), []string{path}, o)
	require.NoError(t, err)
	r, err := s.Open(path)
	require.NoError(t, err)
	defer r.Close()
	var cells []Cell
	for range values {
		row, err := r.Next(nil)
		require.NoError(t, err)
		cells = append(cells, row[0])
	}
	return s.Column("x"), cells
}

func numbers(cells []Cell) []float64 {
	out := make([]float64, len(cells))
	for i, c := range cells {
		v, ok := c.Number()
		if out[i] = v; !ok {
			out[i] = math.NaN()
		}
	}
	return out
}

func TestSpellingOfNumbers(t *testing.T) {
	yes, no := true, false
	for name, tt := range map[string]struct {
		o         Options
		values    []string
		typ       Type
		numbers   NumberFormat
		ambiguous bool
		want      []float64
	}{
		"plain":                {values: []string{"1", "-2.5", "1e-3"}, typ: TypeNumber, want: []float64{1, -2.5, 0.001}},
		"three decimals":       {values: []string{"11.512", "3.250"}, typ: TypeNumber, want: []float64{11.512, 3.25}},
		"thousands":            {values: []string{"18,456", "950", "1,234,567"}, typ: TypeInteger, numbers: ThousandsComma, want: []float64{18456, 950, 1234567}},
		"thousands, decimals":  {values: []string{"-1,234.5", "7"}, typ: TypeNumber, numbers: ThousandsComma, want: []float64{-1234.5, 7}},
		"decimal comma":        {values: []string{"704,29", "0,123", "12"}, typ: TypeNumber, numbers: DecimalComma, want: []float64{704.29, 0.123, 12}},
		"points for thousands": {values: []string{"11.512,50", "12.345"}, typ: TypeNumber, numbers: DecimalComma, want: []float64{11512.5, 12345}},
		"only points":          {values: []string{"1.234.567", "11.512"}, typ: TypeInteger, numbers: DecimalComma, want: []float64{1234567, 11512}},
		"blanks, apostrophes":  {values: []string{"1 234", "1\u202f234,5", "12'345"}, typ: TypeNumber, numbers: DecimalComma, want: []float64{1234, 1234.5, 12345}},
		"both ways":            {values: []string{"18,456", "11,369"}, typ: TypeInteger, numbers: ThousandsComma, ambiguous: true, want: []float64{18456, 11369}},
		"both ways, said":      {o: Options{DecimalComma: &yes}, values: []string{"18,456"}, typ: TypeNumber, numbers: DecimalComma, want: []float64{18.456}},
		"both ways, denied":    {o: Options{DecimalComma: &no}, values: []string{"18,456"}, typ: TypeInteger, numbers: ThousandsComma, want: []float64{18456}},
		"versions":             {values: []string{"1.2.3", "1.2.4"}, typ: TypeString},
		"lists":                {values: []string{"1,2,3", "1,2"}, typ: TypeString},
		"codes":                {values: []string{"00123", "12345"}, typ: TypeString},
		"addresses":            {values: []string{"10.0.0.1", "10.0.0.2"}, typ: TypeString},
	} {
		t.Run(name, func(t *testing.T) {
			c, cells := columnOf(t, tt.o, tt.values...)
			assert.Equal(t, tt.typ, c.Type)
			assert.Equal(t, tt.numbers, c.Numbers)
			assert.Equal(t, tt.ambiguous, c.AmbiguousNumbers)
			assert.Equal(t, len(tt.values), c.Present)
			if tt.want != nil {
				assert.Equal(t, tt.want, numbers(cells))
			}
		})
	}
}

func TestTextsThatMeanMissing(t *testing.T) {
	c, cells := columnOf(t, Options{}, "1.5", "NA", "2", "-", "inf", "1e400", "n/a", "", "NaN")
	assert.Equal(t, TypeNumber, c.Type)
	assert.Equal(t, 2, c.Present)
	assert.Equal(t, 7, c.Missing)
	assert.Equal(t, 2, c.Distinct)
	assert.Equal(t, [2]float64{1.5, 2}, [2]float64{c.Min, c.Max})
	assert.Equal(t, Missing, cells[1].Kind)
	assert.Equal(t, map[string]int{"NA": 1, "-": 1, "inf": 1, "1e400": 1, "n/a": 1, "NaN": 1}, c.MeansMissing)

	c, cells = columnOf(t, Options{}, "DE", "NA", "None", "FR")
	assert.Equal(t, TypeString, c.Type, "NA may be Namibia")
	assert.Equal(t, 4, c.Present)
	assert.Equal(t, "NA", cells[1].Category())
	assert.False(t, c.ReadsMissing())

	c, _ = columnOf(t, Options{}, "true", "?", "false")
	assert.Equal(t, TypeBool, c.Type)
	assert.Equal(t, 1, c.Missing)

	c, _ = columnOf(t, Options{}, "NA", "NA")
	assert.Equal(t, TypeEmpty, c.Type)
	assert.Equal(t, 2, c.Missing)

	c, _ = columnOf(t, Options{}, "1", "NA")
	c.AsTexts()
	assert.Equal(t, 2, c.Present)
	assert.Equal(t, 0, c.Missing)

	c, _ = columnOf(t, Options{}, "91.9%", "$1,234.50", "NA")
	assert.Equal(t, TypeString, c.Type)
	require.True(t, c.SignedNumbers)
	c.AsNumbers()
	assert.Equal(t, Cell{Kind: Number, Float: 91.9}, c.read(Cell{Kind: Text, Text: "91.9%"}))
	assert.Equal(t, Cell{Kind: Number, Float: 1234.5}, c.read(Cell{Kind: Text, Text: "$1,234.50"}))
	assert.Equal(t, Cell{}, c.read(Cell{Kind: Text, Text: "NA"}))
	assert.Equal(t, 1, c.Missing)
}

func TestSpellingOfDates(t *testing.T) {
	at := func(day, month, hour int) time.Time {
		return time.Date(2026, time.Month(month), day, hour, 0, 0, 0, time.UTC)
	}
	for name, tt := range map[string]struct {
		o      Options
		values []string
		want   []time.Time
		err    string
	}{
		"ISO":              {values: []string{"2026-11-30", "2026/12/01 10:00"}, want: []time.Time{at(30, 11, 0), at(1, 12, 10)}},
		"day first":        {values: []string{"03/04/2026", "31/12/2026 10:00:00"}, want: []time.Time{at(3, 4, 0), at(31, 12, 10)}},
		"month first":      {values: []string{"03/04/2026", "12/31/2026 10:00 PM"}, want: []time.Time{at(4, 3, 0), at(31, 12, 22)}},
		"points":           {values: []string{"03.04.2026", "05.04.2026"}, want: []time.Time{at(3, 4, 0), at(5, 4, 0)}},
		"two digits":       {values: []string{"31/12/26"}, want: []time.Time{at(31, 12, 0)}},
		"names of months":  {values: []string{"03-Apr-2026", "Dec 31, 2026"}, want: []time.Time{at(3, 4, 0), at(31, 12, 0)}},
		"digits":           {values: []string{"20260403", "20261231"}, want: []time.Time{at(3, 4, 0), at(31, 12, 0)}},
		"with NA":          {values: []string{"03.04.2026", "NA"}, want: []time.Time{at(3, 4, 0), {}}},
		"both ways":        {values: []string{"03/04/2026", "05/04/2026"}, err: "--date-order dmy or mdy"},
		"both ways, dmy":   {o: Options{DateOrder: OrderDMY}, values: []string{"03/04/2026"}, want: []time.Time{at(3, 4, 0)}},
		"both ways, mdy":   {o: Options{DateOrder: OrderMDY}, values: []string{"03/04/2026"}, want: []time.Time{at(4, 3, 0)}},
		"years":            {values: []string{"2019", "2024"}, err: "2019 to 2024 are years"},
		"small numbers":    {values: []string{"0", "99"}, err: "between 1970-01-01 and 1970-01-01"},
		"seconds":          {values: []string{"1775174400"}, want: []time.Time{at(3, 4, 0)}},
		"booleans":         {values: []string{"true"}, err: "no points in time"},
		"no day of a year": {values: []string{"31/02/2026"}, want: []time.Time{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, cells := columnOf(t, tt.o, tt.values...)
			err := c.AsTimestamp()
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			for i, cell := range cells {
				got, _ := c.read(cell).Instant()
				assert.Equal(t, tt.want[i], got)
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	encode := func(e unicode.Endianness, bom unicode.BOMPolicy, s string) string {
		out, err := unicode.UTF16(e, bom).NewEncoder().String(s)
		require.NoError(t, err)
		return out
	}
	const text = "age,city\n32,Zürich\n40,Köln\n"
	for name, tt := range map[string]struct {
		content, encoding, note, err string
	}{
		"UTF-8":                    {content: text},
		"with a mark":              {content: "\xef\xbb\xbf" + text},
		"UTF-16":                   {content: encode(unicode.LittleEndian, unicode.UseBOM, text), note: "UTF-16LE"},
		"UTF-16, big":              {content: encode(unicode.BigEndian, unicode.UseBOM, text), note: "UTF-16BE"},
		"UTF-16 without a mark":    {content: encode(unicode.LittleEndian, unicode.IgnoreBOM, text), note: "UTF-16LE"},
		"big without a mark":       {content: encode(unicode.BigEndian, unicode.IgnoreBOM, text), note: "UTF-16BE"},
		"Latin-1":                  {content: "age,city\n32,Z\xfcrich\n", err: `a.csv:2: column "city": "Z\xfcrich" is not UTF-8; in Windows-1252 it is "Zürich": --encoding windows-1252`},
		"Latin-1 in the header":    {content: "age,\xfc\n", err: "a.csv:1: the header"},
		"Latin-1, said":            {content: "age,city\n32,Z\xfcrich\n40,K\xf6ln\n", encoding: "latin-1"},
		"Windows-1252, said":       {content: "age,city\n32,Z\xfcrich\n40,K\xf6ln\n", encoding: "Windows-1252"},
		"a wrong one":              {content: "age,city\n32,Z\xfcrich\n", encoding: "shift_jis", err: "no shift_jis"},
		"UTF-32":                   {content: "\xff\xfe\x00\x00a\x00\x00\x00", err: "UTF-32"},
		"half a pair in UTF-16":    {content: encode(unicode.LittleEndian, unicode.UseBOM, "a\n1\n") + "\x00\xd8\n\x00", err: "no utf-16le"},
		"an encoding nobody knows": {content: text, encoding: "ebcdic", err: `encoding "ebcdic" is not known`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Infer(t.Context(), []string{write(t, "a.csv", tt.content)}, Options{Encoding: tt.encoding})
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []string{"age", "city"}, s.Names())
			assert.Equal(t, "Zürich", s.Column("city").Example)
			assert.Contains(t, strings.Join(s.Notes, " "), tt.note)
			assert.Equal(t, tt.note == "", len(s.Notes) == 0)
		})
	}
	for name, line := range map[string]string{
		"bytes":        "{\"a\": \"Z\xfcrich\"}",
		"half a pair":  `{"a": "\ud800"}`,
		"in a name":    "{\"a\xfc\": 1}",
		"after a long": `{"b": "` + strings.Repeat("x", 5000) + "\xfc\"}",
	} {
		t.Run("JSON: "+name, func(t *testing.T) {
			_, err := Infer(t.Context(), []string{write(t, "a.jsonl", line+"\n")}, Options{})
			require.ErrorContains(t, err, "a.jsonl:1")
			assert.Less(t, len(err.Error()), 400)
		})
	}
}

func TestNotANumberInJSON(t *testing.T) {
	content := `{"a": NaN, "b": Infinity, "c": -Infinity, "d": "NaN, \"Infinity", "e": 1}` + "\n" + `{"a":1.5,"b":NaN,"c":[NaN],"e":"NaN"}` + "\n"
	s, err := Infer(t.Context(), []string{write(t, "a.jsonl", content)}, Options{})
	require.NoError(t, err)
	assert.Equal(t, TypeNumber, s.Column("a").Type)
	assert.Equal(t, 1, s.Column("a").Missing)
	assert.Equal(t, TypeEmpty, s.Column("b").Type)
	assert.Equal(t, `NaN, "Infinity`, s.Column("d").Example)
	assert.Equal(t, TypeInteger, s.Column("e").Type)
	assert.Equal(t, 1, s.Column("e").Missing, "a text that means missing among numbers")
}

func TestDelimiterIsSeen(t *testing.T) {
	rows := func(d string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "age%[1]sincome%[1]scountry\n", d)
		for i := range 50 {
			fmt.Fprintf(&b, "%d%s%d,%02d%sDE\n", i, d, 100+i, i, d)
		}
		return b.String()
	}
	for _, d := range []string{";", "\t", "|"} {
		s, err := Infer(t.Context(), []string{write(t, "a.csv", rows(d))}, Options{})
		require.NoError(t, err)
		assert.Equal(t, []string{"age", "income", "country"}, s.Names())
		assert.Equal(t, 149.49, s.Column("income").Max, "a decimal comma")
		require.Len(t, s.Notes, 1)
		assert.Contains(t, s.Notes[0], "--delimiter")
	}
	for name, content := range map[string]string{
		"one column":         "x\n1\n2\n",
		"semicolons in text": "a,b\n1,x;y\n2,z;w\n",
		"one that has them":  "a;b\n1\n",
	} {
		s, err := Infer(t.Context(), []string{write(t, "a.csv", content)}, Options{})
		require.NoError(t, err, name)
		assert.Empty(t, s.Notes, name)
	}
}
