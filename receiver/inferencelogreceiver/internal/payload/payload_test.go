// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/value"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testLimits = Limits{Rows: 8, Columns: 6, Values: 24, Text: 12}

// show writes a payload so that a table can be compared at a glance: rows, then
// name(rank)[columns]{row; row}.
func show(p *Payload) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", p.Rows)
	for i := range p.Tensors {
		t := &p.Tensors[i]
		fmt.Fprintf(&b, " %s/%d", t.Name, t.Rank)
		if t.Names != nil {
			fmt.Fprintf(&b, "[%s]", strings.Join(t.Names, ","))
		}
		if t.Omitted != Kept {
			fmt.Fprintf(&b, "!%s", t.Omitted)
			continue
		}
		b.WriteString("{")
		for r := range t.Rows {
			if r > 0 {
				b.WriteString("; ")
			}
			for c := range t.Width {
				if c > 0 {
					b.WriteString(" ")
				}
				b.WriteString(showCell(t.At(r, c)))
			}
		}
		b.WriteString("}")
	}
	if p.Failure != nil {
		fmt.Fprintf(&b, " failed(%s,%s)", p.Failure.Code, p.Failure.Message)
	}
	for _, s := range []string{p.ModelName, p.ModelVersion, p.ID} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	return b.String()
}

func showCell(c value.Value) string {
	switch c.Kind() {
	case value.Missing:
		return "-"
	case value.Float:
		s := c.String()
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	case value.Text:
		return fmt.Sprintf("%q", c.String())
	default:
		return c.String()
	}
}

