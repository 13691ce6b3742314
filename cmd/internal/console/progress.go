// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// Progress shows how far a job is: a bar that is drawn over and over on a terminal, else a line for
// every tenth. It is safe for concurrent use. A nil Progress shows nothing.
type Progress struct {
	w        io.Writer
	label    string
	total    int
	terminal bool
	now      func() time.Time

	mu    sync.Mutex
	start time.Time
	drawn time.Time
	tenth int
	done  int
}

// IsTerminal says whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is the number of columns that lines written to w may have: what COLUMNS says, else a
// terminal's; 120 where there is none.
func Width(w io.Writer) int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n >= 20 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n >= 20 {
			return n
		}
	}
	return 120
}

// NewProgress starts to show the progress of a job of so many steps; total may be 0 if it is not
// known.
func NewProgress(w io.Writer, label string, total int) *Progress {
	p := &Progress{w: w, label: label, total: total, terminal: IsTerminal(w), now: time.Now}
	p.start = p.now()
	return p
}

// Set says how many steps are done.
func (p *Progress) Set(done int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = done
	now := p.now()
	if p.terminal {
		if now.Sub(p.drawn) >= 100*time.Millisecond {
			p.drawn = now
			p.draw(now)
		}
		return
	}
	if p.total > 0 {
		if tenth := min(done*10/p.total, 9); tenth > p.tenth {
			p.tenth = tenth
			fmt.Fprintf(p.w, "%s: %d %%, %s of %s\n", p.label, tenth*10, Count(done), Count(p.total))
		}
	}
}

func (p *Progress) draw(now time.Time) {
	elapsed := now.Sub(p.start)
	line := fmt.Sprintf("%s  %s", p.label, Count(p.done))
	if p.total > 0 {
		share := float64(p.done) / float64(p.total)
		numbers := fmt.Sprintf(" %3.0f %%  %s of %s", share*100, Count(p.done), Count(p.total))
		if s := elapsed.Seconds(); s > 0.5 && p.done > 0 && p.done < p.total {
			left := time.Duration(float64(elapsed) * (1 - share) / share)
			numbers += fmt.Sprintf("  %s/s  %s left", Count(int(float64(p.done)/s)), Duration(left))
		}
		// The bar takes what is left of the line; one that wrapped could not be drawn over.
		cells := min(30, Width(p.w)-1-utf8.RuneCountInString(p.label+"  "+numbers))
		line = p.label + "  " + Bar(share, max(cells, 1)) + numbers
	}
	if runes := []rune(line); len(runes) >= Width(p.w) {
		line = string(runes[:Width(p.w)-1])
	}
	fmt.Fprint(p.w, "\r\x1b[K"+line)
}

// Finish shows the end: what was done, how long it took, how fast it was.
func (p *Progress) Finish(unit string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	elapsed := p.now().Sub(p.start)
	rate := ""
	if s := elapsed.Seconds(); s > 0.05 {
		rate = fmt.Sprintf(", %s/s", Count(int(float64(p.done)/s)))
	}
	line := fmt.Sprintf("%s: %s in %s%s\n", p.label, Plural(p.done, unit), Duration(elapsed), rate)
	if p.terminal {
		line = "\r\x1b[K" + line
	}
	fmt.Fprint(p.w, line)
}

// Clear takes the bar off the terminal, for an error message.
func (p *Progress) Clear() {
	if p == nil || !p.terminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.w, "\r\x1b[K")
}
