// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"bytes"
	"errors"
	"regexp"
	"unicode/utf8"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	GreatExpectations Format = "great_expectations"
	Soda              Format = "soda"
	TFDV              Format = "tfdv"
	SageMaker         Format = "sagemaker"
	MLflow            Format = "mlflow"
)

var (
	protoText = regexp.MustCompile(`(?m)^\s*(feature|baseline|sparse_feature|string_domain|default_environment|dataset_constraints)\s*(:\s*)?[{<"]`)
	sodaKey   = regexp.MustCompile(`(?m)^("?(checks|automated monitoring|discover|profile) for |for each |dataset\s*:|distribution[ _]type\s*:)`)
	mlflowKey = regexp.MustCompile(`(?m)^(signature|flavors|mlflow_version|artifact_path)\s*:`)
)

// Detect says by the content which format a file has.
func Detect(data []byte) (Format, error) {
	text := bytes.TrimLeft(data, " \t\r\n\ufeff")
	switch {
	case len(text) == 0:
		return "", errors.New("is empty")
	case !utf8.Valid(data) || bytes.ContainsRune(data, 0):
		return "", errors.New("is no text; a schema of TFDV is read as text (schema.pbtxt)")
	case text[0] == '{' || text[0] == '[':
		return detectJSON(text)
	case protoText.Match(data):
		return TFDV, nil
	case sodaKey.Match(data):
		return Soda, nil
	case mlflowKey.Match(data):
		return MLflow, nil
	}
	return "", errUnknown
}

var errUnknown = errors.New("is in none of the formats great_expectations, soda, tfdv (schema.pbtxt), sagemaker (constraints.json) and mlflow (MLmodel); --format names one")

func detectJSON(text []byte) (Format, error) {
	v, err := decodeJSON(text)
	if err != nil {
		return "", err
	}
	top, _ := v.(map[string]any)
	o := object(top)
	switch {
	case o["expectations"] != nil, o["expectation_suite_name"] != nil, o["results"] != nil:
		return GreatExpectations, nil
	case o["violations"] != nil:
		return "", errors.New("are violations that SageMaker has found; the checks are in its constraints.json")
	case o["dataset"] != nil && o["features"] != nil:
		return "", errors.New("are statistics of SageMaker; make a baseline of them with mlprofile import, and a contract of that with mlprofile contract infer")
	case o["features"] != nil:
		return SageMaker, nil
	case o["signature"] != nil:
		return MLflow, nil
	}
	return "", errUnknown
}
