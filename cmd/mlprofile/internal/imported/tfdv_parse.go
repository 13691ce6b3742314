// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package imported

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

const (
	// maxMessages is the number of messages in a file: each needs some hundred bytes of memory.
	maxMessages = 1 << 20
	// maxNesting is how deep messages of a text file may be nested; statistics have seven levels.
	maxNesting = 50
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
		out, err := parseText(data)
		return out, nil, err
	}
	budget := maxMessages
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
		return fmt.Errorf("byte %d: there are more than %d messages", m.at, maxMessages)
	}
	return m.each(func(f *field) error {
		of := d.Fields().ByNumber(f.number)
		if of == nil || of.Message() == nil || f.data == nil {
			return nil
		}
		return f.scan(of.Message(), budget)
	})
}

// parseText decodes protobuf's text format.
func parseText(data []byte) (protoreflect.Message, error) {
	if err := boundText(data); err != nil {
		return nil, err
	}
	out := dynamicpb.NewMessage(listDescriptor())
	if err := (prototext.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, out); err != nil {
		return nil, err // names line and column
	}
	return out, nil
}

// boundText counts messages and how deep they are nested, outside of strings and comments.
func boundText(data []byte) error {
	depth, messages, line := 0, 0, 1
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '\n':
			line++
		case '#':
			end := bytes.IndexByte(data[i:], '\n')
			if end < 0 {
				return nil
			}
			i += end - 1
		case '"', '\'':
			for i++; i < len(data) && data[i] != c && data[i] != '\n'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '<', '[':
			depth++
			messages++
		case '}', '>', ']':
			depth--
		}
		if depth > maxNesting || messages > maxMessages {
			return fmt.Errorf("line %d: messages are nested more than %d deep, or there are more than %d", line, maxNesting, maxMessages)
		}
	}
	return nil
}

// node is a message by the names of its fields.
type node struct{ protoreflect.Message }

func (n node) get(name protoreflect.Name) protoreflect.Value {
	return n.Get(n.Descriptor().Fields().ByName(name))
}

func (n node) has(name protoreflect.Name) bool {
	return n.Has(n.Descriptor().Fields().ByName(name))
}

func (n node) text(name protoreflect.Name) string { return n.get(name).String() }

func (n node) uint(name protoreflect.Name) uint64 { return n.get(name).Uint() }

func (n node) float(name protoreflect.Name) float64 { return n.get(name).Float() }

// kind is the name of the field type, which features and histograms have.
func (n node) kind() string {
	number := n.get("type").Enum()
	of := n.Descriptor().Fields().ByName("type").Enum().Values().ByNumber(number)
	if of == nil {
		return strconv.Itoa(int(number))
	}
	return string(of.Name())
}

func (n node) sub(name protoreflect.Name) node { return node{n.get(name).Message()} }

// all are the messages of a repeated field.
func (n node) all(name protoreflect.Name) []node {
	list := n.get(name).List()
	out := make([]node, list.Len())
	for i := range out {
		out[i] = node{list.Get(i).Message()}
	}
	return out
}
