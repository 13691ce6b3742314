// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/protolayout"
)

// parseTFDV decodes a DatasetFeatureStatisticsList: binary, in a TFRecord, or as text.
func parseTFDV(data []byte) (protoreflect.Message, []string, error) {
	var notes []string
	m := message{data, 0}
	if isRecord(data) && !isList(data) {
		n := int(binary.LittleEndian.Uint64(data))
		m = message{data[recordHeader : recordHeader+n], recordHeader}
		if rest := len(data) - recordHeader - n - recordFooter; rest > 0 {
			notes = append(notes, fmt.Sprintf("%d bytes behind the first record: others in the file are not read", rest))
		}
	} else if !isList(data) && utf8.Valid(data) {
		out, err := protolayout.ParseText(listDescriptor(), data, true)
		return out, nil, err
	}
	budget := protolayout.MaxMessages
	if err := m.scan(listDescriptor(), &budget); err != nil {
		return nil, nil, err
	}
	out := dynamicpb.NewMessage(listDescriptor())
	if err := proto.Unmarshal(m.data, out); err != nil {
		return nil, nil, err
	}
	return out, notes, nil
}

// scan reads a message without keeping it: where something is wrong it says at which byte, and how many
// messages there are is known before memory is taken for them.
func (m message) scan(d protoreflect.MessageDescriptor, budget *int) error {
	if *budget--; *budget < 0 {
		return fmt.Errorf("byte %d: there are more than %d messages", m.at, protolayout.MaxMessages)
	}
	return m.each(func(f *field) error {
		of := d.Fields().ByNumber(f.number)
		if of == nil || of.Message() == nil || f.data == nil {
			return nil
		}
		return f.scan(of.Message(), budget)
	})
}
