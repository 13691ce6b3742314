// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package drift

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/internal/contract"
	"github.com/otelcol-ml/otelcol-ml/internal/distribution"
)

// A contract is judged at each window that closes, by itself: windows do not grow for it. What bounds
// a feature goes by the windows of its series, what bounds rows by those below.
//
//	ContractRows, Violations ──► contractWindow ─┐
//	values, missing values ────► series' window ─┴─► contract.Observed ──► Check.Judge ──► judgedCheck

// maxPast is the most windows of a check that are remembered, to be compared with.
const maxPast = 2048

// maxContracts is the most results that wait for TakeContracts; the oldest go first.
const maxContracts = 50_000

// ContractResult is what a check of a contract says of a window.
type ContractResult struct {
	// Key is the model's, of the version that was judged; a number of rows is of all versions in the
	// primary role. Name is the feature, or the attribute, of the check.
	Key   Key
	Check *contract.Check
	contract.Judgement
	// Start and End are event time, in seconds since 1970.
	Start, End int64
	// From is the verdict on the window before.
	From contract.Verdict
}

// checkKey identifies a check among those of a model.
type checkKey struct{ subject, name string }

func keyOfCheck(c *contract.Check) checkKey { return checkKey{c.Subject(), c.Name} }

// contracted is the contract of a model, made ready.
type contracted struct {
	checks []*contract.Check
	index  map[checkKey]int
	// unknown is the name of the check of features that nobody knows; empty for none.
	unknown string
	// values are the categories that checks allow features.
	values map[string][]string
}

func newContracted(c *contract.Contract) *contracted {
	if c == nil {
		return nil
	}
	out := &contracted{index: make(map[checkKey]int), values: make(map[string][]string)}
	for i := range c.Checks {
		check := &c.Checks[i]
		out.index[keyOfCheck(check)] = len(out.checks)
		out.checks = append(out.checks, check)
		switch check.Kind {
		case contract.UnknownFeature:
			out.unknown = check.Name
		case contract.Values:
			out.values[check.Feature] = check.Values
		}
	}
	return out
}

// find returns the key of the row's check that was broken; false where the card has no such check.
func (c *contracted) find(by *Consumer) (k checkKey, ok bool) {
	k = checkKey{by.Feature, by.Check}
	i, ok := c.index[k]
	if !ok && by.Feature != "" && by.Check == c.unknown {
		k = checkKey{name: c.unknown}
		i, ok = c.index[k]
	}
	return k, ok && c.checks[i].OfRow()
}

// streamOfCheck is the clock by whose windows a check is judged.
func streamOfCheck(c *contract.Check) int {
	if c.OfRow() || c.Statistic == contract.Rows {
		return streamOf(Violations)
	}
	return streamOf(Feature)
}

// weighted is a number of rows with the excess of the squares of their weights.
type weighted struct{ rows, excess uint64 }

func (w *weighted) add(d *Delta) {
	w.rows += d.Count
	w.excess += d.Squares() - d.Count
}

// contractWindow is what a version's rows of a period broke.
type contractWindow struct {
	period  int64
	checked weighted
	broken  map[checkKey]weighted
}

// judgedKey is a check of a version.
type judgedKey struct {
	version versionKey
	check   checkKey
}

// judgedCheck is what was last said of a check, with what it will be compared with.
type judgedCheck struct {
	contract.Judgement
	start, end int64
	past       []pastFigure
}

// pastFigure is what was observed in a window that ended at end.
type pastFigure struct {
	end int64
	contract.Observed
}

// countContract counts rows of a version, or what they broke, as far as their period is open.
func (m *model) countContract(v *version, d *Delta, stream int) {
	c := m.settings.contract
	period := m.settings.grid.Period(d.Minute)
	if c == nil || !m.clocks[stream].Takes(period) {
		return
	}
	w := v.contractAt(period)
	if w == nil {
		return
	}
	if d.Key.Subject == ContractRows {
		w.checked.add(d)
		return
	}
	k, ok := c.find(&d.Consumer)
	if !ok {
		return // another tool's
	}
	if w.broken == nil {
		w.broken = make(map[checkKey]weighted)
	}
	one := w.broken[c.own(k)]
	one.add(d)
	w.broken[c.own(k)] = one
}

