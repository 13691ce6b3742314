// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package picture

import (
	"fmt"
	"math"
	"slices"

	"github.com/otelcol-ml/otelcol-ml/test/internal/grafana"
)

// cell is what is written in a table, and how.
type cell struct {
	text, color string
	number      bool
	// kind is that of the cell: "color-background", "color-text", "gauge" or none.
	kind string
}

const (
	tableRow    = 20.0
	cellPadding = 14.0
)

// drawTable draws the rows that find room, with columns as wide as what is in them.
func drawTable(c *canvas, b box, p *panel) error {
	t, err := p.Table(p.answers)
	if err != nil {
		return err
	}
	if t.Rows == 0 {
		return p.nothing(c, b)
	}
	var columns []grafana.Column
	var cells [][]cell
	var widths []float64
	total := 0.0
	for _, column := range t.Columns {
		f, err := p.FieldConfig.Field(column.Name, column.Target)
		if err != nil {
			return err
		}
		if f.Custom.Hidden {
			continue
		}
		w := width(column.Name, 11.5) + cellPadding
		list := make([]cell, t.Rows)
		for row := range t.Rows {
			list[row] = cellOf(column, f, row)
			w = max(w, min(width(list[row].text, 11)+cellPadding, 230))
		}
		columns, cells, widths = append(columns, column), append(cells, list), append(widths, w)
		total += w
	}
	share(widths, total, b.w)
	rows := min(t.Rows, int((b.h-tableRow)/tableRow))
	x := b.x
	for i, column := range columns {
		drawColumn(c, box{x, b.y, widths[i], b.h}, column.Name, cells[i][:rows])
		x += widths[i]
	}
	for row := range rows + 1 {
		y := b.y + float64(row+1)*tableRow
		c.line(b.x, y, b.x+b.w, y, `class="g"`)
	}
	if rows < t.Rows {
		c.text(b.x+b.w, b.y-12, more(t.Rows-rows), ` class="d"`+right)
	}
	return nil
}

// share gives columns the room that is left, and takes what is lacking from the widest.
func share(widths []float64, total, room float64) {
	if total <= room {
		for i := range widths {
			widths[i] += (room - total) / float64(len(widths))
		}
		return
	}
	for range 50 {
		widest, second, n := slices.Max(widths), 0.0, 0.0
		for _, w := range widths {
			if w == widest {
				n++
			} else {
				second = max(second, w)
			}
		}
		to := max(second, widest-(total-room)/n)
		for i, w := range widths {
			if w == widest {
				widths[i] = to
			}
		}
		if total -= (widest - to) * n; total <= room+0.01 {
			return
		}
	}
}

func cellOf(column grafana.Column, f grafana.Field, row int) cell {
	if column.Texts != nil {
		text, color := mapped(f, 0, column.Texts[row])
		if text == "" {
			text = column.Texts[row]
		}
		return cell{text: text, color: color, kind: f.Custom.CellOptions.Type}
	}
	v := column.Numbers[row]
	if math.IsNaN(v) {
		return cell{number: true, text: f.NoValue}
	}
	if column.Time && f.Unit == "" {
		f.Unit = "dateTimeAsIso"
	}
	text, color := shown(f, v)
	if color == "" {
		color = thresholdColor(f, v)
	}
	return cell{text, color, true, f.Custom.CellOptions.Type}
}

func drawColumn(c *canvas, b box, name string, cells []cell) {
	numbers := false
	for _, item := range cells {
		numbers = numbers || item.number
	}
	x, anchor := b.x+4, left
	if numbers {
		x, anchor = b.x+b.w-8, right
	}
	c.text(x, b.y+13, fit(name, 11.5, b.w-8), ` style="font-weight:600;fill:#1f60c4"`+anchor)
	for i, item := range cells {
		y := b.y + float64(i+1)*tableRow
		attributes := anchor
		switch item.kind {
		case "color-background":
			if item.color != "" {
				c.rect(box{b.x + 1, y + 1, b.w - 2, tableRow - 2}, fmt.Sprintf(`fill=%q rx="2"`, item.color))
				attributes += ` class="w"`
			}
		case "color-text":
			if item.color != "" {
				attributes += fmt.Sprintf(` style="fill:%s"`, item.color)
			}
		}
		c.text(x, y+14, fit(item.text, 11, b.w-10), attributes)
	}
}
