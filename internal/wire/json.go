// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "encoding/json"

// EncodeJSON returns a record with a seal, whose payload is v as JSON.
func (f Format) EncodeJSON(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	e := f.NewEncoder(len(text) + len(f.Magic) + 1 + sumSize)
	e.Raw(text)
	return e.Seal(), nil
}

// DecodeJSON reads what EncodeJSON wrote. Before there were records there was plain JSON: for
// format 1, that is the format before.
func (f Format) DecodeJSON(record []byte, v any) error {
	if f.Version == 1 && len(record) > 0 && (record[0] == '[' || record[0] == '{') {
		return json.Unmarshal(record, v)
	}
	d, err := f.Open(record)
	if err != nil {
		return err
	}
	return json.Unmarshal(d.Rest(), v)
}
