// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

const (
	// maxFileSize is the number of bytes of a file.
	maxFileSize = 16 << 20
	// maxDocument is the number of values of a YAML document, maxDepth how deep they nest.
	maxDocument, maxDepth = 500_000, 64
)

// Options say what a file leaves open.
type Options struct {
	// Format is the file's; told by the content if empty.
	Format Format
	// Parameters are the values of parameters of Great Expectations ($PARAMETER), and of variables of
	// Soda.
	Parameters map[string]string
	// Environment is the one of TFDV that the contract is for; empty for none in particular.
	Environment string
	// Dataset is the one of Soda; the first of the file if empty.
	Dataset string
	// Rows is the number of rows of a window, or a file, of which numbers of rows become shares; 0
	// where they cannot.
	Rows float64
}

// Read reads a file.
func Read(path string, o Options) (*draft.Contract, Format, error) {
	data, err := boundedfile.ReadAny(path, maxFileSize)
	if _, large := errors.AsType[*boundedfile.TooLargeError](err); large {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		return nil, "", err
	}
	c, format, err := decode(path, data, o)
	if err != nil {
		return nil, format, fmt.Errorf("%s: %w", path, err)
	}
	return c, format, nil
}

func decode(path string, data []byte, o Options) (*draft.Contract, Format, error) {
	format := o.Format
	if format == "" {
		var err error
		if format, err = Detect(data); err != nil {
			return nil, "", err
		}
	}
	s := &source{Contract: &draft.Contract{}, options: o}
	var err error
	switch format {
	case GreatExpectations:
		err = s.greatExpectations(data)
	case Soda:
		err = s.soda(path, data)
	case TFDV:
		err = s.tfdv(data)
	case SageMaker:
		err = s.sageMaker(data)
	case MLflow:
		err = s.mlflow(path, data)
	default:
		return nil, "", fmt.Errorf("format %q is none of %s, %s, %s, %s and %s", format, GreatExpectations, Soda, TFDV, SageMaker, MLflow)
	}
	if err != nil {
		return nil, format, fmt.Errorf("not a readable %s file: %w", format, err)
	}
	return s.Contract, format, nil
}

// source is a file that is being read.
type source struct {
	*draft.Contract
	options Options
}

// item is one thing that a file asks for.
type item struct {
	of      *source
	name    string
	carried bool
}

func (s *source) item(format string, args ...any) *item {
	s.Stated++
	return &item{of: s, name: fmt.Sprintf(format, args...)}
}

// add adds a check of the item; false where a card cannot have it.
func (i *item) add(check draft.Check) bool {
	if refused := i.of.Add(check); refused != "" {
		i.leave("%s", refused)
		return false
	}
	i.carry()
	return true
}

// carry counts an item that the contract has, once.
func (i *item) carry() {
	if !i.carried {
		i.carried = true
		i.of.Carried++
	}
}

func (i *item) leave(format string, args ...any) { i.of.Leave(i.name, format, args...) }
func (i *item) note(format string, args ...any)  { i.of.Note(i.name, format, args...) }

// object is a JSON object.
type object map[string]any

// decodeJSON decodes one value; whole numbers are int64, others float64.
func decodeJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errors.New("the JSON ends too early")
		}
		return nil, fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("byte %d: something follows the JSON", dec.InputOffset())
	}
	budget := maxDocument
	return plain(v, maxDepth, &budget)
}

// plain has numbers in place of json.Number.
func plain(v any, depth int, budget *int) (any, error) {
	if *budget--; *budget < 0 || depth == 0 {
		return nil, fmt.Errorf("is too large: at most %d values, %d levels deep", maxDocument, maxDepth)
	}
	var err error
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i, nil
		}
		f, err := v.Float64()
		if err != nil {
			return nil, fmt.Errorf("the number %s is too large", yamldoc.Clip(v.String()))
		}
		return f, nil
	case []any:
		for i := range v {
			if v[i], err = plain(v[i], depth-1, budget); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = plain(v[k], depth-1, budget); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// decodeYAML decodes the only document of a file.
func decodeYAML(path string, data []byte) (*yamldoc.Document, error) {
	report := &yamldoc.Report{}
	docs, _ := yamldoc.Parse(path, data, yamldoc.Options{MaxValues: maxDocument, MaxDepth: maxDepth}, report)
	if err := report.Err(); err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, fmt.Errorf("has %d documents and not one", len(docs))
	}
	return docs[0], nil
}

func (o object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o object) object(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

func (o object) list(key string) []any {
	l, _ := o[key].([]any)
	return l
}

// objects are the objects of a list.
func (o object) objects(key string) []object {
	list := o.list(key)
	out := make([]object, 0, len(list))
	for _, v := range list {
		m, _ := v.(map[string]any)
		out = append(out, m)
	}
	return out
}

// number is a number; nil where there is none.
func (o object) number(key string) *float64 {
	if v, ok := number(o[key]); ok {
		return &v
	}
	return nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// texts are the texts of a list; ok is false where it has anything else.
func texts(v any) (out []string, ok bool) {
	list, ok := v.([]any)
	for _, v := range list {
		s, text := v.(string)
		ok = ok && text
		out = append(out, s)
	}
	return out, ok
}

// sortAny sorts a list of texts.
func sortAny(list []any) {
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}
