// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/catalog"
	"github.com/otelcol-ml/otelcol-ml/internal/slo"
)

// maxObjectiveFile is the largest file of objectives, in bytes, and maxObjectiveFiles how many there
// may be.
const (
	maxObjectiveFile  = 1 << 20
	maxObjectiveFiles = 2000
)

func newGenerate() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "generate FILE|DIRECTORY...",
		Short: "Print the rules for Prometheus that measure service level objectives and alert on them",
		Long: `generate reads service level objectives and prints the rule groups that measure them and alert on them, for the
rule_files of a Prometheus server or of the connector prometheus_rules.

Objectives are read from cards of the catalog (slos:), from OpenSLO v1, and from Sloth (version prometheus/v1 and
sloth.slok.dev/v1). Of a directory all files *.yaml and *.yml are read, and those below it; what files of OpenSLO refer to
may be in any of the files given. - is standard input.`,
		Example: `  mlrules generate catalog/ -o rules/slos.yaml
  mlrules generate openslo/slo.yaml openslo/policies.yaml
  kubectl get prometheusservicelevel fraud -o yaml | mlrules generate -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			slos, err := readObjectives(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if len(slos) == 0 {
				return fmt.Errorf("%s: there are no objectives", strings.Join(args, ", "))
			}
			groups, err := slo.RuleGroups(slos)
			if err != nil {
				return err
			}
			for _, s := range slos {
				for _, note := range s.Notes {
					cmd.PrintErrf("%s:%d: %s: %s\n", s.File, s.Line, s.Name, note)
				}
			}
			return writeGroups(cmd.OutOrStdout(), output, groups)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write the rules into this file instead of standard output")
	return cmd
}

// objectiveFiles are files by what they are.
type objectiveFiles struct {
	slos   []slo.File
	models []*catalog.Model
	jobs   []*catalog.Job
	count  int
}

func readObjectives(args []string, stdin io.Reader) ([]slo.SLO, error) {
	files := &objectiveFiles{}
	var errs []error
	for _, arg := range args {
		if err := files.add(arg, stdin); err != nil {
			errs = append(errs, err)
		}
	}
	slos, err := slo.ParseFiles(files.slos)
	errs = append(errs, err)
	ofCards, err := slo.FromCards(catalog.NewSet(files.models, files.jobs))
	errs = append(errs, err)
	return append(ofCards, slos...), errors.Join(errs...)
}

// add reads what an argument names.
func (f *objectiveFiles) add(arg string, stdin io.Reader) error {
	if arg == "-" {
		content, err := io.ReadAll(io.LimitReader(stdin, maxObjectiveFile+1))
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		if len(content) > maxObjectiveFile {
			return fmt.Errorf("standard input: is larger than %d bytes", maxObjectiveFile)
		}
		return f.content("<stdin>", content)
	}
	info, err := os.Stat(arg)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return f.file(arg)
	}
	return filepath.WalkDir(arg, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") && path != arg {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if ext := strings.ToLower(filepath.Ext(path)); entry.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		return f.file(path)
	})
}

func (f *objectiveFiles) file(path string) error {
	if f.count++; f.count > maxObjectiveFiles {
		return fmt.Errorf("%s: there are more than %d files", path, maxObjectiveFiles)
	}
	content, err := boundedfile.ReadAny(path, maxObjectiveFile)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.content(path, content)
}

// content sorts a file.
func (f *objectiveFiles) content(name string, content []byte) error {
	if !isCard(content) {
		f.slos = append(f.slos, slo.File{Name: name, Content: content})
		return nil
	}
	set, err := catalog.ReadFile(name, content)
	if err != nil {
		return err
	}
	f.models, f.jobs = append(f.models, set.Models...), append(f.jobs, set.Jobs...)
	return nil
}

// isCard tells cards, which have a kind and no version, from files with objectives. What is no YAML is none: the reader of those
// says so, with its line.
func isCard(content []byte) bool {
	var head struct {
		Kind       string `yaml:"kind"`
		APIVersion string `yaml:"apiVersion"`
		Version    string `yaml:"version"`
	}
	err := yaml.NewDecoder(bytes.NewReader(content)).Decode(&head)
	return err == nil && head.APIVersion == "" && head.Version == "" && (head.Kind == "model" || head.Kind == "job")
}

// writeGroups writes rules as a file of Prometheus.
func writeGroups(stdout io.Writer, path string, groups *rulefmt.RuleGroups) error {
	var b bytes.Buffer
	b.WriteString("# Made by mlrules generate. Do not edit: change the objectives and make it again.\n")
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(groups); err != nil {
		return err
	}
	if path == "" {
		_, err := stdout.Write(b.Bytes())
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