func TestRequests(t *testing.T) {
	for in, want := range map[string]string{
		// V1
		`{"instances":[[6.8,2.8,4.8,1.4],[6.0,3.4,4.5,1.6]]}`:         "2 /2{6.8 2.8 4.8 1.4; 6.0 3.4 4.5 1.6}",
		`{"signature_name":"x","instances":[1,2.5,null,NaN]}`:         "4 /1{1; 2.5; -; -}",
		`{"instances":[["a",true,-Infinity]]}`:                        `1 /2{"a" true -}`,
		`{"instances":[]}`:                                            "0 /1{}",
		`{"instances":[[],[]]}`:                                       "2 /2{; }",
		`{"instances":[[[1,2],[3,4]]]}`:                               "1 /3{1 2 3 4}",
		`{"instances":[[1],[2,3]]}`:                                   "2 /2!ragged",
		`{"instances":[[],1]}`:                                        "2 /2!ragged",
		`{"instances":[[1],2]}`:                                       "2 /2!ragged",
		`{"instances":[[1,2,3,4,5,6,7]]}`:                             "1 /2!too_wide",
		`{"instances":[["a text that is long"]]}`:                     "1 /2!long_text",
		`{"instances":[[{"b64":"AA=="}],[{"b64":"AA=="}]]}`:           "2 /2!not_scalar",
		`{"instances":[{"a":1,"b":"x"},{"b":"y","a":2}]}`:             `2 a/1{1; 2} b/1{"x"; "y"}`,
		`{"instances":[{"a":1},{"b":2.5},{"a":null,"b":3}]}`:          "3 a/1{1; -; -} b/1{-; 2.5; 3}",
		`{"instances":[{"a":[1,2]},{"a":[3,4]},{"a":null}]}`:          "3 a/2{1 2; 3 4; - -}",
		`{"instances":[{"a":[1,2]},{"a":[3]}]}`:                       "2 a/2!ragged",
		`{"instances":[{"a":{"b64":"AA=="},"b":1}]}`:                  "1 a/0!not_scalar b/1{1}",
		`{"instances":[{"a":1,"a":2}]}`:                               "1 a/1{1}",
		`{"instances":[{"features":[1,2]},{"features":[3,4]}]}`:       "2 /2{1 2; 3 4}",
		`{"instances":[{"features":1}]}`:                              "1 features/1{1}",
		`{"instances":[{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}]}`: "1 a/1{1} b/1{1} c/1{1} d/1{1} e/1{1} f/1{1} /0!too_wide",
		`{"instances":[{"` + strings.Repeat("k", 257) + `":1}]}`:      "1 /0!too_wide",
		// the strings of numbers that JSON has not; a text of another spelling is a text
		`{"instances":[["NaN",1],["-Infinity","Infinity"]]}`: "2 /2{- 1; - -}",
		`{"instances":[{"a":"NaN","b":"nan"}]}`:              `1 a/1{-} b/1{"nan"}`,
		`{"instances":[{"b64":"AA=="},{"b64":"AQ=="}]}`:      "2 b64/0!not_scalar",
		// TensorFlow's columnar form
		`{"inputs":{"x":[[1,2],[3,4]],"y":["a","b"]}}`: `2 x/2{1 2; 3 4} y/1{"a"; "b"}`,
		`{"inputs":{"x":3}}`:                           "1 x/1{3}",
		`{"inputs":[[1,2]]}`:                           "1 /2{1 2}",
		`{"inputs":"a text"}`:                          `1 /1{"a text"}`,
		// V2
		`{"id":"7","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,4,5,6.5]}]}`:                                                          "2 x/2{1.0 2.0 3.0; 4.0 5.0 6.5} 7",
		`{"inputs":[{"data":[[1,2],[3,4]],"datatype":"INT64","shape":[2,2],"name":"x"}]}`:                                                                    "2 x/2{1 2; 3 4}",
		`{"inputs":[{"name":"x","shape":[2],"datatype":"BOOL","data":[1,false]},{"name":"y","shape":[2,1],"datatype":"BYTES","data":["a","b"]}]}`:            `2 x/1{true; false} y/2{"a"; "b"}`,
		`{"parameters":{"content_type":"pd"},"inputs":[{"name":"y","shape":[1],"datatype":"BYTES","parameters":{"content_type":"base64"},"data":["YWI="]}]}`: `1 y/1{"ab"}`,
		`{"inputs":[{"name":"y","shape":[1],"datatype":"BYTES","parameters":{"content_type":"base64"},"data":["/w=="]}]}`:                                    "1 y/1!not_scalar",
		`{"inputs":[{"name":"x","shape":[2,2,2],"datatype":"FP32","data":[[[1,2],[3,4]],[[5,6],[7,8]]]}]}`:                                                   "2 x/3{1.0 2.0 3.0 4.0; 5.0 6.0 7.0 8.0}",
		`{"inputs":[{"name":"x","shape":[1,1000,1000],"datatype":"FP32","data":[[1]]}]}`:                                                                     "!bad_payload of 1000000 values, data has 1",
		`{"inputs":[{"name":"img","shape":[1,30],"datatype":"UINT8","data":[` + strings.Repeat("1,", 29) + `1]}]}`:                                           "1 img/2!too_wide",
		`{"instances":[01]}`:          `!bad_payload no JSON at byte 15, "1]}"`,
		`{"instances":["\x"]}`:        `!bad_payload no JSON at byte 16, "x\"]}"`,
		`{"id":[01],"instances":[1]}`: `!bad_payload no JSON at byte 8, "1],\"inst"`,
		`{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3]}]}`:                                   "!bad_payload the shape [2 3] is of 6 values, data has 3",
		`{"inputs":[{"name":"x","shape":[4000000000,4000000000],"datatype":"FP32","data":[1]}]}`:                     "!bad_payload the shape has 4000000000 at [0]",
		`{"inputs":[{"name":"x","shape":[2000000000,2000000000],"datatype":"FP32","data":[1]}]}`:                     "!bad_payload of 2147483647 values",
		`{"inputs":[{"name":"x","shape":[-1,3],"datatype":"FP32","data":[1]}]}`:                                      "!bad_payload the shape has -1 at [0]",
		`{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":["NaN",1,"Infinity"]}]}`:                      "1 x/2{- 1.0 -}",
		`{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":["one",1]}]}`:                                 `!bad_payload tensor "x": "one" is no FP32`,
		`{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT64","data":[9007199254740993,2.0,2.5]}]}`:               "1 x/2{9007199254740993 2 2.5}",
		`{"inputs":[{"name":"x","shape":[1,1],"datatype":"UINT64","data":[18446744073709551615]}]}`:                  "1 x/2{18446744073709552000.0}",
		`{"inputs":[{"name":"x","shape":null,"datatype":"FP32","data":[[1,2]]}]}`:                                    "1 x/2{1.0 2.0}",
		`{"inputs":[{"name":"x","shape":[],"datatype":"FP32","data":[1]}]}`:                                          "1 x/0{1.0}",
		`{"inputs":[{"name":"x","shape":[0,4],"datatype":"FP32","data":[]}]}`:                                        "0 x/2{}",
		`{"inputs":[{"name":"x","shape":[` + strings.Repeat("1,", 99) + `1],"datatype":"FP32","data":[1]}]}`:         `!bad_payload tensor "x": the shape has more than 64 dimensions`,
		`{"inputs":[{"name":"x","shape":["2"],"datatype":"FP32","data":[1]}]}`:                                       `!bad_payload tensor "x": the shape has 2 at [0], must be a whole number`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"FP33","data":[1]}]}`:                                         `!bad_payload unknown datatype "FP33"`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}`:                                                    `!bad_payload tensor "x" has no data`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":1}]}`:                                           "!bad_payload data must be one array",
		`{"inputs":[{"name":"x","shape":[3,2],"datatype":"INT8","parameters":{"binary_data_size":6}}]}` + "\x01\x02": "!unsupported_payload binary tensor data",
		`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","contents":{"fp32_contents":[1]}}]}`:                   "!unsupported_payload contents",
		`{"raw_input_contents":["AA=="]}`:                                                                            "!unsupported_payload binary tensor data",
		// Seldon
		`{"data":{"names":["f0","f1"],"ndarray":[[0.77,0.63],[1,2]]}}`:                 "2 /2[f0,f1]{0.77 0.63; 1 2}",
		`{"data":{"names":["f0","f1"],"ndarray":[0.77,0.63]}}`:                         "1 /1[f0,f1]{0.77 0.63}",
		`{"meta":{},"data":{"ndarray":[[2,1]]}}`:                                       "1 /2{2 1}",
		`{"data":{"tensor":{"shape":[2,2],"values":[1,2,3,4]},"names":["t:0","t:1"]}}`: "2 /2{1 2; 3 4}",
		`{"data":{"tensor":{"shape":[2,2],"values":[1,2,3]}}}`:                         "!bad_payload the shape [2 2] is of 4 values",
		`{"data":{"tftensor":{}}}`:                                                     "!unsupported_payload tftensor",
		`{"data":{}}`:                                                                  "!bad_payload neither ndarray nor tensor",
		`{"jsonData":{"a":1}}`:                                                         "1 a/1{1}",
		`{"strData":"some very long text"}`:                                            "1",
		// dataframes
		`{"dataframe_split":{"columns":["a","b"],"data":[[1,"x"],[2,"y"]]}}`: `2 /2[a,b]{1 "x"; 2 "y"}`,
		`{"dataframe_records":[{"a":1},{"a":2}]}`:                            "2 a/1{1; 2}",
		`{"dataframe_split":{"columns":["a"]}}`:                              "!bad_payload no data",
		// no payload
		``:                                  "!unsupported_payload the request has no body",
		`[1]`:                               "!unsupported_payload no JSON object",
		`{}`:                                "!unsupported_payload none of instances",
		`{"model":"gpt","messages":[]}`:     "!unsupported_payload none of instances",
		`{"predictions":[1]}`:               "!unsupported_payload none of instances",
		`{"instances":null}`:                "!unsupported_payload none of instances",
		`{"instances":1}`:                   `!bad_payload the rows are no array: "1}" at byte 13`,
		`{"instances":{"a":1}}`:             "!bad_payload the rows are no array",
		`{"instances":[1,}`:                 "!bad_payload no JSON at byte 16",
		`{"instances":[1]`:                  "!bad_payload ends too early",
		`{"instances":[1]} x`:               "!bad_payload no JSON at byte 18",
		`{"instances":[1-2]}`:               "!bad_payload no JSON",
		`{"instances":["\x]}`:               "!bad_payload",
		`{"other":{"a":[}],"instances":[]}`: "!bad_payload no JSON at byte 15",
		`{"instances":` + strings.Repeat("[", 70) + `1`:                                                             "!bad_payload nests deeper",
		`{"other":` + strings.Repeat("[", 70) + `1`:                                                                 "!bad_payload nests deeper",
		`{"instances":[1,1,1,1,1,1,1,1,1]}`:                                                                         "!too_large more than 8 rows",
		`{"instances":[{},{},{},{},{},{},{},{},{}]}`:                                                                "!too_large more than 8 rows",
		`{"instances":[[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1]]}`:                     "!too_large more than 24 values",
		`{"instances":[{"a":[1,1,1,1,1]},{"a":[1,1,1,1,1]},{"a":[1,1,1,1,1]},{"a":[1,1,1,1,1]},{"a":[1,1,1,1,1]}]}`: "!too_large more than 24 values",
	} {
		t.Run(in[:min(len(in), 60)], func(t *testing.T) {
			check(t, want, func() (*Payload, error) { return Parse(in, Request, testLimits) })
		})
	}
}

