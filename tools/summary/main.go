// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command summary reads the output of go test -json from standard input and files of its own,
// prints a line per package and the output of what failed, and closes with "N passed, N failed, N
// skipped". Its status is 1 if a test failed, if a package did not build, if there was no test, or
// if a test was skipped for no good reason: the one that is accepted is data in ../shared that is
// not there.
//
//	go test -json ./... | go run ./tools/summary -save counts/test
//	go run ./tools/summary -add counts/test,counts/e2e
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// Counts are numbers of tests, subtests included.
type Counts struct {
	Passed, Failed, Skipped int
	// Wrong is the number of skipped tests that should have run.
	Wrong int
}

func (c Counts) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.Passed, c.Failed, c.Skipped)
}

// Plus returns the sum.
func (c Counts) Plus(other Counts) Counts {
	return Counts{c.Passed + other.Passed, c.Failed + other.Failed, c.Skipped + other.Skipped, c.Wrong + other.Wrong}
}

// OK is true if there was something to run and nothing went wrong.
func (c Counts) OK() bool { return c.Passed > 0 && c.Failed == 0 && c.Wrong == 0 }

func main() {
	save := flag.String("save", "", "the file to write the counts to")
	add := flag.String("add", "", "files of counts, separated by commas, to add up in place of reading test output")
	flag.Parse()
	counts, err := run(*add, os.Stdin, os.Stdout)
	if err == nil && *save != "" {
		err = write(*save, counts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(2)
	}
	fmt.Println(counts)
	if !counts.OK() {
		os.Exit(1)
	}
}

func run(add string, in io.Reader, out io.Writer) (Counts, error) {
	if add == "" {
		_, err := os.Stat("../shared")
		return Summarise(in, out, err == nil)
	}
	var total Counts
	for name := range strings.SplitSeq(add, ",") {
		content, err := os.ReadFile(name)
		if err != nil {
			return total, err
		}
		var counts Counts
		if err := json.Unmarshal(content, &counts); err != nil {
			return total, fmt.Errorf("%s: %w", name, err)
		}
		total = total.Plus(counts)
	}
	return total, nil
}

func write(name string, counts Counts) error {
	content, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o600)
}

// event is a line of go test -json (go doc test2json) or of go build -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// Summarise reads events and prints packages and failures to out. If shared is true, the data in
// ../shared is there and no test may skip.
func Summarise(in io.Reader, out io.Writer, shared bool) (Counts, error) {
	var counts Counts
	output := map[string]*strings.Builder{} // of each test and package that has not passed
	failedTests := map[string]int{}         // by package
	skipped := map[string]string{}          // tests and what they say
	keep := func(e *event) *strings.Builder {
		key := e.Package + " " + e.Test
		if output[key] == nil {
			output[key] = &strings.Builder{}
		}
		return output[key]
	}
	reader := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				fmt.Fprintf(out, "%s", line) // what make and the compiler say
				continue
			}
			switch {
			case e.Action == "build-output":
				fmt.Fprint(out, e.Output)
			case e.Action == "output":
				keep(&e).WriteString(e.Output)
			case e.Test != "" && e.Action == "pass":
				counts.Passed++
				delete(output, e.Package+" "+e.Test)
			case e.Test != "" && e.Action == "skip":
				counts.Skipped++
				skipped[e.Package+" "+e.Test] = keep(&e).String()
			case e.Test != "" && e.Action == "fail":
				counts.Failed++
				failedTests[e.Package]++
				fmt.Fprint(out, keep(&e).String())
			case e.Action == "fail":
				if failedTests[e.Package] == 0 { // it did not build, or ended early
					counts.Failed++
				}
				fmt.Fprint(out, keep(&e).String())
			case e.Action == "pass":
				fmt.Fprintf(out, "ok  \t%s\t%.3fs\n", e.Package, e.Elapsed)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return counts, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(out, "--- SKIP: %s\n%s", name, skipped[name])
		if shared || !strings.Contains(skipped[name], "../shared") {
			counts.Wrong++
			fmt.Fprintln(out, "    this test should not have been skipped")
		}
	}
	return counts, nil
}