// own returns the key with the card's strings, which keep no request alive.
func (c *contracted) own(k checkKey) checkKey { return keyOfCheck(c.checks[c.index[k]]) }

// contractAt returns the open window of a period; nil where there is no room for one more.
func (v *version) contractAt(period int64) *contractWindow {
	i, found := slices.BinarySearchFunc(v.contract, period, func(w *contractWindow, p int64) int { return cmp.Compare(w.period, p) })
	if found {
		return v.contract[i]
	}
	if len(v.contract) >= maxOpen {
		return nil
	}
	w := &contractWindow{period: period}
	v.contract = slices.Insert(v.contract, i, w)
	return w
}

// takeContract removes the window of a period and returns it; nil where there is none.
func (v *version) takeContract(period int64) *contractWindow {
	for len(v.contract) > 0 && v.contract[0].period <= period {
		w := v.contract[0]
		v.contract = slices.Delete(v.contract, 0, 1)
		if w.period == period {
			return w
		}
	}
	return nil
}

// pendingContract returns the first period whose closing a contract waits for; false if there is none.
func (m *model) pendingContract(stream int, next int64) (first int64, found bool) {
	for k, j := range m.judged {
		if i, ok := m.settings.contract.at(k.check); ok && streamOfCheck(m.settings.contract.checks[i]) == stream && j.Verdict != contract.Insufficient {
			return next, true // silence makes it insufficient
		}
	}
	if stream != streamOf(Violations) {
		return 0, false
	}
	for _, v := range m.versions {
		if len(v.contract) > 0 && (!found || v.contract[0].period < first) {
			first, found = v.contract[0].period, true
		}
	}
	return first, found
}

func (c *contracted) at(k checkKey) (i int, ok bool) {
	if c == nil {
		return 0, false
	}
	i, ok = c.index[k]
	return i, ok
}

// judgeContract judges the checks that go by the windows of a stream. The windows of series are still
// there.
func (c *closing) judgeContract(m *model, stream int, p period) {
	if m.settings.contract == nil {
		m.judged = nil
		return
	}
	m.pruneContract()
	var all weighted
	came := false
	for _, v := range m.versions {
		ref := &cohortRef{m: m, v: v}
		var w *contractWindow
		if stream == streamOf(Violations) {
			if w = v.takeContract(p.number); w != nil && v.key.role == "" {
				came = true
				all.rows += w.checked.rows
				all.excess += w.checked.excess
			}
		}
		for _, check := range m.settings.contract.checks {
			if streamOfCheck(check) != stream || check.Statistic == contract.Rows {
				continue
			}
			o, known := ref.observe(check, w)
			if !known {
				c.notJudged(m, v.key, check)
			}
			c.concludeContract(m, judgedKey{v.key, keyOfCheck(check)}, check, o, p)
		}
	}
	for _, check := range m.settings.contract.checks {
		if k := (judgedKey{check: keyOfCheck(check)}); check.Statistic == contract.Rows && stream == streamOfCheck(check) && (came || m.judged[k] != nil) {
			c.concludeContract(m, k, check, contract.RowsOf(all.rows, all.excess), p)
		}
	}
}

// pruneContract forgets what was said of versions, and by checks, that are gone.
func (m *model) pruneContract() {
	maps.DeleteFunc(m.judged, func(k judgedKey, _ *judgedCheck) bool {
		i, ok := m.settings.contract.at(k.check)
		if !ok {
			return true
		}
		if m.settings.contract.checks[i].Statistic == contract.Rows {
			return k.version != (versionKey{})
		}
		return !slices.ContainsFunc(m.versions, func(v *version) bool { return v.key == k.version })
	})
}

