// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package spans

import (
	"math"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/value"
	"github.com/otelcol-ml/otelcol-ml/mlconv"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/payload"
)

const (
	// maxScores is the largest number of classes whose scores are all kept.
	maxScores = 64
	// maxOutputs is the widest output that is written column by column; a wider one is an
	// embedding.
	maxOutputs = 32
)

// part is what a tensor of the response is.
type part uint8

const (
	output part = iota
	theAnswer
	theScores
	theConfidence
)

// partOf tells a part by its name. The names are those of scikit-learn's methods and of its runtime
// in MLServer (predict, predict_proba), of skl2onnx (output_label, output_probability), of
// TensorFlow's classify API (classes, scores), of SageMaker's built-in algorithms (predicted_label,
// score) and of Seldon's examples (proba).
func partOf(name string) part {
	switch strings.ReplaceAll(strings.ToLower(name), "-", "_") {
	case "predict", "prediction", "predictions", "class", "classes", "label", "labels", "predicted_label", "predicted_class", "output_label":
		return theAnswer
	case "predict_proba", "probabilities", "probability", "proba", "scores", "score", "output_probability", "class_probabilities":
		return theScores
	case "confidence":
		return theConfidence
	}
	return output
}

// answer writes the parts of a response.
func (w *writer) answer(p *payload.Payload) {
	var answer, scores, confidence *payload.Tensor
	var rest []*payload.Tensor
	tensors := split(p.Tensors)
	if w.rows > 1 && inOneLine(tensors, w.rows) {
		for i := range tensors {
			tensors[i].Rows, tensors[i].Width = w.rows, 1
		}
	}
	for i := range tensors {
		t := &tensors[i]
		if !w.usable(t, false) {
			continue
		}
		name := t.Name
		if t.Width == 1 && t.Names != nil {
			name = t.Names[0]
		}
		switch what := partOf(name); {
		case what == theAnswer && answer == nil:
			answer = t
		case what == theScores && scores == nil:
			scores = t
		case what == theConfidence && confidence == nil && t.Width == 1 && w.probabilities(t):
			confidence = t
		default:
			rest = append(rest, t)
		}
	}
	if answer == nil && scores == nil && len(rest) == 1 {
		answer, rest = rest[0], nil
	}
	w.parts(answer, scores, confidence)
	for _, t := range rest {
		w.output(t)
	}
}

// inOneLine is true where each tensor has the answers of all rows in its only one.
func inOneLine(tensors []payload.Tensor, rows int) bool {
	for i := range tensors {
		if t := &tensors[i]; t.Rows != 1 || t.Width != rows || t.Omitted != payload.Kept {
			return false
		}
	}
	return len(tensors) > 0
}

// split takes a table whose columns have names apart where one of them is an answer or a
// confidence.
func split(tensors []payload.Tensor) []payload.Tensor {
	if len(tensors) != 1 || tensors[0].Names == nil || tensors[0].Width < 2 || tensors[0].Omitted != payload.Kept {
		return tensors
	}
	t := &tensors[0]
	parts := false
	for _, name := range t.Names {
		what := partOf(name)
		parts = parts || what == theAnswer || what == theConfidence
	}
	if !parts {
		return tensors
	}
	out := make([]payload.Tensor, t.Width)
	for j := range out {
		out[j] = payload.Tensor{Name: t.Names[j], Rows: t.Rows, Width: 1, Rank: 1, Cells: make([]value.Value, t.Rows)}
		for i := range t.Rows {
			out[j].Cells[i] = t.At(i, j)
		}
	}
	return out
}

// parts writes the answer, its scores and its confidence, each of which may be nil.
func (w *writer) parts(answer, scores, confidence *payload.Tensor) {
	if answer != nil && scores == nil && w.areScores(answer) {
		answer, scores = nil, answer
	}
	var labels *payload.Tensor
	switch {
	case answer == nil:
	case answer.Width == 1:
		w.single(answer)
	case scores != nil && scores.Width == answer.Width: // TensorFlow's classes, one for each score
		labels = answer
	default:
		w.output(answer)
	}
	if confidence != nil {
		column{confidence, 0}.putProbabilities(w.attrs, mlconv.AttrPredictionConfidence, w.rows)
		w.result.written = true
	}
	switch {
	case scores == nil:
	case !numbers(scores):
		w.output(scores)
	case scores.Width > 1:
		w.scores(scores, labels, confidence == nil)
	case w.probabilities(scores):
		w.score(scores, confidence == nil)
	case answer == nil:
		w.value(scores)
	default:
		w.output(scores)
	}
}

