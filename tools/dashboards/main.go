// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Command dashboards writes the Grafana dashboards of otelcol-ml as JSON files into a folder, and the
// tables of their panels into its README.md.
//
// Each dashboard is one file of this package, to be read from top to bottom: its variables, then its
// rows of panels with their queries. panels.go has the kinds of panels, board.go puts them on the
// grid, query.go has the words that queries share, variables.go and links.go what their names say.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dashboards FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	boards := []board{models(), model(), feature(), jobs(), generative(), fleet(), collector()}
	for _, b := range boards {
		if err := write(folder, b); err != nil {
			return err
		}
	}
	return describe(folder, boards)
}

func write(folder string, b board) error {
	built, err := b.build()
	if err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	content, err := json.MarshalIndent(built, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	return os.WriteFile(filepath.Join(folder, b.name+".json"), append(content, '\n'), 0o644) //nolint:gosec // all may read it
}