// notJudged takes note of a check that what is counted does not say anything of.
func (c *closing) notJudged(m *model, v versionKey, check *contract.Check) {
	c.unjudged = append(c.unjudged, Event{Kind: NotJudged, Item: check.Name, Key: Key{
		Environment: m.key.environment, Model: m.key.name, Version: v.version, Role: v.role, Name: check.Subject(),
	}})
}

// concludeContract judges a check.
func (c *closing) concludeContract(m *model, k judgedKey, check *contract.Check, o contract.Observed, p period) {
	j := m.judged[k]
	if o.Samples == 0 && check.Statistic != contract.Rows && j == nil {
		return
	}
	if j == nil {
		if m.judged == nil {
			m.judged = make(map[judgedKey]*judgedCheck)
		}
		j = &judgedCheck{}
		m.judged[k] = j
	}
	from := j.Verdict
	var before *contract.Observed
	if check.ComparedWith > 0 {
		if ago := int64(check.ComparedWith / time.Second); ago/max(p.end-p.start, 1) > maxPast {
			c.notJudged(m, k.version, check)
		} else {
			before = j.recall(p, ago, o)
		}
	}
	j.Judgement, j.start, j.end = check.Judge(o, before, m.settings.minSamples), p.start, p.end
	c.contracts = append(c.contracts, ContractResult{
		Key: m.keyOfJudged(k), Check: check, Judgement: j.Judgement, Start: p.start, End: p.end, From: from,
	})
	if o.Samples == 0 && check.Statistic != contract.Rows && from == contract.Insufficient && len(j.past) == 0 {
		delete(m.judged, k) // it has been silent for two windows
	}
}

func (m *model) keyOfJudged(k judgedKey) Key {
	return Key{Environment: m.key.environment, Model: m.key.name, Version: k.version.version, Role: k.version.role, Name: k.check.subject}
}

// recall returns what was observed so many seconds before a window, nil if nothing was, and remembers
// what was observed in the window.
func (j *judgedCheck) recall(p period, seconds int64, o contract.Observed) (before *contract.Observed) {
	want, slack := p.end-seconds, (p.end-p.start)/2
	j.past = slices.DeleteFunc(j.past, func(f pastFigure) bool { return f.end < want-slack })
	if len(j.past) > 0 && j.past[0].end <= want+slack {
		first := j.past[0].Observed
		before = &first
	}
	if o.Samples > 0 {
		j.past = append(j.past, pastFigure{p.end, o})
		j.past = j.past[max(len(j.past)-maxPast, 0):]
	}
	return before
}

// observe is what a check bounds, in the window of a contract or that of a feature; false where what is
// counted does not say it.
func (ref *cohortRef) observe(check *contract.Check, w *contractWindow) (o contract.Observed, known bool) {
	if check.OfRow() {
		return ref.observeRows(check, w), true
	}
	return ref.observeFeature(check)
}

// observeRows is the share of a version's rows that broke a check. They are worth as many independent
// ones as those of the check's feature that lack a value.
func (ref *cohortRef) observeRows(check *contract.Check, w *contractWindow) contract.Observed {
	if w == nil || w.checked.rows == 0 {
		return contract.ShareOf(0, 0, 0)
	}
	n := comparand{samples: w.checked.rows, design: weighting(w.checked.excess, w.checked.rows)}
	if check.Feature != "" {
		ref.weighBy(seriesKey{Feature, check.Feature}, true, &n)
	}
	return contract.ShareOf(w.broken[keyOfCheck(check)].rows, n.samples, n.effective())
}

