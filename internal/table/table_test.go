// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package table

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// all reads a file; rows are padded to the columns known at the end.
func all(t *testing.T, path string, o Options) (columns []string, rows [][]Cell) {
	t.Helper()
	r, err := Open(path, o)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for {
		row, err := r.Next(nil)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Len(t, row, len(r.Columns()))
		rows = append(rows, row)
	}
	_, err = r.Next(nil)
	require.ErrorIs(t, err, io.EOF, "the end stays the end")
	columns = r.Columns()
	for i := range rows {
		for len(rows[i]) < len(columns) {
			rows[i] = append(rows[i], Cell{})
		}
	}
	return columns, rows
}

func categories(rows [][]Cell, column int) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r[column].Category())
	}
	return out
}

func TestCSV(t *testing.T) {
	columns, rows := all(t, "testdata/types.csv", Options{})
	assert.Equal(t, []string{"id", "amount", "country", "new", "when", "note", "empty", "mixed"}, columns)
	require.Len(t, rows, 3)
	assert.Equal(t, []string{"DE", "", "FR"}, categories(rows, 2))
	assert.Equal(t, Missing, rows[1][2].Kind)
	assert.Equal(t, []string{"x, y", "two\nlines", `say "hi"`}, categories(rows, 5))
	v, ok := rows[1][1].Number()
	assert.True(t, ok)
	assert.Equal(t, 2.5, v)
	at, ok := rows[1][4].Instant()
	assert.True(t, ok)
	assert.Equal(t, time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC), at)
}

func TestCSVDialects(t *testing.T) {
	for name, path := range map[string]string{
		"tab by extension":    write(t, "a.tsv", "a\tb\n1\t2,5\n"),
		"byte order mark":     write(t, "a.csv", "\xef\xbb\xbfa,b\n1,\"2,5\"\n"),
		"carriage returns":    write(t, "a.csv", "a,b\r\n1,\"2,5\"\r\n"),
		"no newline at end":   write(t, "a.csv", "a,b\n1,\"2,5\""),
		"blanks round a name": write(t, "a.csv", " a ,b\n1,\"2,5\"\n"),
	} {
		t.Run(name, func(t *testing.T) {
			columns, rows := all(t, path, Options{})
			assert.Equal(t, []string{"a", "b"}, columns)
			require.Len(t, rows, 1)
			assert.Equal(t, "2,5", rows[0][1].Category())
		})
	}
	_, rows := all(t, write(t, "a.txt", "a;b\n1;NA\n"), Options{Delimiter: ';', Null: []string{"NA"}})
	assert.Equal(t, Missing, rows[0][1].Kind)
	columns, _ := all(t, write(t, "frame.csv", ",x\n0,1\n"), Options{})
	assert.Equal(t, []string{"column_1", "x"}, columns)
}

func TestJSONLines(t *testing.T) {
	r, err := Open("testdata/types.jsonl", Options{})
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Next(nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"tags"}, r.Skipped())
	assert.Contains(t, r.Where(), "types.jsonl:1")

	columns, rows := all(t, "testdata/types.jsonl", Options{})
	assert.Equal(t, []string{"id", "amount", "user.country", "user.new", "when", "late"}, columns)
	require.Len(t, rows, 3)
	assert.Equal(t, []string{"10", "2.5", ""}, categories(rows, 1))
	assert.Equal(t, []string{"DE", "", ""}, categories(rows, 2))
	assert.Equal(t, []string{"true", "", "false"}, categories(rows, 3))
	assert.Equal(t, []string{"", "7", ""}, categories(rows, 5))
	at, ok := rows[2][4].Instant()
	assert.True(t, ok)
	assert.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), at)
}

func TestGzip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv.gz")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte("a,b\n1,2\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	columns, rows := all(t, path, Options{})
	assert.Equal(t, []string{"a", "b"}, columns)
	assert.Equal(t, []string{"2"}, categories(rows, 1))
}

