// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

// readStructured reads an event that is one JSON object. Its data in base64 is read here: the SDK
// takes the text between the first and the last byte of the value, and so refuses blanks before it
// and escapes in it, where the media type does not come first.
func readStructured(data []byte) (e event.Event, err error) {
	members, err := membersOf(data)
	if err != nil {
		return e, err
	}
	key := "data_base64"
	if text(members["datacontentencoding"]) == event.Base64 { // version 0.3
		key = "data"
	}
	encoded, there := members[key]
	if there {
		delete(members, key)
		delete(members, "datacontentencoding")
		if data, err = json.Marshal(members); err != nil {
			return e, refusal.New(refusal.BadEvent, "the event is no JSON object: "+err.Error())
		}
	}
	if err := json.Unmarshal(data, &e); err != nil || !there || string(encoded) == "null" {
		return e, err
	}
	var value string
	if err := json.Unmarshal(encoded, &value); err != nil {
		return e, refusal.New(refusal.BadEvent, "the event's "+key+" is no text: "+err.Error())
	}
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return e, refusal.New(refusal.BadEvent, "the event's "+key+" is no base64: "+err.Error())
	}
	e.DataEncoded, e.DataBase64 = raw, true
	return e, nil
}

// maxMembers is how many members an event may have: its attributes and its data. KServe's have ten
// or so.
const maxMembers = 256

// membersOf returns the members of an event.
func membersOf(data []byte) (map[string]json.RawMessage, error) {
	bad := func(err error) error {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("unexpected end of JSON input") // as json.Unmarshal says it
		}
		return refusal.New(refusal.BadEvent, "the event is no JSON object: "+err.Error())
	}
	if s := bytes.TrimSpace(data); len(s) == 0 || s[0] != '{' {
		var none map[string]json.RawMessage
		if err := json.Unmarshal(data, &none); err != nil { // it says what it is instead
			return nil, bad(err)
		}
		return none, nil // null
	}
	in := json.NewDecoder(bytes.NewReader(data))
	if _, err := in.Token(); err != nil {
		return nil, bad(err)
	}
	members := map[string]json.RawMessage{}
	for n := 0; in.More(); n++ {
		if n == maxMembers {
			return nil, refusal.New(refusal.TooLarge, fmt.Sprintf("the event has more than %d attributes", maxMembers))
		}
		key, err := in.Token()
		if err != nil {
			return nil, bad(err)
		}
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil {
			return nil, bad(err)
		}
		name, _ := key.(string)
		members[name] = raw
	}
	if _, err := in.Token(); err != nil {
		return nil, bad(err)
	}
	if len(bytes.TrimSpace(data[in.InputOffset():])) > 0 {
		return nil, bad(errMore)
	}
	return members, nil
}

// text returns the value of a JSON string, or nothing.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