// observeFeature is a statistic of a feature in the window that closes; false where what is counted
// does not say it.
func (ref *cohortRef) observeFeature(check *contract.Check) (o contract.Observed, known bool) {
	none := contract.ShareOf(0, 0, 0)
	i, found := ref.v.find("")
	if !found {
		return none, true
	}
	s := ref.v.groups[i].series[seriesKey{Feature, check.Feature}]
	if s == nil || s.closingWindow == nil {
		return none, true
	}
	w := s.closingWindow
	if check.Statistic == contract.Missing {
		n := w.share().comparand(w.start, w.end)
		ref.weighBy(s.key, true, &n)
		return contract.ShareOf(n.missing.missing, n.samples, n.effective()), true
	}
	n := w.comparand(w.count())
	ref.weighBy(s.key, false, &n)
	switch {
	case n.samples == 0:
		return none, true
	case s.binning.Kind == distribution.KindCategorical:
		k := s.countedCategories(w, ref.m.settings.contract.values[check.Feature])
		k.N, k.Excess, k.Effective = n.samples, w.excess, n.effective()
		return k.Observe(check)
	}
	numbers := s.countedNumbers(w)
	numbers.N, numbers.Excess, numbers.Effective = n.samples, w.excess, n.effective()
	return numbers.Observe(check)
}

// countedNumbers are the numbers of a window.
func (s *series) countedNumbers(w *window) *contract.Numbers {
	out := &contract.Numbers{Sum: w.sum, Min: nan, Max: nan}
	if w.min <= w.max && !math.IsInf(w.min, 0) && !math.IsInf(w.max, 0) {
		out.Min, out.Max = w.min, w.max
	}
	if s.binning.Kind == distribution.KindExponential {
		out.Bounds, out.Counts, _ = distribution.Align(w.expo, nil)
		return out
	}
	out.Bounds = s.binning.Bounds
	out.Counts = make([]uint64, len(out.Bounds)+1)
	for i, n := range values(w.cells) {
		out.Counts[i] = uint64(n)
	}
	return out
}

// countedCategories are the categories of a window. What is expected is the baseline's, else what a check allows.
func (s *series) countedCategories(w *window, allowed []string) *contract.Categories {
	out := &contract.Categories{}
	counts := values(w.cells)
	if len(counts) > distribution.BinRest {
		out.Rest = uint64(counts[distribution.BinRest])
	}
	for i, n := range counts[min(distribution.BinRest+1, len(counts)):] {
		if n == 0 {
			continue
		}
		out.Named++
		if !s.binning.Fixed && !slices.Contains(allowed, s.binning.Categories[i]) {
			out.Unseen += uint64(n)
		}
	}
	switch {
	case s.binning.Fixed && s.plan.column != nil:
		out.Known = true
		if out.Unseen, out.Unsure = out.Rest, 0; s.plan.column.Other > 0 { // the baseline has others, too
			out.Unseen, out.Unsure = 0, out.Rest
		}
	case allowed != nil:
		out.Known, out.Unsure = true, out.Rest
	}
	return out
}

// Contracts calls yield for what was last said of each check of each contract, in a fixed order. What
// it gets is shared only for the call, and yield must not call the engine.
func (e *Engine) Contracts(yield func(*ContractResult)) {
	e.eachCurrent(func(m *model) {
		for _, k := range slices.SortedFunc(maps.Keys(m.judged), compareJudged) {
			i, ok := m.settings.contract.at(k.check)
			if !ok {
				continue // the card is another one now
			}
			j := m.judged[k]
			yield(&ContractResult{
				Key: m.keyOfJudged(k), Check: m.settings.contract.checks[i], Judgement: j.Judgement, Start: j.start, End: j.end, From: j.Verdict,
			})
		}
	})
}

func compareJudged(a, b judgedKey) int {
	return cmp.Or(compareVersions(a.version, b.version), strings.Compare(a.check.subject, b.check.subject), strings.Compare(a.check.name, b.check.name))
}

// TakeContracts returns what contracts have said of windows that were closed since the last call.
func (e *Engine) TakeContracts() []ContractResult {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.contracts
	e.contracts = nil
	return out
}

// keepContracts keeps what the closing of periods has brought for TakeContracts, and takes note of what
// could not be judged.
func (e *Engine) keepContracts(c *closing) {
	for i := range c.unjudged {
		e.notes.event(c.unjudged[i])
	}
	if len(c.contracts) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.contracts = append(e.contracts, c.contracts...)
	e.contracts = e.contracts[max(len(e.contracts)-maxContracts, 0):]
}