type parquetRow struct {
	ID     string    `parquet:"id"`
	Amount *float64  `parquet:"amount,optional"`
	Ratio  float32   `parquet:"ratio"`
	Count  int32     `parquet:"count"`
	Big    uint64    `parquet:"big"`
	Flag   bool      `parquet:"flag"`
	When   time.Time `parquet:"when,timestamp(microsecond)"`
	Day    int32     `parquet:"day,date"`
	Price  int64     `parquet:"price,decimal(2:18)"`
	User   struct {
		Country *string `parquet:"country,optional"`
	} `parquet:"user"`
	Tags []string `parquet:"tags,list"`
}

func TestParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.parquet")
	amount, country := 12.5, "DE"
	when := time.Date(2026, 11, 1, 1, 2, 3, 4000, time.UTC)
	rowsIn := []parquetRow{
		{ID: "a1", Amount: &amount, Ratio: 0.1, Count: -3, Big: math.MaxUint64, Flag: true, When: when, Day: 20000, Price: 1999, Tags: []string{"x", "y"}},
		{ID: "", When: when.Add(time.Hour)},
	}
	rowsIn[0].User.Country = &country
	for range 300 { // more than one batch
		rowsIn = append(rowsIn, parquetRow{ID: "z", When: when})
	}
	require.NoError(t, parquet.WriteFile(path, rowsIn))

	columns, rows := all(t, path, Options{})
	require.Len(t, rows, 302)
	assert.Equal(t, []string{"id", "amount", "ratio", "count", "big", "flag", "when", "day", "price", "user.country"}, columns)
	assert.Equal(t, []Cell{
		{Kind: String, Text: "a1"},
		{Kind: Number, Float: 12.5},
		{Kind: Number, Float: 0.1},
		{Kind: Integer, Int: -3},
		{Kind: Number, Float: math.MaxUint64},
		{Kind: Bool, Int: 1},
		{Kind: Time, Time: when},
		{Kind: Time, Time: time.Date(2024, 10, 4, 0, 0, 0, 0, time.UTC)},
		{Kind: Number, Float: 19.99},
		{Kind: String, Text: "DE"},
	}, rows[0])
	for _, i := range []int{0, 1, 9} {
		assert.Equal(t, Missing, rows[1][i].Kind, columns[i])
	}

	s, err := Infer(t.Context(), []string{path}, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"tags.list.element"}, s.Skipped)
	assert.Equal(t, TypeTime, s.Column("when").Type)
	assert.Equal(t, TypeInteger, s.Column("count").Type)
}

