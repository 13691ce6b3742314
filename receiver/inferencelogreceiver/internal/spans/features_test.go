// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/goleak"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var limits = payload.Limits{Rows: 100, Columns: 200, Values: 10_000, Text: 64}

func numeric(names ...string) *profile.Profile {
	p := &profile.Profile{FormatVersion: 1, Rows: 10}
	for _, name := range names {
		p.Features = append(p.Features, &profile.Column{Name: name, Type: profile.Numeric})
	}
	return p
}

func withPrediction(p *profile.Profile, classes ...string) *profile.Profile {
	p.Prediction = &profile.Column{Name: "y", Type: profile.Numeric}
	if len(classes) > 0 {
		p.Prediction.Type = profile.Categorical
	}
	for _, c := range classes {
		p.Prediction.Categories = append(p.Prediction.Categories, profile.Category{Value: c, Count: 5})
	}
	return p
}

var (
	nothing    = newKnowledge(nil, nil, nil, nil)
	iris       = newKnowledge(&catalog.Model{Task: catalog.Multiclass}, numeric("sl", "sw", "pl", "pw"), nil, []string{"setosa", "versicolor", "virginica"})
	multi      = newKnowledge(&catalog.Model{Task: catalog.Multiclass}, nil, nil, nil)
	twoClass   = newKnowledge(&catalog.Model{Task: catalog.BinaryClassification, PositiveClass: "fraud"}, withPrediction(numeric("a", "b"), "ok", "fraud"), nil, nil)
	nameless   = newKnowledge(&catalog.Model{Task: catalog.BinaryClassification}, withPrediction(numeric("a", "b")), nil, nil)
	regression = newKnowledge(&catalog.Model{Task: catalog.Regression}, numeric("a"), nil, nil)
	generation = newKnowledge(&catalog.Model{Task: catalog.Generation}, nil, nil, nil)
	baselined  = newKnowledge(nil, withPrediction(numeric("a", "b"), "no", "yes"), nil, nil)
	numbered   = newKnowledge(nil, withPrediction(numeric("a", "b")), nil, nil)
)

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		name, request, response string
		k                       *knowledge
		want                    string // attributes without their common prefixes, see short
	}{
		// features
		{"positional, no card", `{"instances":[[1.5,"x",true]]}`, ``, nothing, `{"f.feature_0":1.5,"f.feature_1":"x","f.feature_2":true}`},
		{"positional, card", `{"instances":[[6.8,2.8,4.8,1.4]]}`, ``, iris, `{"f.pl":4.8,"f.pw":1.4,"f.sl":6.8,"f.sw":2.8}`},
		{"one row without brackets", `{"instances":[6.8,2.8,4.8,1.4]}`, ``, iris, `{"f.pl":4.8,"f.pw":1.4,"f.sl":6.8,"f.sw":2.8}`},
		{"rows of one number", `{"instances":[6.8,2.8,4.8]}`, ``, iris, `{"batch":3,"f.feature_0":[6.8,2.8,4.8]}`},
		{"another width than the card's", `{"instances":[[1,2]]}`, ``, iris, `{"f.feature_0":1,"f.feature_1":2}`},
		{"named", `{"instances":[{"a":1,"b":null},{"b":"x"}]}`, ``, iris, `{"batch":2,"f.a":[1,null],"f.b":[null,"x"]}`},
		{"missing in the only row", `{"instances":[{"a":null}]}`, ``, nothing, `{"f.a":null}`},
		{"batch of mixed types", `{"instances":[[1,1,"x",true],[2,2.5,3,4]]}`, ``, nothing, `{"batch":2,"f.feature_0":[1,2],"f.feature_1":[1,2.5],"f.feature_2":["x","3"],"f.feature_3":["true","4"]}`},
		{"as many rows as features, by key", `{"instances":[{"a":1},{"a":2},{"a":3},{"a":4}]}`, ``, iris, `{"batch":4,"f.a":[1,2,3,4]}`},
		{"as many rows as features, columnar", `{"inputs":{"x":[1,2,3,4]}}`, ``, iris, `{"batch":4,"f.x":[1,2,3,4]}`},
		{"as many rows as features, a column", `{"inputs":[{"name":"sl","shape":[4],"datatype":"INT8","data":[1,2,3,4]}]}`, ``, iris, `{"batch":4,"f.sl":[1,2,3,4]}`},
		{"V2 row without a dimension of rows", `{"inputs":[{"name":"x","shape":[4],"datatype":"INT8","data":[1,2,3,4]}]}`, ``, iris, `{"f.pl":3,"f.pw":4,"f.sl":1,"f.sw":2}`},
		{"one feature by another name", `{"inputs":[{"name":"input-0","shape":[1,1],"datatype":"INT8","data":[7]}]}`, ``, regression, `{"f.a":7}`},
		{"one feature by key", `{"instances":[{"b":7}]}`, ``, regression, `{"f.b":7}`},
		{"V2 columns", `{"inputs":[{"name":"a","shape":[2],"datatype":"INT64","data":[1,2]},{"name":"b","shape":[2,1],"datatype":"BYTES","data":["x","y"]}]}`, ``, iris, `{"batch":2,"f.a":[1,2],"f.b":["x","y"]}`},
		{"V2 matrix, card", `{"inputs":[{"name":"input-0","shape":[1,4],"datatype":"FP32","data":[6.8,2.8,4.8,1.4]}]}`, ``, iris, `{"f.pl":4.8,"f.pw":1.4,"f.sl":6.8,"f.sw":2.8}`},
		{"V2 matrix, no card", `{"inputs":[{"name":"input-0","shape":[1,2],"datatype":"FP32","data":[6.8,2.8]}]}`, ``, nothing, `{"f.feature_0":6.8,"f.feature_1":2.8}`},
		{"V2 matrices", `{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"y","shape":[1],"datatype":"FP32","data":[3]}]}`, ``, nothing, `{"f.x_0":1,"f.x_1":2,"f.y":3}`},
		{"V2 parameter of one row", `{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"t","shape":[1],"datatype":"FP32","data":[3]}]}`, ``, nothing, `{"batch":2,"f.t":3,"f.x":[1,2]}`},
		{"V2 rows that disagree", `{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"t","shape":[3],"datatype":"FP32","data":[3,4,5]}]}`, ``, nothing, `{"batch":2,"f.x":[1,2]} left out: rows_disagree`},
		{"image", `{"instances":[[` + strings.Repeat("0,", 200) + `0]]}`, `{"predictions":[3]}`, nothing, `{"p.class":"3"} left out: too_wide`},
		{"Seldon", `{"data":{"names":["a","b"],"ndarray":[[2,1]]}}`, `{"data":{"names":["proba"],"ndarray":[[0.19]]}}`, twoClass, `{"f.a":2,"f.b":1,"p.class":"ok","p.confidence":0.81,"p.score":0.19}`},

		// probabilities a rounding beside 0 and 1
		{"a rounding beside 0 and 1", ``, `{"predictions":[[1.0000001,-1e-7]]}`, nothing, `{"p.class":"0","p.confidence":1,"p.scores":{"0":1,"1":0}}`},
		{"of a float32 softmax", ``, `{"predictions":[[1.00000536,-0.000005]]}`, multi, `{"p.class":"0","p.confidence":1,"p.scores":{"0":1,"1":0}}`},
		{"a score above one", ``, `{"predictions":[1.00000536]}`, twoClass, `{"p.class":"fraud","p.confidence":1,"p.score":1}`},
		{"a confidence above one", ``, `{"predictions":[{"class":"a","confidence":1.00000536}]}`, nothing, `{"p.class":"a","p.confidence":1}`},
		{"more than a rounding", ``, `{"predictions":[[1.001,-0.001]]}`, nothing, `{"p.output.output_0":1.001,"p.output.output_1":-0.001}`},
		{"no percent by its size", ``, `{"predictions":[{"class":"a","confidence":93.5}]}`, nothing, `{"p.class":"a","p.output.confidence":93.5}`},

		// answers of one column
		{"whole numbers are classes", ``, `{"predictions":[1,0]}`, nothing, `{"batch":2,"p.class":["1","0"]}`},
		{"fractions are values", ``, `{"predictions":[1,0.5]}`, nothing, `{"batch":2,"p.value":[1,0.5]}`},
		{"texts are classes", ``, `{"predictions":["a",null]}`, nothing, `{"batch":2,"p.class":["a",null]}`},
		{"truth values are classes", ``, `{"predictions":[true]}`, nothing, `{"p.class":"true"}`},
		{"regression", ``, `{"predictions":[23]}`, regression, `{"p.value":23}`},
		{"regression, nested", ``, `{"predictions":[[23.5]]}`, regression, `{"p.value":23.5}`},
		{"classes by index", ``, `{"predictions":[2,1.0]}`, iris, `{"batch":2,"p.class":["virginica","versicolor"]}`},
		{"an index beyond the classes", ``, `{"predictions":[7]}`, iris, `{"p.class":"7"}`},
		{"whole floats of a classifier", ``, `{"predictions":[2.0]}`, multi, `{"p.class":"2"}`},
		{"V2 class", ``, `{"model_name":"m","outputs":[{"name":"predict","shape":[1],"datatype":"INT64","data":[1]}]}`, nothing, `{"p.class":"1"}`},
		{"V2 value", ``, `{"outputs":[{"name":"out","shape":[1,1],"datatype":"FP32","data":[3]}]}`, nothing, `{"p.value":3}`},
		{"binary score", ``, `{"predictions":[0.9,0.2]}`, twoClass, `{"batch":2,"p.class":["fraud","ok"],"p.confidence":[0.9,0.8],"p.score":[0.9,0.2]}`},
		{"binary class", ``, `{"predictions":[1]}`, twoClass, `{"p.class":"1"}`},
		{"binary score, classes unknown, numeric baseline", ``, `{"predictions":[0.9]}`, nameless, `{"p.confidence":0.9,"p.score":0.9,"p.value":0.9}`},
		{"binary logit", ``, `{"predictions":[-2.5]}`, twoClass, `{"p.value":-2.5}`},
		{"a score without a card is a value", ``, `{"data":{"names":["proba"],"ndarray":[[0.19]]}}`, nothing, `{"p.value":0.19}`},
		{"baseline's classes", ``, `{"predictions":["yes"]}`, baselined, `{"p.class":"yes"}`},
		{"baseline's numbers", ``, `{"predictions":[3]}`, numbered, `{"p.value":3}`},
		{"all answers in one line", "{\"instances\":[[1],[2],[3]]}", `{"predictions":[[0.5,0.25,2]]}`, nothing, `{"batch":3,"f.feature_0":[1,2,3],"p.value":[0.5,0.25,2]}`},
		{"generated text is not copied", ``, `{"predictions":["hello"]}`, generation, `{}`},

		// several columns
		{"probabilities", ``, `{"predictions":[[0.1,0.7,0.2]]}`, nothing, `{"p.class":"1","p.confidence":0.7,"p.scores":{"0":0.1,"1":0.7,"2":0.2}}`},
		{"probabilities, labels", ``, `{"predictions":[[0.1,0.7,0.2],[0.5,0.3,0.2]]}`, iris, `{"batch":2,"p.class":["versicolor","setosa"],"p.confidence":[0.7,0.5],"p.scores":[{"setosa":0.1,"versicolor":0.7,"virginica":0.2},{"setosa":0.5,"versicolor":0.3,"virginica":0.2}]}`},
		{"logits have no confidence", ``, `{"predictions":[[-1.5,2.5]]}`, multi, `{"p.class":"1","p.scores":{"0":-1.5,"1":2.5}}`},
		{"Seldon's class names", ``, `{"data":{"names":["x","y"],"ndarray":[[0.25,0.75]]}}`, nothing, `{"p.class":"y","p.confidence":0.75,"p.scores":{"x":0.25,"y":0.75}}`},
		{"no probabilities", ``, `{"predictions":[[3,4]]}`, nothing, `{"p.output.output_0":3,"p.output.output_1":4}`},
		{"regression of several", ``, `{"predictions":[[0.5,0.5]]}`, regression, `{"p.output.output_0":0.5,"p.output.output_1":0.5}`},
		{"a vector", ``, `{"predictions":[[` + strings.Repeat("3,", 32) + `3]]}`, nothing, `{"e.output":[` + strings.Repeat("3,", 32) + `3]}`},
		{"many classes", ``, `{"predictions":[[` + strings.Repeat("0.0,", 99) + `1.0]]}`, multi, `{"p.class":"99","p.confidence":1}`},

		// parts
		{"class and probabilities", ``, `{"outputs":[{"name":"predict","shape":[1],"datatype":"INT64","data":[0]},{"name":"predict_proba","shape":[1,2],"datatype":"FP64","data":[0.25,0.75]}]}`, nothing, `{"p.class":"0","p.confidence":0.25,"p.scores":{"0":0.25,"1":0.75}}`},
		{"SageMaker's linear learner", ``, `{"predictions":[{"score":0.9,"predicted_label":1}]}`, nothing, `{"p.class":"1","p.confidence":0.9}`},
		{"class, score of the positive one", ``, `{"predictions":[{"score":0.1,"label":"ok"},{"score":0.4,"label":"fraud"}]}`, twoClass, `{"batch":2,"p.class":["ok","fraud"],"p.confidence":[0.9,0.4],"p.score":[0.1,0.4]}`},
		{"label and confidence", ``, `{"predictions":[{"label":"a","confidence":0.8,"eta":12.5}]}`, nothing, `{"p.class":"a","p.confidence":0.8,"p.output.eta":12.5}`},
		{"label and confidence in named columns", ``, `{"data":{"names":["label","confidence"],"ndarray":[["a",0.8]]}}`, nothing, `{"p.class":"a","p.confidence":0.8}`},
		{"TensorFlow's classify", ``, `{"outputs":{"classes":[["a","b"]],"scores":[[0.25,0.75]]}}`, nothing, `{"p.class":"b","p.confidence":0.75,"p.scores":{"a":0.25,"b":0.75}}`},
		{"outputs of their own", ``, `{"outputs":[{"name":"eta","shape":[1],"datatype":"FP32","data":[12.5]},{"name":"route","shape":[1],"datatype":"BYTES","data":["x"]}]}`, nothing, `{"p.output.eta":12.5,"p.output.route":"x"}`},
		{"a confidence that is none", ``, `{"predictions":[{"label":"a","confidence":80}]}`, nothing, `{"p.class":"a","p.output.confidence":80}`},
		{"a score that is none", ``, `{"predictions":[{"label":"a","score":80}]}`, nothing, `{"p.class":"a","p.output.score":80}`},
		{"a score of another kind", ``, `{"predictions":[{"score":"high"}]}`, nothing, `{"p.output.score":"high"}`},

		// both
		{"rows of the answer disagree", `{"instances":[[1],[2]]}`, `{"predictions":[1,2,3]}`, nothing, `{"batch":2,"f.feature_0":[1,2]} left out: rows_disagree`},
		{"an answer for all rows", `{"instances":[[1],[2]]}`, `{"predictions":[1]}`, nothing, `{"batch":2,"f.feature_0":[1,2]} left out: rows_disagree`},
		{"an error", `{"instances":[[1]]}`, `{"error":"x"}`, nothing, `{"f.feature_0":1}`},
		{"no rows", `{"instances":[]}`, `{"predictions":[]}`, nothing, `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			parse := func(s string, side payload.Side) *payload.Payload {
				if s == "" {
					return nil
				}
				p, err := payload.Parse(s, side, limits)
				require.NoError(t, err)
				return p
			}
			request, response := parse(c.request, payload.Request), parse(c.response, payload.Response)
			for range 2 { // again, as where a pipeline was full
				attrs := pcommon.NewMap()
				result := write(attrs, c.k, request, response)
				assert.Equal(t, attrs.Len() > 0, result.written)
				assert.Equal(t, c.want, short(t, attrs)+leftOut(result))
			}
		})
	}
}

func short(t *testing.T, attrs pcommon.Map) string {
	t.Helper()
	out, err := json.Marshal(attrs.AsRaw())
	require.NoError(t, err)
	s := string(out)
	for long, is := range map[string]string{"ml.feature.": "f.", "ml.prediction.": "p.", "ml.batch.size": "batch", "ml.embedding.": "e."} {
		s = strings.ReplaceAll(s, long, is)
	}
	return s
}

func leftOut(r result) string {
	var list []string
	for o, n := range r.leftOut {
		if n > 0 {
			list = append(list, payload.Omission(o).String())
		}
	}
	if list == nil {
		return ""
	}
	return fmt.Sprintf(" left out: %s", strings.Join(list, ", "))
}

// Numbers keep their type: whole ones are integers, and an array has one type.
func TestTypes(t *testing.T) {
	p, err := payload.Parse(`{"instances":[[1,2.5],[2,3]]}`, payload.Request, limits)
	require.NoError(t, err)
	attrs := pcommon.NewMap()
	write(attrs, nothing, p, nil)
	v, _ := attrs.Get("ml.feature.feature_0")
	assert.Equal(t, pcommon.ValueTypeInt, v.Slice().At(0).Type())
	v, _ = attrs.Get("ml.feature.feature_1")
	assert.Equal(t, pcommon.ValueTypeDouble, v.Slice().At(1).Type())
}

func TestManyPositions(t *testing.T) {
	p, err := payload.Parse(`{"instances":[[`+strings.Repeat("1,", 299)+`1]]}`, payload.Request, payload.Limits{Rows: 1, Columns: 300, Values: 300, Text: 1})
	require.NoError(t, err)
	attrs := pcommon.NewMap()
	write(attrs, nothing, p, nil)
	_, ok := attrs.Get("ml.feature.feature_299")
	assert.True(t, ok)
	assert.Equal(t, 300, attrs.Len())
}

func TestIsHeader(t *testing.T) {
	assert.True(t, iris.isHeader([]string{"pw", "sl"}))
	assert.False(t, iris.isHeader([]string{"pw", "x"}))
	assert.False(t, iris.isHeader(nil))
	own := newKnowledge(nil, numeric("a"), []string{"x"}, nil)
	assert.True(t, own.isHeader([]string{"x"}), "what is given comes before the baseline")
	assert.False(t, own.isHeader([]string{"a"}))
}

// Whatever a model answers, writing it does not panic and gives arrays of the batch's length.
func FuzzWrite(f *testing.F) {
	f.Add(`{"instances":[[1,2],[3,4]]}`, `{"predictions":[[0.5,0.5],[1,0]]}`)
	f.Add(`{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,2]}]}`, `{"outputs":{"classes":[["a","b"]],"scores":[[0.25,0.75]]}}`)
	f.Add(`{"instances":[{"a":1}]}`, `{"predictions":[{"label":"x","score":0.5,"confidence":1}]}`)
	f.Add(``, `{"data":{"names":["label","score"],"ndarray":[["a",1],["b",2]]}}`)
	f.Fuzz(func(t *testing.T, request, response string) {
		for _, k := range []*knowledge{nothing, iris, twoClass, nameless, regression, generation} {
			in, _ := payload.ParseLoose(request, payload.Request, limits)
			out, _ := payload.ParseLoose(response, payload.Response, limits)
			attrs := pcommon.NewMap()
			result := write(attrs, k, in, out)
			for key, v := range attrs.All() {
				if v.Type() == pcommon.ValueTypeSlice && result.rows > 1 {
					require.Equal(t, result.rows, v.Slice().Len(), key)
				}
			}
		}
	})
}