// areScores tells whether the columns of the only answer are scores: of a classifier, or
// probabilities that add up to 1.
func (w *writer) areScores(t *payload.Tensor) bool {
	switch {
	case !numbers(t):
		return false
	case t.Width == 1:
		return w.k.task == catalog.BinaryClassification && w.probabilities(t) && fractions(t)
	case w.k.classification():
		return true
	case w.k.task != "" || !w.probabilities(t):
		return false
	}
	for i := range t.Rows {
		sum := 0.0
		for j := range t.Width {
			v, _ := t.At(i, j).Number()
			sum += probability(v)
		}
		if math.Abs(sum-1) > 0.01 {
			return false
		}
	}
	return true
}

// numbers is true where every cell is a number.
func numbers(t *payload.Tensor) bool {
	for _, c := range t.Cells {
		if _, ok := c.Number(); !ok {
			return false
		}
	}
	return true
}

// fractions is true where a number was written as one that need not be whole.
func fractions(t *payload.Tensor) bool {
	for _, c := range t.Cells {
		if c.Kind() == value.Float {
			return true
		}
	}
	return false
}

// rounding is how far beside 0 and 1 a probability may be that was computed as float32: a softmax
// sums up to a few hundred exponentials.
const rounding = 1e-5

// probability returns a number that is within rounding of one from 0 to 1 as what it stands for.
func probability(v float64) float64 {
	if v >= -rounding && v <= 1+rounding {
		return min(max(v, 0), 1)
	}
	return v
}

// probabilities is true where every cell is a number from 0 to 1, within rounding.
func (w *writer) probabilities(t *payload.Tensor) bool {
	for _, c := range t.Cells {
		if v, ok := c.Number(); !ok || v < -rounding || v > 1+rounding {
			return false
		}
	}
	return true
}

// single writes an answer of one column: as a class or as a value.
func (w *writer) single(t *payload.Tensor) {
	whole, texts := true, false
	for _, c := range t.Cells {
		switch c.Kind() {
		case value.Float:
			v, _ := c.Number()
			whole = whole && w.k.classification() && v == math.Trunc(v)
		case value.Text, value.Bool:
			texts = true
		}
	}
	switch {
	case w.k.task == catalog.Generation || w.k.task == catalog.Ranking:
		w.output(t)
	case w.k.task == catalog.Regression && !texts:
		w.value(t)
	case texts || whole && w.k.task != catalog.Regression:
		putEach(w.attrs, mlconv.AttrPredictionClass, w.rows, func(i int, v pcommon.Value) {
			if c := t.At(i, 0); c.Kind() != value.Missing {
				v.SetStr(w.class(c))
			}
		})
		w.result.written = true
	default:
		w.value(t)
	}
}

// class returns the label that a cell stands for: an index into the classes that are known, or what
// it says.
func (w *writer) class(c value.Value) string {
	if v, ok := c.Number(); ok && v >= 0 && v < float64(len(w.k.classes)) && v == math.Trunc(v) {
		return w.k.classes[int(v)]
	}
	return c.Category()
}

func (w *writer) value(t *payload.Tensor) {
	column{t, 0}.putNumbers(w.attrs, mlconv.AttrPredictionValue, w.rows)
	w.result.written = true
}

// given returns the class that has been written for a row.
func given(classes pcommon.Value, there bool, row int) (string, bool) {
	switch {
	case !there:
		return "", false
	case classes.Type() == pcommon.ValueTypeSlice:
		classes = classes.Slice().At(row)
	}
	return classes.Str(), classes.Type() == pcommon.ValueTypeStr
}