func TestErrorsNameFileAndLine(t *testing.T) {
	for name, tt := range map[string]struct {
		path string
		o    Options
		want string
	}{
		"empty":             {write(t, "a.csv", ""), Options{}, "a.csv:1: the file is empty"},
		"twice":             {write(t, "a.csv", "x,x\n"), Options{}, `a.csv:1: column "x" is there twice`},
		"too few cells":     {write(t, "a.csv", "a,b\n1,2\n3\n"), Options{}, "a.csv:3: the row does not have the header's 2 cells"},
		"open quote":        {write(t, "a.csv", "a,b\n1,\"2\n"), Options{}, "a.csv:2"},
		"long row":          {write(t, "a.csv", "a\n1\n\""+strings.Repeat("x\n", 40_000)), Options{maxLine: 1000}, "more than 1000 bytes"},
		"long line":         {write(t, "a.jsonl", "{}\n{\"a\":\""+strings.Repeat("x", 2000)+"\"}\n"), Options{maxLine: 1000}, "a.jsonl:2: the row is too long"},
		"not an object":     {write(t, "a.jsonl", "{}\n[1]\n"), Options{}, "a.jsonl:2: not a JSON object"},
		"broken object":     {write(t, "a.jsonl", "{}\n\n{\"a\": \n"), Options{}, "a.jsonl:3: not a JSON object"},
		"two on a line":     {write(t, "a.jsonl", "{} {}\n"), Options{}, "a.jsonl:1: not a JSON object: more than one"},
		"deep":              {write(t, "a.jsonl", strings.Repeat(`{"a":`, 50)+"1"+strings.Repeat("}", 50)), Options{}, "deeper than 32"},
		"out of range":      {write(t, "a.jsonl", `{"a": 1e999}`), Options{}, "a: 1e999 is out of range"},
		"no parquet":        {write(t, "a.parquet", "hello, this is no parquet"), Options{}, "a.parquet: not a Parquet file"},
		"unknown extension": {write(t, "a.dat", "x"), Options{}, "a.dat: the extension tells no format"},
		"unknown format":    {write(t, "a.dat", "x"), Options{Format: "xml"}, `format "xml" is none of`},
		"absent":            {"testdata/absent.csv", Options{}, "absent.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Infer(t.Context(), []string{tt.path}, tt.o)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestInfer(t *testing.T) {
	s, err := Infer(t.Context(), []string{"testdata/types.csv"}, Options{})
	require.NoError(t, err)
	assert.Equal(t, 3, s.Rows)
	types := map[string]Type{}
	for _, c := range s.Columns {
		types[c.Name] = c.Type
	}
	assert.Equal(t, map[string]Type{
		"id": TypeString, "amount": TypeNumber, "country": TypeString, "new": TypeBool,
		"when": TypeTime, "note": TypeString, "empty": TypeEmpty, "mixed": TypeString,
	}, types)
	amount := s.Column("amount")
	assert.Equal(t, 2, amount.Present, "NaN is missing")
	assert.Equal(t, 1, amount.Missing)
	assert.Equal(t, 2.5, amount.Min)
	assert.Equal(t, 10.0, amount.Max)

	s, err = Infer(t.Context(), []string{"testdata/types.jsonl", write(t, "b.jsonl", `{"amount": 1, "extra": "x"}`)}, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"id", "amount", "user.country", "user.new", "when", "late", "extra"}, s.Names())
	assert.Equal(t, TypeBool, s.Column("user.new").Type)
	assert.Equal(t, 2, s.Column("user.new").Missing)
	assert.Equal(t, 3, s.Column("extra").Missing)
	assert.True(t, s.Column("extra").Constant())
}

func TestIDLike(t *testing.T) {
	var b strings.Builder
	b.WriteString("number,name,price,day\n")
	for i := range 30 {
		b.WriteString(strings.Join([]string{
			Cell{Kind: Integer, Int: int64(i * 2)}.Category(), "user-" + Cell{Kind: Integer, Int: int64(i)}.Category(),
			Cell{Kind: Integer, Int: int64(i * 7 % 31)}.Category(), "Mon",
		}, ",") + "\n")
	}
	s, err := Infer(t.Context(), []string{write(t, "a.csv", b.String())}, Options{})
	require.NoError(t, err)
	got := map[string]bool{}
	for _, c := range s.Columns {
		got[c.Name] = c.IDLike()
	}
	assert.Equal(t, map[string]bool{"number": true, "name": true, "price": false, "day": false}, got)
}

func TestCodesAreNotNumbers(t *testing.T) {
	s, err := Infer(t.Context(), []string{write(t, "a.csv", "zip,zero,half\n00123,0,0.5\n20123,1,0.25\n")}, Options{})
	require.NoError(t, err)
	assert.Equal(t, TypeString, s.Column("zip").Type)
	assert.Equal(t, TypeInteger, s.Column("zero").Type)
	assert.Equal(t, TypeNumber, s.Column("half").Type)
}

// A categorical baseline made from a file must name its categories as the collector does on spans.
func TestCategoriesOfTypes(t *testing.T) {
	text := func(s string) Cell { return Cell{Kind: Text, Text: s} }
	for _, tt := range []struct {
		column Type
		cell   Cell
		want   string
	}{
		{TypeBool, text("True"), "true"},
		{TypeString, text("True"), "True"},
		{TypeNumber, text("1.0"), "1"},
		{TypeString, text("1.0"), "1.0"},
		{TypeNumber, text("1e-9"), "1e-9"},
		{TypeNumber, text("2.50"), "2.5"},
		{TypeInteger, text("7"), "7"},
		{TypeInteger, Cell{Kind: Integer, Int: 7}, "7"},
		{TypeNumber, Cell{Kind: Number, Float: 7}, "7"},
		{TypeBool, Cell{Kind: Bool, Int: 1}, "true"},
		{TypeString, Cell{}, ""},
	} {
		assert.Equal(t, tt.want, tt.column.Category(tt.cell), "%+v", tt)
	}
}

func TestInstant(t *testing.T) {
	want := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []Cell{
		{Kind: Text, Text: "2026-11-01T10:00:00Z"},
		{Kind: Text, Text: "2026-11-01T12:00:00+02:00"},
		{Kind: String, Text: "2026-11-01 10:00:00.000"},
		{Kind: Text, Text: "2026-11-01 10:00:00+00:00"},
		{Kind: Text, Text: "2026-11-01 10:00:00 UTC"},
		{Kind: Text, Text: "2026-11-01 10:00"},
		{Kind: Text, Text: "1793527200"},
		{Kind: Integer, Int: 1793527200_000},
		{Kind: Integer, Int: 1793527200_000_000},
		{Kind: Integer, Int: 1793527200_000_000_000},
		{Kind: Number, Float: 1793527200.0},
		{Kind: Time, Time: want},
	} {
		got, ok := c.Instant()
		assert.True(t, ok, "%+v", c)
		assert.Equal(t, want, got, "%+v", c)
	}
	for _, c := range []Cell{{}, {Kind: Text, Text: "soon"}, {Kind: Text, Text: "-5"}, {Kind: Bool, Int: 1}} {
		_, ok := c.Instant()
		assert.False(t, ok, "%+v", c)
	}
}

// FuzzReaders: text of any kind, in any encoding, is an error or rows of as many cells as there are
// columns.
func FuzzReaders(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"), "", true)
	f.Add([]byte("a;b\n1,5;2\n"), "", true)
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00"), "", true)
	f.Add([]byte("a\nZ\xfcrich\n"), "windows-1252", true)
	f.Add([]byte(`{"a": {"b": [1, {"c": 2}]}, "d": NaN, "e": -Infinity, "f": "\ud800"}`), "", false)
	f.Fuzz(func(t *testing.T, content []byte, encoding string, isCSV bool) {
		format := JSONLines
		if isCSV {
			format = CSV
		}
		r := &Reader{path: "input"} // no file: the disk would take most of the time
		if err := r.startText(bytes.NewReader(content), format, Options{maxLine: 1 << 12, Encoding: encoding}); err != nil {
			return
		}
		var row []Cell
		for {
			var err error
			if row, err = r.Next(row); err != nil {
				return
			}
			if len(row) != len(r.Columns()) {
				t.Fatalf("%d cells for %d columns", len(row), len(r.Columns()))
			}
			for _, c := range row {
				if !utf8.ValidString(c.Text) {
					t.Fatalf("%q is not UTF-8", c.Text)
				}
			}
		}
	})
}

// FuzzParquet: bytes of any kind are an error or rows.
func FuzzParquet(f *testing.F) {
	var b bytes.Buffer
	amount := 12.5
	if err := parquet.Write(&b, []parquetRow{{ID: "a1", Amount: &amount, Tags: []string{"x"}}, {ID: ""}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 1<<16 {
			return
		}
		s, err := newParquetSource(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		for range 10_000 {
			row, err := s.next(nil)
			if err != nil {
				return
			}
			if len(row) != len(s.columns()) {
				t.Fatalf("%d cells for %d columns", len(row), len(s.columns()))
			}
		}
	})
}

// FuzzSpelling: a text is read as a number or a point in time without a panic, and a plain number
// in all formats alike.
func FuzzSpelling(f *testing.F) {
	for _, s := range []string{"1,234.5", "1.234,5", "1\u00a0234", "$54.41", "31/12/2026 10:00", "2-Jan-2026", "20261131", "NA", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for n := range numberFormats {
			if v, ok := n.Parse(s); ok && n != Plain && v-v != 0 {
				t.Fatalf("%q is %v", s, v)
			}
		}
		_, _ = stripSign(s)
		MeansMissing(s)
		for d := dateISO; d <= dateDigits; d <<= 1 {
			d.parse(s)
		}
	})
}