func check(t *testing.T, want string, parse func() (*Payload, error)) {
	t.Helper()
	p, err := parse()
	reason, refused := strings.CutPrefix(want, "!")
	if !refused {
		require.NoError(t, err)
		assert.Equal(t, want, show(p))
		return
	}
	var e *Error
	require.ErrorAs(t, err, &e)
	name, message, _ := strings.Cut(reason, " ")
	assert.Equal(t, name, string(e.Reason))
	assert.Contains(t, e.Message, message)
}

func TestResponses(t *testing.T) {
	for in, want := range map[string]string{
		`{"predictions":[1,1]}`:                                 "2 /1{1; 1}",
		`{"predictions":[[0.1,0.9]]}`:                           "1 /2{0.1 0.9}",
		`{"predictions":[{"score":0.9,"predicted_label":1.0}]}`: "1 score/1{0.9} predicted_label/1{1.0}",
		`{"outputs":{"a":[1.5],"b":[2]}}`:                       "1 a/1{1.5} b/1{2}",
		`{"model_name":"m","model_version":"3","id":"7","outputs":[{"name":"p","shape":[2],"datatype":"INT64","data":[0,1]}]}`: "2 p/1{0; 1} m 3 7",
		`{"model_version":3,"outputs":[]}`:                                      "0 /1{} 3",
		`{"data":{"names":["proba"],"ndarray":[[0.19]]},"meta":{}}`:             "1 /2[proba]{0.19}",
		`{"error":"no such model"}`:                                             "-1 failed(,no such model)",
		`{"error":{"code":404,"message":"gone"}}`:                               "-1 failed(404,gone)",
		`{"error":null,"predictions":[1]}`:                                      "1 /1{1}",
		`{"detail":"Not Found"}`:                                                "-1 failed(,Not Found)",
		`{"detail":"x","predictions":[1]}`:                                      "1 /1{1}",
		`{"status":{"code":500,"info":"boom","reason":"R","status":"FAILURE"}}`: "-1 failed(500,boom)",
		`{"status":{"status":"SUCCESS"},"strData":"x"}`:                         "1",
		`{"instances":[1]}`:                                                     "!unsupported_payload none of predictions",
	} {
		t.Run(in, func(t *testing.T) {
			check(t, want, func() (*Payload, error) { return Parse(in, Response, testLimits) })
		})
	}
}

