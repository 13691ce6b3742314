// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package protolayout describes protobuf messages of other projects by a table, and reads them as
// text within bounds.
package protolayout

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const (
	// MaxMessages is the number of messages in a file: each needs some hundred bytes of memory.
	MaxMessages = 1 << 20
	// MaxNesting is how deep messages of a text file may be nested.
	MaxNesting = 50
)

// Layout has the messages of a package.
type Layout struct {
	// Package is what errors call it, Syntax proto2 or proto3.
	Package, Syntax string
	// Messages have for each field its number and kind, such as "1 string"; a kind that begins with * is
	// repeated.
	Messages map[string]map[string]string
	// Enums are the names of the numbers of each, in order; an empty one is not there.
	Enums map[string][]string
}

var scalars = map[string]descriptorpb.FieldDescriptorProto_Type{
	"string": descriptorpb.FieldDescriptorProto_TYPE_STRING,
	"uint64": descriptorpb.FieldDescriptorProto_TYPE_UINT64,
	"int64":  descriptorpb.FieldDescriptorProto_TYPE_INT64,
	"double": descriptorpb.FieldDescriptorProto_TYPE_DOUBLE,
	"float":  descriptorpb.FieldDescriptorProto_TYPE_FLOAT,
	"bool":   descriptorpb.FieldDescriptorProto_TYPE_BOOL,
}

// Describe returns the descriptor of a message. It panics where the table is wrong.
func (l *Layout) Describe(root string) protoreflect.MessageDescriptor {
	file := &descriptorpb.FileDescriptorProto{Name: new(l.Package + ".proto"), Package: new(l.Package), Syntax: new(l.Syntax)}
	for name, values := range l.Enums {
		e := &descriptorpb.EnumDescriptorProto{Name: new(name)}
		for i, v := range values {
			if v != "" {
				e.Value = append(e.Value, &descriptorpb.EnumValueDescriptorProto{Name: new(v), Number: new(int32(i))})
			}
		}
		file.EnumType = append(file.EnumType, e)
	}
	for name, fields := range l.Messages {
		m := &descriptorpb.DescriptorProto{Name: new(name)}
		for field, of := range fields {
			m.Field = append(m.Field, l.describe(field, of))
		}
		file.MessageType = append(file.MessageType, m)
	}
	d, err := protodesc.NewFile(file, nil)
	if err != nil {
		panic(fmt.Sprintf("BUG: the layout of %s: %v", l.Package, err))
	}
	return d.Messages().ByName(protoreflect.Name(root))
}

func (l *Layout) describe(name, of string) *descriptorpb.FieldDescriptorProto {
	digits, kind, _ := strings.Cut(of, " ")
	number, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		panic(fmt.Sprintf("BUG: the layout of %s: %s: %v", l.Package, name, err))
	}
	f := &descriptorpb.FieldDescriptorProto{Name: new(name), Number: new(int32(number)), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()}
	if kind[0] == '*' {
		kind = kind[1:]
		f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	}
	if t, ok := scalars[kind]; ok {
		f.Type = t.Enum()
		return f
	}
	f.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
	if _, ok := l.Enums[kind]; ok {
		f.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
	}
	f.TypeName = new("." + l.Package + "." + kind)
	return f
}

// ParseText decodes protobuf's text format. Fields that the layout does not have are an error, or left
// out with discard. Errors name line and column.
func ParseText(d protoreflect.MessageDescriptor, data []byte, discard bool) (protoreflect.Message, error) {
	if err := bound(data); err != nil {
		return nil, err
	}
	out := dynamicpb.NewMessage(d)
	if err := (prototext.UnmarshalOptions{DiscardUnknown: discard}).Unmarshal(data, out); err != nil {
		return nil, err
	}
	return out, nil
}

// bound counts messages and how deep they are nested, outside of strings and comments.
func bound(data []byte) error {
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
		if depth > MaxNesting || messages > MaxMessages {
			return fmt.Errorf("line %d: messages are nested more than %d deep, or there are more than %d", line, MaxNesting, MaxMessages)
		}
	}
	return nil
}

// Name is that of a field.
type Name = protoreflect.Name

// Node is a message by the names of its fields.
type Node struct{ protoreflect.Message }

// Get returns a field's value.
func (n Node) Get(name Name) protoreflect.Value {
	return n.Message.Get(n.Descriptor().Fields().ByName(name))
}

// Has is true for a field that is set.
func (n Node) Has(name Name) bool {
	return n.Message.Has(n.Descriptor().Fields().ByName(name))
}

// Text returns a string, or what a number is written as.
func (n Node) Text(name Name) string { return n.Get(name).String() }

// Uint returns an unsigned number.
func (n Node) Uint(name Name) uint64 { return n.Get(name).Uint() }

// Int returns a signed number.
func (n Node) Int(name Name) int64 { return n.Get(name).Int() }

// Float returns a float or double.
func (n Node) Float(name Name) float64 { return n.Get(name).Float() }

// Bool returns a boolean.
func (n Node) Bool(name Name) bool { return n.Get(name).Bool() }

// Enum returns the name of an enum's value, or its number where it has none.
func (n Node) Enum(name Name) string {
	number := n.Get(name).Enum()
	of := n.Descriptor().Fields().ByName(name).Enum().Values().ByNumber(number)
	if of == nil {
		return strconv.Itoa(int(number))
	}
	return string(of.Name())
}

// Sub returns a message.
func (n Node) Sub(name Name) Node { return Node{n.Get(name).Message()} }

// All are the messages of a repeated field.
func (n Node) All(name Name) []Node {
	list := n.Get(name).List()
	out := make([]Node, list.Len())
	for i := range out {
		out[i] = Node{list.Get(i).Message()}
	}
	return out
}

// Texts are the strings of a repeated field.
func (n Node) Texts(name Name) []string {
	list := n.Get(name).List()
	out := make([]string, list.Len())
	for i := range out {
		out[i] = list.Get(i).String()
	}
	return out
}
