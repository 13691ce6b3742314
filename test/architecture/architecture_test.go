// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	module    = "github.com/otelcol-ml/otelcol-ml/"
	collector = "go.opentelemetry.io/collector/"
	root      = "../.."
)

// componentKinds are the folders whose folders are components.
var componentKinds = []string{"connector", "converter", "exporter", "extension", "processor", "receiver"}

// withCollector are the packages under internal/ that import packages of the collector, each for a
// reason. All others can be read, tested and used without it.
var withCollector = map[string]string{
	"internal/adjust":                    "what a sampler says is in a span's ids and tracestate",
	"internal/alert":                     "an alert travels as a log record",
	"internal/alert/emit":                "it hands log records to a consumer",
	"internal/catalog/cataloghost":       "it looks among a collector's extensions",
	"internal/catalog/catalogtest":       "a double of an extension",
	"internal/contract":                  "it checks spans",
	"internal/delta/otlp":                "a delta travels as metrics",
	"internal/ingest":                    "files are followed as filelog does, answers are those of receivers",
	"internal/label":                     "a label travels as a log record",
	"internal/metricbuilder":             "it builds pdata metrics",
	"internal/prediction":                "it reads spans",
	"internal/prediction/predictiontest": "its cases are spans",
	"internal/readmetest":                "it decodes configs of components",
	"internal/repair":                    "it repairs spans, log records and metrics",
	"internal/sharedcomponent":           "it is one component in several pipelines",
	"internal/spanottl":                  "OTTL is of the collector, and evaluates spans",
	"internal/state/storageclient":       "it opens storage extensions",
	"internal/testkit":                   "doubles of a host, a storage and consumers",
}

// testOnly reports whether a package is for tests: nothing else imports it.
func testOnly(p string) bool {
	return strings.HasSuffix(p, "test") || path.Base(p) == "testkit"
}

// awaiting are the packages under internal/ that have one user, and more to come.
var awaiting = map[string]string{}

// pkg is a package as "go list -json" gives it. Paths are below the module's.
type pkg struct {
	Path    string `json:"ImportPath"`
	Name    string
	Doc     string
	GoFiles []string
	Imports []string
	Tests   []string `json:"TestImports"`
	XTests  []string `json:"XTestImports"`
}

// list is what "go list" says of the repository, with the tests that need other servers.
var list = sync.OnceValues(func() ([]byte, error) {
	cmd := exec.Command("go", "list", "-tags", "grpcnotrace,e2e", "-e", "-json=ImportPath,Name,Doc,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	return cmd.Output()
})

// allPackages returns the packages of the repository by path, without generated ones.
func allPackages(t *testing.T) map[string]*pkg {
	t.Helper()
	out, err := list()
	require.NoError(t, err)

	all := map[string]*pkg{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)

		p.Path = strings.TrimPrefix(p.Path, module)
		if p.Path == "distro" || strings.HasPrefix(p.Path, "test/") && p.Name != "main" && len(p.GoFiles) == 0 || path.Base(p.Path) == "metadata" || path.Base(p.Path) == "metadatatest" {
			continue
		}
		all[p.Path] = &p
	}
	require.Greater(t, len(all), 50)
	return all
}

// ours returns those of the imports that are of the repository, without the module's path.
func ours(imports []string) []string {
	var paths []string
	for _, path := range imports {
		if rest, ok := strings.CutPrefix(path, module); ok {
			paths = append(paths, rest)
		}
	}
	return paths
}