func TestLoose(t *testing.T) {
	for in, want := range map[string]string{
		`[[1,2],[3,4]]`:                      "2 /2{1 2; 3 4}",
		`{"age":3,"city":"x"}`:               `1 age/1{3} city/1{"x"}`,
		`{"instances":[{"features":[1,2]}]}`: "1 /2{1 2}",
		`0.5`:                                "1 /1{0.5}",
		`"yes"`:                              `1 /1{"yes"}`,
		`"a text that is long"`:              "1 /1!long_text",
		`{"inputs":[{"name":"x","shape":[1],"datatype":"X","data":[1]}]}`: "!bad_payload unknown datatype",
		`[1] 2`: "!bad_payload no JSON at byte 4",
	} {
		t.Run(in, func(t *testing.T) {
			check(t, want, func() (*Payload, error) { return ParseLoose(in, Request, testLimits) })
		})
	}
	check(t, "2 /2{1 2; 3 4}", func() (*Payload, error) {
		return ParseLines("{\"features\":[1,2]}\r\n{\"features\":[3,4]}\n", Request, testLimits)
	})
	check(t, "1 /2{1 2}", func() (*Payload, error) { return ParseLines("[[1,2]]\n", Request, testLimits) })
}

func TestCSV(t *testing.T) {
	known := func(cells []string) bool { return cells[0] == "known" }
	for in, want := range map[string]string{
		"132,10,182.9\n":              "1 /2{132 10 182.9}",
		"1,.5,-1e3\n2,,NaN":           "2 /2{1 0.5 -1000.0; 2 - -}",
		"007,-.5,1.,.,+1,1e999":       `1 /2{7 -0.5 1.0 "." "+1" -}`,
		"age,city\n3,x\n":             `1 /2[age,city]{3 "x"}`,
		"known\nyes\n":                `1 /2[known]{"yes"}`,
		"setosa\nversicolor\n":        `2 /2{"setosa"; "versicolor"}`,
		"setosa":                      `1 /2{"setosa"}`,
		"2024-01-02,1-2,No,Inf\n":     `1 /2{"2024-01-02" "1-2" "No" "Inf"}`,
		"1,2\n3\n":                    "2 /2!ragged",
		"1,2,3,4,5,6,7\n":             "1 /2!too_wide",
		"1,a text that is long\n":     "1 /2!long_text",
		"\"a\"\"b\",\"c\nd\"\n":       `1 /2{"a\"b" "c\nd"}`,
		"":                            "0 /2{}",
		"1\n1\n1\n1\n1\n1\n1\n1\n1\n": "!too_large more than 8 rows",
		"1,1,1,1\n1,1,1,1\n1,1,1,1\n1,1,1,1\n1,1,1,1\n1,1,1,1\n1,1,1,1\n": "!too_large more than 24 values",
	} {
		t.Run(in, func(t *testing.T) {
			check(t, want, func() (*Payload, error) { return ParseCSV(in, testLimits, known) })
		})
	}
}

