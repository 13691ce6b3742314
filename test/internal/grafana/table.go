// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Table is what a panel with a table shows: the answers, one below the other or merged, with columns as its transformations want them.
type Table struct {
	Columns []Column
	Rows    int
}

// Column has a text or a number for each row.
type Column struct {
	Name string
	// Target is the RefID of the query whose values these are, "" for labels.
	Target string
	// Texts are those of a label; else there are Numbers, NaN where there is none.
	Texts   []string
	Numbers []float64
	// Time says that the numbers are milliseconds.
	Time bool
}

// times is the column that Grafana makes of the points' times, and value that of their values.
const (
	times = "Time"
	value = "Value"
)

// Table makes one table of the answers of a panel.
func (p *Panel) Table(answers []Answer) (*Table, error) {
	frames := make([]*Table, 0, len(answers))
	for _, a := range answers {
		name := value
		if len(answers) > 1 {
			name += " #" + a.Target.RefID
		}
		frames = append(frames, a.table(name))
	}
	merged := len(frames) > 1 // Grafana shows one frame at a time; transformations say how several are one
	for _, t := range p.Transformations {
		switch {
		case t.Disabled:
		case t.ID == "merge":
			frames, merged = []*Table{merge(frames)}, false
		case t.ID == "organize":
			for _, f := range frames {
				f.organize(t.Options)
			}
		case t.ID == "sortBy":
			for _, f := range frames {
				f.sortBy(t.Options["sort"], "field")
			}
		default:
			return nil, fmt.Errorf("the transformation %q is not known here", t.ID)
		}
	}
	if merged {
		return nil, fmt.Errorf("%d queries of a table, and no transformation that makes one of them", len(frames))
	}
	if len(frames) == 0 {
		return &Table{}, nil
	}
	frames[0].sortBy(p.Options["sortBy"], "displayName")
	return frames[0], nil
}

// table has a row for each series: its labels and its last value.
func (a Answer) table(name string) *Table {
	labels := map[string]bool{}
	for _, s := range a.Series {
		for label := range s.Labels {
			labels[label] = true
		}
	}
	t := &Table{Columns: []Column{{Name: times, Time: true}}}
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		t.Columns = append(t.Columns, Column{Name: label, Texts: []string{}})
	}
	t.Columns = append(t.Columns, Column{Name: name, Target: a.Target.RefID})
	for _, s := range a.Series {
		if len(s.Points) == 0 {
			continue
		}
		point := s.Points[len(s.Points)-1]
		for i := range t.Columns {
			column := &t.Columns[i]
			switch {
			case column.Time:
				column.Numbers = append(column.Numbers, float64(point.Time.UnixMilli()))
			case column.Texts != nil:
				column.Texts = append(column.Texts, s.Labels[column.Name])
			default:
				column.Numbers = append(column.Numbers, point.Value)
			}
		}
		t.Rows++
	}
	return t
}

// index is where a column is, -1 if there is none.
func (t *Table) index(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// merge makes one row of those whose labels are the same, as far as all frames with rows have them.
func merge(frames []*Table) *Table {
	frames = slices.DeleteFunc(slices.Clone(frames), func(f *Table) bool { return f.Rows == 0 })
	merged := &Table{}
	if len(frames) == 0 {
		return merged
	}
	shared := map[string]bool{}
	for _, c := range frames[0].Columns {
		shared[c.Name] = c.Texts != nil && !slices.ContainsFunc(frames, func(f *Table) bool { return f.index(c.Name) < 0 })
	}
	for _, f := range frames {
		for _, c := range f.Columns {
			if merged.index(c.Name) < 0 {
				empty := Column{Name: c.Name, Target: c.Target, Time: c.Time}
				if c.Texts != nil {
					empty.Texts = []string{}
				}
				merged.Columns = append(merged.Columns, empty)
			}
		}
	}
	// Labels stand before values, as a frame with more labels may come later.
	slices.SortStableFunc(merged.Columns, func(a, b Column) int { return cmp.Compare(a.rank(), b.rank()) })
	rows := map[string]int{}
	for _, f := range frames {
		for row := range f.Rows {
			var labels []string
			for _, c := range f.Columns {
				if shared[c.Name] {
					labels = append(labels, strconv.Quote(c.Texts[row]))
				}
			}
			key := strings.Join(labels, ",")
			at, ok := rows[key]
			if !ok {
				at = merged.addRow()
				rows[key] = at
			}
			for _, c := range f.Columns {
				into := &merged.Columns[merged.index(c.Name)]
				if c.Texts != nil {
					into.Texts[at] = c.Texts[row]
				} else {
					into.Numbers[at] = c.Numbers[row]
				}
			}
		}
	}
	return merged
}

func (c Column) rank() int {
	switch {
	case c.Time:
		return 0
	case c.Texts != nil:
		return 1
	}
	return 2
}

// addRow adds an empty row, and returns its number.
func (t *Table) addRow() int {
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Texts != nil {
			c.Texts = append(c.Texts, "")
		} else {
			c.Numbers = append(c.Numbers, math.NaN())
		}
	}
	t.Rows++
	return t.Rows - 1
}

// organize leaves columns out, orders and renames them.
func (t *Table) organize(options map[string]any) {
	excluded, _ := options["excludeByName"].(map[string]any)
	included, _ := options["includeByName"].(map[string]any)
	order, _ := options["indexByName"].(map[string]any)
	renamed, _ := options["renameByName"].(map[string]any)
	t.Columns = slices.DeleteFunc(t.Columns, func(c Column) bool {
		return excluded[c.Name] == true || len(included) > 0 && included[c.Name] != true
	})
	position := func(c Column) float64 {
		if at, ok := order[c.Name].(float64); ok {
			return at
		}
		return math.Inf(1)
	}
	slices.SortStableFunc(t.Columns, func(a, b Column) int { return cmp.Compare(position(a), position(b)) })
	for i := range t.Columns {
		if name, _ := renamed[t.Columns[i].Name].(string); name != "" {
			t.Columns[i].Name = name
		}
	}
}

// sortBy orders the rows by a column, which is named under a key of the first of the options.
func (t *Table) sortBy(options any, key string) {
	list, _ := options.([]any)
	if len(list) == 0 {
		return
	}
	by, _ := list[0].(map[string]any)
	at := t.index(fmt.Sprint(by[key]))
	if at < 0 {
		return
	}
	c := t.Columns[at]
	rows := make([]int, t.Rows)
	for i := range rows {
		rows[i] = i
	}
	slices.SortStableFunc(rows, func(a, b int) int {
		if by["desc"] == true {
			a, b = b, a
		}
		if c.Texts != nil {
			return cmp.Compare(c.Texts[a], c.Texts[b])
		}
		return cmp.Compare(c.Numbers[a], c.Numbers[b])
	})
	for i := range t.Columns {
		c := &t.Columns[i]
		texts, numbers := c.Texts, c.Numbers
		if texts != nil {
			c.Texts = make([]string, 0, len(texts))
		}
		c.Numbers = nil
		for _, row := range rows {
			if texts != nil {
				c.Texts = append(c.Texts, texts[row])
			} else {
				c.Numbers = append(c.Numbers, numbers[row])
			}
		}
	}
}
