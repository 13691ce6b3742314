// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

// Checked counts the rows of one source of a model that has a contract.
type Checked struct {
	// Rows is the number of rows, Excess how much the squares of their weights add up to beyond it.
	Rows, Excess uint64
}

func (c *Checked) add(o *Checked) {
	c.Rows += o.Rows
	c.Excess += o.Excess
}

// ViolationKey says who broke what: ids of the model's Checks and Sources.
type ViolationKey struct{ Check, Source uint32 }

// Violation counts the rows of one source that broke one check.
type Violation struct {
	Checked
	// Example is the newest span with such a row; empty where there is none.
	Example Ref
}

// Add counts rows of a span.
func (v *Violation) Add(weight Weight, ref *Ref) {
	v.Rows += uint64(weight.Rows)
	v.Excess += weight.Excess
	v.show(ref)
}

func (v *Violation) add(o *Violation) {
	v.Checked.add(&o.Checked)
	v.show(&o.Example)
}

// show keeps the newest example.
func (v *Violation) show(ref *Ref) {
	if !ref.Trace.IsEmpty() && ref.Time >= v.Example.Time {
		v.Example = *ref
	}
}

// Contract is what a model's contract counts.
type Contract struct {
	// Checked are the rows by id of the model's Sources.
	Checked []Checked
	// Violations are nil where there are none.
	Violations map[ViolationKey]*Violation
}

func (c *Contract) merge(o *Contract) {
	c.Checked = grow(c.Checked, len(o.Checked))
	for i := range o.Checked {
		c.Checked[i].add(&o.Checked[i])
	}
	for k, v := range o.Violations {
		c.violation(k).add(v)
	}
}

func (c *Contract) violation(k ViolationKey) *Violation {
	v := c.Violations[k]
	if v == nil {
		if c.Violations == nil {
			c.Violations = make(map[ViolationKey]*Violation)
		}
		v = new(Violation)
		c.Violations[k] = v
	}
	return v
}

// cost is what the counts are in the budget.
func (c *Contract) cost() int64 { return int64(len(c.Checked) + len(c.Violations)) }

// Checked returns the rows of a source, to add to.
func (t *Table) Checked(p *Prediction, source uint32) *Checked {
	if d := int(source) + 1 - len(p.Contract.Checked); d > 0 {
		p.Contract.Checked = grow(p.Contract.Checked, int(source)+1)
		t.budget.live.Add(int64(d))
	}
	return &p.Contract.Checked[source]
}

// Violation returns the violations of a check by a source, to add to.
func (t *Table) Violation(p *Prediction, k ViolationKey) *Violation {
	n := len(p.Contract.Violations)
	v := p.Contract.violation(k)
	t.budget.live.Add(int64(len(p.Contract.Violations) - n))
	return v
}

func (c *Contract) forgetExamples() {
	for _, v := range c.Violations {
		v.Example = Ref{}
	}
}