func TestColumns(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":[1,2],"b":["x",null]}`:                        `2 a/1{1; 2} b/1{"x"; -}`,
		`{"a":[1,2],"b":[3]}`:                               `1 a/2{1 2} b/2{3}`, // vectors of one row
		`{"a":[1,2]}`:                                       `1 a/2{1 2}`,
		`{"a":[1],"b":[2]}`:                                 `1 a/2{1} b/2{2}`,
		`{"a":[1,2],"b":[3,4],"c":5}`:                       `1 a/2{1 2} b/2{3 4} c/1{5}`,
		`{"a":[[1,2],[3,4]],"b":[1,2]}`:                     `1 a/3{1 2 3 4} b/2{1 2}`,
		"\ufeff" + `{"a":[1,2],"b":[3,4]}`:                  `2 a/1{1; 2} b/1{3; 4}`,
		`{"a":[1,2,3,4,5,6,7,8,9],"b":[1,2,3,4,5,6,7,8,9]}`: `!too_large 9 rows, at most 8 are read`,
		`{"a":[1,2],"b":[3,4`:                               `!bad_payload the JSON ends too early, at byte 19`,
	} {
		t.Run(in, func(t *testing.T) {
			check(t, want, func() (*Payload, error) { return ParseLoose(in, Request, testLimits) })
		})
	}
}

// What another type is given to is read where it is JSON, or numbers that are called text.
func TestSniff(t *testing.T) {
	no := func([]string) bool { return false }
	for _, c := range []struct{ media, body, want string }{
		{"text/html; charset=utf-8", `{"value":[1,2]}`, `1 value/2{1 2}`},
		{"text/html", "1.5\n2.5\n", `2 /2{1.5; 2.5}`},
		{"text/plain", "0.9,0.1", `1 /2{0.9 0.1}`},
		{"application/octet-stream", " [[1,2]]", `1 /2{1 2}`},
		{"text/html", "<html>1</html>", "-1"},
		{"text/html", `{"value":`, "-1"},
		{"text/html", "", "-1"},
		{"text/plain", "ok", "-1"},
		{"image/png", "1", "-1"},
	} {
		check(t, c.want, func() (*Payload, error) { return ParseAs(c.media, c.body, Response, testLimits, no) })
	}
}