// component returns the component that a package is, or is a part of; "" where it is of none.
func component(p string) string {
	parts := strings.SplitN(p, "/", 3)
	if len(parts) < 2 || !slices.Contains(componentKinds, parts[0]) {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

// home returns what a package is a part of: its component, its command, or, of a package under
// internal/, the package itself.
func home(p string) string {
	if c := component(p); c != "" {
		return c
	}
	if before, _, ok := strings.Cut(p, "/internal/"); ok {
		return before
	}
	return p
}

func TestComponentsDoNotImportComponents(t *testing.T) {
	for _, p := range allPackages(t) {
		own := component(p.Path)
		if own == "" && !strings.HasPrefix(p.Path, "internal/") && !strings.HasPrefix(p.Path, "cmd/") {
			continue
		}
		for _, imported := range ours(p.Imports) {
			if of := component(imported); of != "" && of != own {
				t.Errorf("%s imports %s, which is of another component; what two need lies in internal/", p.Path, imported)
			}
		}
	}
}

func TestMlconvImportsNothingOfOurs(t *testing.T) {
	p := allPackages(t)["mlconv"]
	require.NotNil(t, p)
	assert.Empty(t, ours(p.Imports))
}

func TestInternalPackagesNeedNoCollector(t *testing.T) {
	all := allPackages(t)
	for name := range withCollector {
		assert.Contains(t, all, name, "withCollector names a package that is not there")
	}
	for _, p := range all {
		if !strings.HasPrefix(p.Path, "internal/") {
			continue
		}
		uses := slices.ContainsFunc(p.Imports, func(path string) bool { return strings.HasPrefix(path, collector) })
		_, may := withCollector[p.Path]
		switch {
		case uses && !may:
			t.Errorf("%s imports packages of the collector; give it what it needs as values, or say in withCollector why it must", p.Path)
		case may && !uses:
			t.Errorf("%s imports no package of the collector any more: take it out of withCollector", p.Path)
		}
	}
}

// A package with one user lies in that user's own internal/, a package of the commands alone in
// cmd/internal. Users are components, commands and packages of internal/.
func TestPackagesLieWithTheirUsers(t *testing.T) {
	all := allPackages(t)
	users := map[string]map[string]bool{}
	for _, p := range all {
		imports := p.Imports
		if testOnly(p.Path) {
			imports = append(slices.Clone(imports), p.XTests...)
		}
		for _, imported := range ours(imports) {
			if users[imported] == nil {
				users[imported] = map[string]bool{}
			}
			users[imported][home(p.Path)] = true
		}
		for _, imported := range ours(slices.Concat(p.Tests, p.XTests)) {
			if testOnly(imported) {
				if users[imported] == nil {
					users[imported] = map[string]bool{}
				}
				users[imported][home(p.Path)] = true
			}
		}
	}
	for _, p := range all {
		if !strings.HasPrefix(p.Path, "internal/") {
			continue
		}
		var of []string
		for user := range users[p.Path] {
			if user != p.Path {
				of = append(of, user)
			}
		}
		slices.Sort(of)
		switch {
		case len(of) == 0:
			t.Errorf("%s has no user", p.Path)
		case len(of) == 1 && awaiting[p.Path] == "" && !strings.HasPrefix(p.Path, of[0]+"/"):
			t.Errorf("%s has one user, %s, and does not lie under it", p.Path, of[0])
		}
	}
}

// rootFiles are the files that the root of a component may have, beside tests and generated files:
// whoever knows one component finds the same thing in the same place of another.
var rootFiles = []string{"doc.go", "config.go", "factory.go", "telemetry.go", "storage.go", "decode.go", "encode.go"}

func TestComponentsHaveTheSameFiles(t *testing.T) {
	for _, kind := range componentKinds {
		folders, err := os.ReadDir(filepath.Join(root, kind))
		require.NoError(t, err)
		for _, folder := range folders {
			files, err := filepath.Glob(filepath.Join(root, kind, folder.Name(), "*.go"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, file := range files {
				name := filepath.Base(file)
				if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "generated_") {
					continue
				}
				if name != kind+".go" && !slices.Contains(rootFiles, name) {
					t.Errorf("%s/%s has a file %s; the root of a component has %s.go and of %v what it needs, all else lies in its internal/",
						kind, folder.Name(), name, kind, rootFiles)
				}
			}
		}
	}
}

var mapLine = regexp.MustCompile("(?m)^\\| `([a-z0-9/._-]+)` \\| (.+) \\|$")

// Every package has a line in docs/architecture.md, and every line a package.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	text, err := fs.ReadFile(os.DirFS(root), "docs/architecture.md")
	require.NoError(t, err)
	lines := map[string]string{}
	for _, match := range mapLine.FindAllStringSubmatch(string(text), -1) {
		assert.NotContains(t, lines, match[1], "docs/architecture.md has two lines for it")
		lines[match[1]] = match[2]
	}
	all := allPackages(t)
	for _, p := range all {
		if _, ok := lines[p.Path]; !ok {
			t.Errorf("docs/architecture.md has no line for the package %s (%s)", p.Path, p.Doc)
		}
	}
	for name := range lines {
		if all[name] == nil {
			t.Errorf("docs/architecture.md has a line for %s, which is no package", name)
		}
	}
}