// score writes the score of the positive class. Without an answer of its own, the class is the one
// that is more likely.
func (w *writer) score(t *payload.Tensor, confidence bool) {
	k := w.k
	w.result.written = true
	classes, answered := w.attrs.Get(mlconv.AttrPredictionClass)
	if answered && k.positive == "" { // whose score it is cannot be told; that of the answer is the best guess
		if confidence {
			column{t, 0}.putProbabilities(w.attrs, mlconv.AttrPredictionConfidence, w.rows)
		}
		return
	}
	if k.task != catalog.BinaryClassification && !answered {
		w.value(t)
		return
	}
	of := func(i int) float64 {
		v, _ := t.At(i, 0).Number()
		return probability(v)
	}
	likely := make([]float64, w.rows)
	for i := range likely {
		likely[i] = of(i)
		if class, ok := given(classes, answered, i); ok && class != k.positive || !ok && likely[i] < 0.5 {
			likely[i] = 1 - likely[i]
		}
	}
	column{t, 0}.putProbabilities(w.attrs, mlconv.AttrPredictionScore, w.rows)
	if confidence {
		putEach(w.attrs, mlconv.AttrPredictionConfidence, w.rows, func(i int, v pcommon.Value) { v.SetDouble(likely[i]) })
	}
	if !answered && k.positive != "" && k.negative != "" {
		putEach(w.attrs, mlconv.AttrPredictionClass, w.rows, func(i int, v pcommon.Value) {
			if of(i) >= 0.5 {
				v.SetStr(k.positive)
			} else {
				v.SetStr(k.negative)
			}
		})
	}
	if _, there := w.attrs.Get(mlconv.AttrPredictionValue); k.numeric && !there {
		w.value(t)
	}
}

// scores writes the scores of all classes; labels, where there are any, are those of the same row
// and column.
func (w *writer) scores(t, labels *payload.Tensor, confidence bool) {
	w.result.written = true
	label := func(i, j int) string {
		switch {
		case labels != nil:
			return labels.At(i, j).Category()
		case t.Names != nil:
			return t.Names[j]
		case len(w.k.classes) == t.Width:
			return w.k.classes[j]
		default:
			return strconv.Itoa(j)
		}
	}
	probable := w.probabilities(t)
	score := func(i, j int) float64 {
		v, _ := t.At(i, j).Number()
		if probable {
			v = probability(v)
		}
		return v
	}
	classes, answered := w.attrs.Get(mlconv.AttrPredictionClass)
	best := make([]int, w.rows) // the column of the answer
	for i := range best {
		for j := range t.Width {
			if score(i, j) > score(i, best[i]) {
				best[i] = j
			}
		}
		if class, ok := given(classes, answered, i); ok {
			for j := range t.Width {
				if label(i, j) == class {
					best[i] = j
					break
				}
			}
		}
	}
	if !answered {
		putEach(w.attrs, mlconv.AttrPredictionClass, w.rows, func(i int, v pcommon.Value) { v.SetStr(label(i, best[i])) })
	}
	if confidence && probable {
		putEach(w.attrs, mlconv.AttrPredictionConfidence, w.rows, func(i int, v pcommon.Value) { v.SetDouble(score(i, best[i])) })
	}
	if t.Width > maxScores {
		return
	}
	putEach(w.attrs, mlconv.AttrPredictionScores, w.rows, func(i int, v pcommon.Value) {
		m := v.SetEmptyMap()
		m.EnsureCapacity(t.Width)
		for j := range t.Width {
			m.PutDouble(label(i, j), score(i, j))
		}
	})
}

// output writes a tensor that is an output of its own. Where the model generates text, strings are
// not copied.
func (w *writer) output(t *payload.Tensor) {
	if w.k.task == catalog.Generation && !numbers(t) {
		return
	}
	w.result.written = true
	name := t.Name
	if name == "" {
		name = "output"
	}
	if t.Width > maxOutputs && numbers(t) {
		putEach(w.attrs, mlconv.PrefixEmbedding+name, w.rows, func(i int, v pcommon.Value) {
			vector := v.SetEmptySlice()
			vector.EnsureCapacity(t.Width)
			for j := range t.Width {
				number, _ := t.At(i, j).Number()
				vector.AppendEmpty().SetDouble(number)
			}
		})
		return
	}
	for j := range t.Width {
		key := mlconv.PrefixPredictionOutput + name
		switch {
		case t.Names != nil:
			key = mlconv.PrefixPredictionOutput + t.Names[j]
		case t.Width > 1:
			key += "_" + strconv.Itoa(j)
		}
		column{t, j}.put(w.attrs, key)
	}
}