func TestParseAs(t *testing.T) {
	no := func([]string) bool { return false }
	for media, want := range map[string]string{
		"text/csv; charset=utf-8":     "1 /2{1}",
		"application/jsonlines":       "1 /1{1}",
		"application/x-ndjson":        "1 /1{1}",
		"application/json":            "1 /1{1}",
		"application/vnd.x+json; a=b": "1 /1{1}",
		"image/png":                   "-1",
		"":                            "-1",
	} {
		check(t, want, func() (*Payload, error) { return ParseAs(media, "1", Request, testLimits, no) })
	}
}

// Many keys are found by index, in whatever order they come.
func TestManyKeys(t *testing.T) {
	limits := Limits{Rows: 10, Columns: 100, Values: 1000, Text: 10}
	var a, b []string
	for i := range 40 {
		a = append(a, fmt.Sprintf(`"k%d":%d`, i, i))
		b = append(b, fmt.Sprintf(`"k%d":%d`, 39-i, 139-i))
	}
	p, err := Parse(fmt.Sprintf(`{"instances":[{%s},{%s}]}`, strings.Join(a, ","), strings.Join(b, ",")), Request, limits)
	require.NoError(t, err)
	require.Len(t, p.Tensors, 40)
	for i := range p.Tensors {
		assert.Equal(t, int64(i), p.Tensors[i].At(0, 0).Int())
		assert.Equal(t, int64(100+i), p.Tensors[i].At(1, 0).Int())
	}
	assert.Greater(t, p.Size(), 40*2*value.Size)
}

func TestClip(t *testing.T) {
	assert.Equal(t, strings.Repeat("x", 255), clip(strings.Repeat("x", 255)+"ä"))
	assert.Equal(t, "ä", clip("ä"))
}

// Whatever comes, parsing does not panic, keeps within its limits, and cells fit their tensors.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"instances":[[6.8,2.8],[6.0,3.4]]}`, `{"instances":[{"a":1},{"b":[1,2]}]}`,
		`{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2],"parameters":{"content_type":"np"}}],"id":"a"}`,
		`{"inputs":{"x":[[1]],"y":"z"}}`, `{"data":{"names":["a"],"ndarray":[[1]],"tensor":{"shape":[1],"values":[1]}}}`,
		`{"dataframe_split":{"columns":["a"],"data":[[1]]}}`, `{"predictions":[{"score":0.9}]}`, `{"error":{"code":1}}`,
		"a,b\n1,2\n", "1,\"x\ny\"\n", `{"status":{"status":"FAILURE"}}`, `[1,[2,{"a":"\u00e4"}]]`, "{\"features\":[1]}\n{\"features\":[2]}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		verify := func(p *Payload, err error) {
			if err != nil {
				var e *Error
				require.ErrorAs(t, err, &e)
				require.NotEmpty(t, e.Message)
				return
			}
			require.LessOrEqual(t, p.Rows, testLimits.Rows)
			width := 0
			for i := range p.Tensors {
				x := &p.Tensors[i]
				if x.Omitted != Kept {
					require.Nil(t, x.Cells)
					continue
				}
				require.Len(t, x.Cells, x.Rows*x.Width)
				require.LessOrEqual(t, len(x.Cells), testLimits.Values)
				require.LessOrEqual(t, x.Rows, testLimits.Rows)
				if x.Names != nil {
					require.Len(t, x.Names, x.Width)
				}
				for _, c := range x.Cells {
					require.LessOrEqual(t, len(c.Text()), testLimits.Text)
				}
				width += x.Width
			}
			require.LessOrEqual(t, width, testLimits.Columns)
			if p.Failure != nil {
				require.LessOrEqual(t, len(p.Failure.Message), 256)
			}
		}
		for _, side := range []Side{Request, Response} {
			verify(Parse(s, side, testLimits))
			verify(ParseLoose(s, side, testLimits))
			verify(ParseLines(s, side, testLimits))
		}
		verify(ParseCSV(s, testLimits, func(cells []string) bool { return cells[0] == "known" }))
	})
}
