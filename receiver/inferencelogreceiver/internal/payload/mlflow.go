// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

// split reads a dataframe of pandas, orient split.
func (r *reader) split() error {
	var names []string
	var tensors []Tensor
	length := 0
	err := r.p.Object(func(key string) error {
		switch key {
		case "columns":
			var err error
			names, err = r.names()
			return err
		case "data":
			var err error
			tensors, length, err = rows(&r.p, r.limits)
			return err
		}
		return r.p.Skip()
	})
	if err != nil {
		return err
	}
	if tensors == nil {
		return failf(BadPayload, "dataframe_split has no data")
	}
	if t := &tensors[0]; len(tensors) == 1 && len(names) == t.Width {
		t.Names = names
	}
	r.add(tensors, length)
	return nil
}
