// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

// failure reads error: a string, or an object that has one.
func (r *reader) failure() error {
	f := &Failure{}
	if r.p.Peek() == '{' {
		err := r.p.Object(func(key string) error {
			switch key {
			case "message", "detail", "reason":
				return r.label(&f.Message)
			case "code", "status":
				return r.label(&f.Code)
			}
			return r.p.Skip()
		})
		if err != nil {
			return err
		}
	} else if err := r.label(&f.Message); err != nil {
		return err
	}
	if f.Message != "" || f.Code != "" {
		r.out.Failure = f
	}
	return nil
}
