// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package eventtime

import (
	"testing"
	"time"
)

// epoch is a Monday, 2026-11-02 00:00 UTC.
const epoch = int64(1793577600)

func TestGrid(t *testing.T) {
	stamp := func(s string) int64 {
		v, err := time.Parse("2006-01-02T15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return v.Unix()
	}
	for _, test := range []struct{ window, at, start, end, pane string }{
		{"1h", "2026-11-22T10:17:30", "2026-11-22T10:00:00", "2026-11-22T11:00:00", "2026-11-22T10:15:00"},
		{"5m", "2026-11-22T10:17:30", "2026-11-22T10:15:00", "2026-11-22T10:20:00", "2026-11-22T10:17:00"},
		{"90m", "2026-11-22T10:17:30", "2026-11-22T09:00:00", "2026-11-22T10:30:00", "2026-11-22T10:12:00"},
		{"day", "2026-11-22T10:17:30", "2026-11-22T00:00:00", "2026-11-23T00:00:00", "2026-11-22T10:00:00"},
		{"week", "2026-11-22T10:17:30", "2026-11-16T00:00:00", "2026-11-23T00:00:00", "2026-11-22T10:00:00"},
		{"week", "1969-12-30T00:00:00", "1969-12-29T00:00:00", "1970-01-05T00:00:00", "1969-12-29T14:00:00"},
		{"month", "2026-02-15T00:00:00", "2026-02-01T00:00:00", "2026-03-01T00:00:00", "2026-02-15T00:00:00"},
		{"month", "2024-12-31T23:59:59", "2024-12-01T00:00:00", "2025-01-01T00:00:00", "2024-12-29T10:00:00"},
		{"month", "1969-12-31T23:59:59", "1969-12-01T00:00:00", "1970-01-01T00:00:00", "1969-12-29T10:00:00"},
	} {
		w, err := ParseWindow(test.window)
		if err != nil {
			t.Fatal(err)
		}
		g := NewGrid(w)
		at := stamp(test.at)
		p := g.Period(at)
		if g.Start(p) != stamp(test.start) || g.Start(p+1) != stamp(test.end) {
			t.Errorf("%s at %s: period [%v, %v)", test.window, test.at, time.Unix(g.Start(p), 0).UTC(), time.Unix(g.Start(p+1), 0).UTC())
		}
		if pane := g.Pane(at); g.PaneStart(pane) != stamp(test.pane) {
			t.Errorf("%s at %s: pane starts %v, want %s", test.window, test.at, time.Unix(g.PaneStart(pane), 0).UTC(), test.pane)
		}
		if s := g.Slot(g.Pane(at)); s < 0 || s >= int(g.panes) || g.panes > panesPerWindow {
			t.Errorf("%s: slot %d of %d", test.window, s, g.panes)
		}
	}
	for _, bad := range []string{"", "0s", "30s", "90s", "-1h", "745h", "year"} {
		if w, err := ParseWindow(bad); err == nil {
			t.Errorf("%q is accepted as %v", bad, w)
		}
	}
}

// TestPanesTile checks that panes follow each other without gaps, through months of all lengths.
func TestPanesTile(t *testing.T) {
	for _, w := range []Window{{Length: time.Hour}, {Length: 7 * time.Minute}, {Calendar: "week"}, {Calendar: "month"}} {
		g := NewGrid(w)
		first := g.Pane(epoch)
		for p := first; p < first+40; p++ {
			start, end := g.PaneStart(p), g.PaneStart(p+1)
			if start >= end || g.Pane(start) != p || g.Pane(end-1) != p {
				t.Fatalf("%v: pane %d is [%d, %d), its ends are in %d and %d", w, p, start, end, g.Pane(start), g.Pane(end-1))
			}
		}
	}
}
