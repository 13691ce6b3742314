// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package files

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/ingest"
	"github.com/otelcol-ml/otelcol-ml/internal/label"
)

func reader(tb testing.TB) *Reader {
	tb.Helper()
	p, err := label.NewParser(label.Options{})
	require.NoError(tb, err)
	return &Reader{Parser: p, MaxLine: 1000}
}

// split returns the lines of a text, and where they begin.
func split(tb testing.TB, text string) ingest.Lines {
	tb.Helper()
	var lines ingest.Lines
	at := int64(0)
	in := bufio.NewScanner(strings.NewReader(text))
	in.Buffer(nil, len(text)+1)
	in.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		advance, line, err := Split(data, atEOF)
		if advance > 0 {
			lines.Offsets = append(lines.Offsets, at)
			at += int64(advance)
		}
		return advance, line, err
	})
	for in.Scan() {
		lines.Lines = append(lines.Lines, []byte(in.Text()))
	}
	require.NoError(tb, in.Err())
	return lines
}

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"a,b\n1,2\n3":            {"a,b", "1,2"},
		"a,b\n\"1\n2\",3\n":      {"a,b", "\"1\n2\",3"},
		"a;b\n1;\"\"\"\n\"\n2":   {"a;b", "1;\"\"\"\n\""},
		"a,b\n5\" pipe,1\n2,3\n": {"a,b", `5" pipe,1`, "2,3"}, // a quote that begins no cell is a letter
		"a,b\nx\"\",1\n2,3\n":    {"a,b", `x"",1`, "2,3"},
		"a,b\n\"\",1\n":          {"a,b", `"",1`},
		"a\n\"1\n2":              {"a"},
		"{\"a\":\"\\\"\"}\n{}":   {`{"a":"\""}`, "{}"},
		"\n\n":                   {"", ""},
	} {
		var got []string
		for _, line := range split(t, text).Lines {
			got = append(got, string(line))
		}
		assert.Equal(t, want, got, text)
	}
}

// said is what came of lines: labels by id and class, rejections by place and message.
func said(b Batch) (labels, rejected []string) {
	for _, l := range b.Labels {
		labels = append(labels, l.PredictionID+"="+l.Class)
	}
	for _, r := range b.Rejected {
		rejected = append(rejected, r.Place()+": "+r.Err.Error())
	}
	return labels, rejected
}

func TestRead(t *testing.T) {
	for text, want := range map[string][2][]string{
		"prediction_id\tlabel\r\na\t1\r\n\r\nb\t2\r\n":  {{"a=1", "b=2"}, nil},
		"\ufeffprediction_id|label\na|1\n":              {{"a=1"}, nil},
		"\ufeff{\"prediction_id\":\"a\",\"label\":1}\n": {{"a=1"}, nil},
		"prediction_id,label,note\n\"a\nb\",1,\n\"c\"d,2,\ne,3,x\"y\nf,4,\n": {
			{"a\nb=1", "f=4"},
			{`the line at byte 34: column 3: extraneous or missing " in quoted-field`, `the line at byte 42: column 6: bare " in non-quoted-field`},
		},
		"prediction_id,label,note\na,1,\"x\nb,2,\n\"\nc,3,\n": {{"a=1", "c=3"}, nil}, // one cell of three lines
		// A quote that is closed within a cell: the lines are read by themselves.
		"prediction_id,label,note\na,1,\"x\nb,2,\nc,3,\"y\nd,4,\n": {
			{"b=2", "d=4"},
			{`the line at byte 25: column 8: extraneous or missing " in quoted-field`, `the line at byte 37: column 8: extraneous or missing " in quoted-field`},
		},
		"prediction_id,label\na\nb,1\nc,1,2\n": {{"b=1"}, []string{
			"the line at byte 20: the row does not have the header's 2 cells", "the line at byte 26: the row does not have the header's 2 cells",
		}},
		"prediction_id,label\na,1\nprediction_id,label\nb,2\n": {{"a=1", "b=2"}, nil}, // two exports, one behind the other
		"id,label\na,1\nb,2\n": {nil, []string{
			`the line at byte 9: no column names predictions: there is no prediction_id, no trace_id and no key among "id, label"`,
			`the line at byte 13: no column names predictions: there is no prediction_id, no trace_id and no key among "id, label"`,
		}},
		"prediction_id,prediction_id\na,1\n": {nil, []string{`the line at byte 28: the header cannot be read: column "prediction_id" is there twice`}},
		"[{\"prediction_id\":\"a\"}]\n":      {nil, []string{"the line at byte 0: the file is a JSON array; lines of one JSON object each are read"}},
		"\x1f\x8b\x08\x00\n":                 {nil, []string{"the line at byte 0: the file is compressed"}},
		"{\"prediction_id\":\"a\",\"label\":1}\n{\"prediction_id\":\"b\" 1}\n{} {}\n": {{"a=1"}, []string{
			"the line at byte 32, column 22: not JSON", "the line at byte 56, column 1: names no prediction: there is no prediction_id, no trace_id and no key",
		}},
		"{\"prediction_id\":\"a\",\"label\":1} 2\n": {nil, []string{"the line at byte 0, column 33: more than one JSON value on the line"}},
		"prediction_id,label\n" + strings.Repeat("x", 1000) + ",1\nb,1\n": {{"b=1"}, []string{
			"the line at byte 20: the line is longer than max_record_size, 1000 bytes",
		}},
	} {
		labels, rejected := said(reader(t).Read(split(t, text)))
		assert.Equal(t, want[0], labels, text)
		assert.Equal(t, want[1], rejected, text)
	}
}

