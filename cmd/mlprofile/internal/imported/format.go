// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	Whylogs   Format = "whylogs"
	TFDV      Format = "tfdv"
	SageMaker Format = "sagemaker"
)

// whylogsMagic is how a profile of version 1 begins.
var whylogsMagic = []byte("WHY1")

// Detect says by its first bytes which format a file has.
func Detect(data []byte) (Format, error) {
	text := bytes.TrimLeft(data, " \t\r\n\ufeff")
	switch {
	case len(text) == 0:
		return "", errors.New("is empty")
	case bytes.HasPrefix(data, whylogsMagic):
		return Whylogs, nil
	case text[0] == '{' && json.Valid(text):
		return SageMaker, nil
	case isRecord(data), isList(data):
		return TFDV, nil
	case isDelimited(data):
		return Whylogs, nil
	case text[0] == '{':
		return SageMaker, nil
	case utf8.Valid(text) && !bytes.ContainsRune(text, 0) && bytes.Contains(text, []byte("datasets")):
		return TFDV, nil
	}
	return "", errors.New("is in none of the formats whylogs, tfdv (binary, text, TFRecord) and sagemaker; --format names one")
}

// isList says whether data can be a DatasetFeatureStatisticsList: field 1, of a length that fits.
func isList(data []byte) bool {
	if len(data) == 0 || data[0] != 1<<3|byte(protowire.BytesType) {
		return false
	}
	_, n := protowire.ConsumeBytes(data[1:])
	return n > 0
}

// isDelimited says whether data can be a whylogs profile of version 0: a length, and a message that
// begins with field 1.
func isDelimited(data []byte) bool {
	message, n := protowire.ConsumeBytes(data)
	return n > 0 && len(message) > 1 && message[0] == 1<<3|byte(protowire.BytesType)
}

const (
	recordHeader = 12 // a length of 8 bytes, and its checksum of 4
	recordFooter = 4
)

// isRecord says whether data begins with a record of a TFRecord file.
func isRecord(data []byte) bool {
	if len(data) < recordHeader+recordFooter {
		return false
	}
	n := binary.LittleEndian.Uint64(data)
	return n > 0 && n <= uint64(len(data)-recordHeader-recordFooter)
}