func (e *encoder) observed(o *contract.Observed) {
	e.Float64(o.Point)
	e.Float64(o.Lower)
	e.Float64(o.Upper)
	e.Uvarint(o.Samples)
	e.Float64(o.Effective)
}

func (d *decoder) observed() contract.Observed {
	return contract.Observed{Point: d.Float64(), Lower: d.Float64(), Upper: d.Float64(), Samples: d.Uvarint(), Effective: d.Float64()}
}

func (e *encoder) versionKey(k versionKey) {
	e.String(k.version)
	e.String(k.role)
}

func (e *encoder) check(k checkKey) {
	e.String(k.subject)
	e.String(k.name)
}

// contracts writes the windows of contracts and what was said by them.
func (e *encoder) contracts(m *model) {
	open := 0
	for _, v := range m.versions {
		open += len(v.contract)
	}
	if open == 0 && len(m.judged) == 0 {
		return
	}
	e.Uvarint(sectionContract)
	e.Uvarint(uint64(open))
	for _, v := range m.versions {
		for _, w := range v.contract {
			e.versionKey(v.key)
			e.Varint(w.period)
			e.Uvarint(w.checked.rows)
			e.Uvarint(w.checked.excess)
			e.Uvarint(uint64(len(w.broken)))
			for _, k := range slices.SortedFunc(maps.Keys(w.broken), func(a, b checkKey) int { return compareJudged(judgedKey{check: a}, judgedKey{check: b}) }) {
				e.check(k)
				e.Uvarint(w.broken[k].rows)
				e.Uvarint(w.broken[k].excess)
			}
		}
	}
	e.Uvarint(uint64(len(m.judged)))
	for _, k := range slices.SortedFunc(maps.Keys(m.judged), compareJudged) {
		j := m.judged[k]
		e.versionKey(k.version)
		e.check(k.check)
		e.Uvarint(uint64(j.Verdict))
		e.observed(&j.Observed)
		e.Varint(j.start)
		e.Varint(j.end)
		e.Uvarint(uint64(len(j.past)))
		for i := range j.past {
			e.Varint(j.past[i].end)
			e.observed(&j.past[i].Observed)
		}
	}
}

// contracts reads what encoder.contracts wrote. What is of a version that found no room is dropped.
func (d *decoder) contracts(m *model) {
	for range d.Count(6) {
		key := versionKey{d.name(), d.name()}
		w := &contractWindow{period: d.Varint(), checked: weighted{d.Uvarint(), d.Uvarint()}}
		for range d.Count(4) {
			if w.broken == nil {
				w.broken = make(map[checkKey]weighted)
			}
			w.broken[checkKey{d.name(), d.name()}] = weighted{d.Uvarint(), d.Uvarint()}
		}
		if d.Err() != nil {
			return
		}
		i := slices.IndexFunc(m.versions, func(v *version) bool { return v.key == key })
		if i < 0 {
			continue
		}
		v := m.versions[i]
		if at, found := slices.BinarySearchFunc(v.contract, w.period, func(w *contractWindow, p int64) int { return cmp.Compare(w.period, p) }); !found {
			v.contract = slices.Insert(v.contract, at, w)
		}
	}
	for range d.Count(30) {
		k := judgedKey{versionKey{d.name(), d.name()}, checkKey{d.name(), d.name()}}
		j := &judgedCheck{}
		j.Verdict = contract.Verdict(d.UvarintTo(uint64(contract.Verdicts) - 1))
		j.Observed = d.observed()
		j.start, j.end = d.Varint(), d.Varint()
		for range d.Count(30) {
			j.past = append(j.past, pastFigure{d.Varint(), d.observed()})
		}
		if d.Err() != nil {
			return
		}
		if m.judged == nil {
			m.judged = make(map[judgedKey]*judgedCheck)
		}
		m.judged[k] = j
	}
}
