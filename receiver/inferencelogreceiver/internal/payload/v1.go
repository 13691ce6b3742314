// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package payload

// inputs reads V2's tensors, TensorFlow's columns by name, or bare rows.
func (r *reader) inputs() error {
	if r.p.Peek() == '{' { // columnar
		return r.p.Object(func(name string) error { return r.column(name) })
	}
	start := r.p
	v2 := r.p.Take('[') && r.p.Peek() == '{' && r.isTensor()
	r.p = start
	if !v2 {
		return r.rowsOrRow()
	}
	r.known = true
	return r.p.Array(func(i int) error { return r.tensor(i) })
}

// column reads the values of one named column.
func (r *reader) column(name string) error {
	if len(r.out.Tensors) >= r.limits.Columns || len(name) > maxName {
		return r.p.Skip()
	}
	if r.p.Peek() != '[' {
		if err := r.rowsOrRow(); err != nil {
			return err
		}
		if len(r.out.Tensors) > 0 {
			last := &r.out.Tensors[len(r.out.Tensors)-1]
			last.Name, last.Keyed = name, true
		}
		return nil
	}
	n := nested{p: &r.p, limits: r.limits}
	if err := n.read(); err != nil {
		return err
	}
	length, width, rank := n.dimensions()
	t, err := n.tensor(name, length, width, rank)
	if err != nil {
		return err
	}
	t.Keyed = true
	r.add([]Tensor{t}, length)
	return nil
}
