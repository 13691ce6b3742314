// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package accumulators

// The values of Call.Error that are no type of the model's Errors.
const (
	// NoError is a prediction that did not fail.
	NoError = 0
	// OtherError is a failure without a type, or of one that found no room: _OTHER, as
	// OpenTelemetry's conventions have it.
	OtherError = 1
)

// Call counts the predictions of one service that ended in one way.
type Call struct {
	// Service is an id of the model's Services.
	Service uint32
	// Error is NoError, OtherError, or 1 + an id of the model's Errors.
	Error uint32
	// Rows is the number of predictions, Excess how much the squares of their weights add up to
	// beyond it.
	Rows, Excess uint64
	// Duration is in seconds, one value a span.
	Duration Histogram
}

func (c *Call) merge(o *Call) {
	c.Rows += o.Rows
	c.Excess += o.Excess
	c.Duration.merge(&o.Duration)
}

// call returns the predictions of a service that ended in a way. They are few, and those of the
// span before come first.
func (p *Prediction) call(service, err uint32) *Call {
	for i := range p.Calls {
		if c := &p.Calls[i]; c.Service == service && c.Error == err {
			return c
		}
	}
	p.Calls = append(p.Calls, Call{Service: service, Error: err})
	return &p.Calls[len(p.Calls)-1]
}

// callCost is what a Call counts for in the budget: count and duration.
const callCost = 2

// Call returns the predictions of a service that ended in a way, to add to.
func (t *Table) Call(p *Prediction, service, err uint32) *Call {
	n := len(p.Calls)
	c := p.call(service, err)
	if len(p.Calls) > n {
		t.budget.live.Add(callCost)
	}
	return c
}

// CallSum is Calls added up.
type CallSum struct {
	Service, Error uint32
	Rows, Excess   uint64
	Duration       HistogramSum
}

func (p *PredictionSum) addCall(o *Call) {
	var c *CallSum
	for i := range p.Calls {
		if p.Calls[i].Service == o.Service && p.Calls[i].Error == o.Error {
			c = &p.Calls[i]
			break
		}
	}
	if c == nil {
		p.Calls = append(p.Calls, CallSum{Service: o.Service, Error: o.Error})
		c = &p.Calls[len(p.Calls)-1]
	}
	c.Rows += o.Rows
	c.Excess += o.Excess
	c.Duration.add(&o.Duration)
}
