// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-ml/otelcol-ml/internal/processtest"
	tales "github.com/otelcol-ml/otelcol-ml/test/internal/tale"
)

var (
	readmeBlock = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	timeOfDay   = regexp.MustCompile(`\d\d:\d\d:\d\d`)
	alertLine   = regexp.MustCompile(`^\d\d:\d\d:\d\d alert `)
)

// tale is a story of examples/ that is told in a folder of its own, on ports of its own (test/internal/tale).
type tale struct {
	*tales.Tale
	t     *testing.T
	name  string
	dir   string // the working directory: the repository, but for state/
	story *processtest.Process
}

// newTale prepares the story examples/name. Run it with walk.
func newTale(t *testing.T, name string) *tale {
	t.Helper()
	x := tales.New(t, name)
	return &tale{Tale: x, t: t, name: name, dir: x.Dir}
}

// moved is text with each local port replaced by the one that stands for it here.
func (x *tale) moved(text string) string { return x.Moved(text) }

// start starts the story's program, which starts the collector. Flags are such as "-gpu=localhost:9400".
func (x *tale) start(flags ...string) {
	x.t.Helper()
	x.story = x.Start(x.Configs(), flags...)
}

// walk does what the README says, and expects that it prints what stands there: the block with "go run ./examples/name" starts the
// story with the flags given, other blocks are typed when it is told. "…" stands for anything, a line of it alone for any lines, and a
// time of day for any other. "…" is needed where figures depend on how fast the machine is.
func (x *tale) walk(within time.Duration, flags ...string) {
	t := x.t
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(x.dir, "examples", x.name, "README.md"))
	require.NoError(t, err)
	blocks := readmeBlock.FindAllStringSubmatch(string(readme), -1)
	typed := 0
	for i, b := range blocks {
		if b[1] != "sh" {
			continue
		}
		want := ""
		if i+1 < len(blocks) && blocks[i+1][1] == "text" {
			want = blocks[i+1][2]
		}
		command := strings.TrimSpace(b[2])
		if strings.Contains(command, "go run ./examples/"+x.name) {
			x.start(flags...)
			x.story.WaitForLog(within, tales.Told)
			printed, _, _ := strings.Cut(x.story.Log(), tales.Told)
			printed = printed[:strings.LastIndexByte(printed, '\n')+1] // the time of day before the last line
			assert.Regexp(t, pattern(want), printed, "what the story prints")
			typed++
			continue
		}
		require.NotEmpty(t, want, "nothing is printed by %s", command)
		typed++
		var out []byte
		matches := pattern(want)
		deadline := time.Now().Add(time.Minute)
		for !matches.Match(out) && time.Now().Before(deadline) {
			cmd := exec.CommandContext(t.Context(), "sh", "-c", x.moved(command))
			cmd.Dir = x.dir
			out, _ = cmd.CombinedOutput()
			<-time.After(200 * time.Millisecond)
		}
		assert.Regexp(t, matches, string(out), command)
	}
	assert.Greater(t, typed, 1, "blocks of the README that were followed")
}

// pattern is the regular expression of what a README says is printed. Alerts that stand below each other may come in any order.
func pattern(want string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	var alerts []string
	for line := range strings.Lines(strings.TrimRight(want, "\n") + "\n") {
		written := linePattern(line)
		if alertLine.MatchString(line) && len(alerts) < maxAlerts {
			alerts = append(alerts, written)
			continue
		}
		b.WriteString(inAnyOrder(alerts) + written)
		alerts = nil
	}
	b.WriteString(inAnyOrder(alerts) + `\z`)
	return regexp.MustCompile(b.String())
}

func linePattern(line string) string {
	if strings.TrimSpace(line) == "…" {
		return `(?:[^\n]*\n)*?`
	}
	line = timeOfDay.ReplaceAllString(regexp.QuoteMeta(line), `\d\d:\d\d:\d\d`)
	return strings.ReplaceAll(line, "…", `[^\n]*`)
}

// maxAlerts bounds how many are in any order: there are 24 of four.
const maxAlerts = 4

// inAnyOrder matches all of the lines.
func inAnyOrder(lines []string) string {
	if len(lines) < 2 {
		return strings.Join(lines, "")
	}
	var orders []string
	for i, first := range lines {
		others := slices.Delete(slices.Clone(lines), i, i+1)
		orders = append(orders, first+inAnyOrder(others))
	}
	return "(?:" + strings.Join(orders, "|") + ")"
}

func TestPattern(t *testing.T) {
	p := pattern("10:00:00 begin\n10:00:01 alert A (warning): … up\n10:00:02 alert B (warning): up\n…\nend")
	for text, want := range map[string]bool{
		"12:34:56 begin\n12:34:56 alert A (warning): 3 up\n12:34:57 alert B (warning): up\nend\n":                 true,
		"12:34:56 begin\n12:34:56 alert B (warning): up\n12:34:57 alert A (warning): 3 up\nmore\nand more\nend\n": true,
		"12:34:56 begin\n12:34:56 alert A (warning): 3 up\n12:34:57 alert A (warning): up\nend\n":                 false,
		"12:34:56 begin\n12:34:57 alert B (warning): up\nend\n":                                                   false,
	} {
		assert.Equal(t, want, p.MatchString(text), text)
	}
}