// Lines from the middle of a file have its header, as it is now.
func TestReadFromTheMiddle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	lines := ingest.Lines{Path: path, Lines: [][]byte{[]byte("1,a")}, Offsets: []int64{50}}
	_, rejected := said(reader(t).Read(lines))
	require.Len(t, rejected, 1)
	assert.Contains(t, rejected[0], "the line at byte 50: the header of the file cannot be read: open ")
	require.NoError(t, os.WriteFile(path, []byte("label,prediction_id\n2,b\n"), 0o600))
	labels, rejected := said(reader(t).Read(lines))
	assert.Equal(t, []string{"a=1"}, labels)
	assert.Empty(t, rejected)
	require.NoError(t, os.WriteFile(path, []byte("label,prediction_id"), 0o600))
	_, rejected = said(reader(t).Read(ingest.Lines{Path: path, Lines: [][]byte{[]byte("1,a")}}))
	assert.Equal(t, []string{"a line: the header of the file cannot be read: there is none"}, rejected)
}

// FuzzRead: of whatever a file holds, each line is a label, is rejected or is empty.
func FuzzRead(f *testing.F) {
	f.Add("prediction_id,label\na,1\n\"b\n\",x\n")
	f.Add("{\"key\":\"a\",\"label\":null}\n{\n")
	f.Add("key;label\n\";1\n2;\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := split(t, text)
		if len(lines.Lines) == 0 {
			return
		}
		b := reader(t).Read(lines)
		for _, r := range b.Rejected {
			require.Less(t, r.Offset, int64(len(text)), fmt.Sprint(r))
			require.NotEmpty(t, r.Place())
		}
	})
}

// A file that is written again while its lines are read keeps the header that it had.
func TestReadWhileItIsWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	r := reader(t)
	labels, _ := said(r.Read(ingest.Lines{Path: path, Lines: [][]byte{[]byte("label,prediction_id"), []byte("1,a")}, Offsets: []int64{0, 20}}))
	assert.Equal(t, []string{"a=1"}, labels)
	for _, content := range []string{"", "label,pre"} { // truncated, and with half a header
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		labels, rejected := said(r.Read(ingest.Lines{Path: path, Lines: [][]byte{[]byte("2,b")}, Offsets: []int64{24}}))
		assert.Equal(t, []string{"b=2"}, labels, content)
		assert.Empty(t, rejected)
	}
}
