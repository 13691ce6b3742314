// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/otelcol-ml/otelcol-ml/cmd/internal/console"
	"github.com/otelcol-ml/otelcol-ml/cmd/mlprofile/internal/draft"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
)

func newContract() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "contract",
		Short: "Make the data contract of a card, and check data files by it",
		Long: `contract makes the data contract of a model's card of what other tools check, or of what data were like, and checks data files by the contract of a
card, as ml_contract checks spans and ml_drift windows of them.`,
	}
	cmd.AddCommand(newContractImport(), newContractInfer(), newContractCheck())
	return cmd
}

// modelOf is the name of the model of a contract: the one given, or that of the source, or of the file.
func modelOf(given string, c *draft.Contract, path string) string {
	name := given
	if name == "" {
		name = strings.ReplaceAll(strings.ToValidUTF8(c.Name, ""), "*", "")
	}
	if name == "" {
		name, _, _ = strings.Cut(filepath.Base(path), ".")
	}
	return name
}

// writeCard writes a card that the catalog can read, to the standard output or a file that does not
// exist: people edit cards. What the card refers to is beside a file.
func writeCard(w io.Writer, output, beside, model string, c *draft.Contract, comments ...string) error {
	card, err := c.Card(model, comments...)
	if err != nil {
		return err
	}
	if _, err := catalog.ReadFile(beside, card); err != nil {
		return fmt.Errorf("the card would not be valid: %w", err)
	}
	if output == "-" {
		_, err = w.Write(card)
		return err
	}
	f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(card)
	return errors.Join(err, f.Close())
}

// remarkWidth is the number of characters of a name, or of what is said of it.
const remarkWidth = 300

// remarks writes what is said of things, those of which the same is said together.
func remarks(head string, of []draft.Remark) []string {
	if len(of) == 0 {
		return nil
	}
	var g grouped
	for _, r := range of {
		g.add(console.Clean(r.Text, remarkWidth), console.Clean(r.Name, remarkWidth))
	}
	return append([]string{head}, g.lines("  ")...)
}
