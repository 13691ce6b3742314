// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	_ "time/tzdata" // a card's time zone is the same everywhere

	"github.com/otelcol-ml/otelcol-ml/internal/boundedfile"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/yamldoc"
)

// Bounds of a folder.
const (
	// maxFiles is the number of YAML files that a folder may have, with all folders below it.
	maxFiles = 2000
	// maxFileSize is the largest YAML file, in bytes.
	maxFileSize = 1 << 20
	// maxEntries is the number of files and folders that are looked at: a catalog is not the whole
	// disk.
	maxEntries = 100_000
	// maxFolders is how deep folders may be nested.
	maxFolders = 16
)

// documents are the bounds of one card: one with a thousand features has some ten thousand values.
var documents = yamldoc.Options{MaxValues: 200_000, MaxDepth: 32}

// Load reads the cards of a folder: all *.yaml and *.yml in it and below, in the order of their
// paths, with any number of documents each. Files and folders whose names start with a dot are left
// out, which is also how the mounts of a Kubernetes ConfigMap are read once. The error joins every
// violation in every file (yamldoc.Violations).
func Load(dir string) (*Set, error) {
	result, _ := NewLoader(dir).Load()
	if result.Err != nil {
		return nil, result.Err
	}
	return result.Set, nil
}

// LoadFile reads the cards of one file, as Load reads those of a folder.
func LoadFile(path string) (*Set, error) {
	data, err := boundedfile.Read(path, maxFileSize)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, reason(err))
	}
	return ReadFile(path, data)
}

// ReadFile reads the cards of a file's content, as LoadFile does. Baselines are looked for beside
// the file.
func ReadFile(path string, data []byte) (*Set, error) {
	l := &Loader{baselines: map[string]*baseline{}}
	b := &builder{report: &yamldoc.Report{}, baseline: func(path string) (*profile.Profile, error) { return l.baseline(path, nil) }}
	b.add(path, data)
	result := b.result(nil)
	if result.Err != nil {
		return nil, result.Err
	}
	return result.Set, nil
}

// Loader loads a folder again when it has changed. It is for one goroutine.
type Loader struct {
	dir       string
	sum       [sha256.Size]byte
	result    *Result // of the last Load
	baselines map[string]*baseline
	folders   []string
}

// baseline is a profile as it was last read.
type baseline struct {
	sum     [sha256.Size]byte
	profile *profile.Profile
	err     error
}

// NewLoader returns a loader of a folder.
func NewLoader(dir string) *Loader { return &Loader{dir: dir} }

// Load reads the folder. changed is false where the contents of the cards and of their baselines
// are those of the last call, which then returns the same result. A baseline that has not changed
// keeps its pointer.
func (l *Loader) Load() (result *Result, changed bool) {
	r := &yamldoc.Report{}
	files, folders := l.read(r)
	unread := slices.Clone(r.List())
	sum := fingerprint(files, l.baselines, unread)
	if l.result != nil && sum == l.sum {
		return l.result, false
	}
	l.folders = folders
	old := l.baselines
	l.baselines = map[string]*baseline{}
	b := &builder{report: r, rejected: Cards{Unknown: len(unread)}, baseline: func(path string) (*profile.Profile, error) { return l.baseline(path, old) }}
	for _, f := range files {
		b.add(f.path, f.data)
	}
	l.sum = fingerprint(files, l.baselines, unread)
	l.result = b.result(l.result)
	return l.result, true
}

// Folders returns the folders that the last Load has read cards from, and Baselines the paths of
// the baselines it named.
func (l *Loader) Folders() []string { return l.folders }

// Baselines returns the paths of the baselines that the cards named at the last Load, also of those
// that are missing.
func (l *Loader) Baselines() []string { return slices.Sorted(maps.Keys(l.baselines)) }

// baseline loads a profile unless it is known.
func (l *Loader) baseline(path string, old map[string]*baseline) (*profile.Profile, error) {
	if b, ok := l.baselines[path]; ok {
		return b.profile, b.err
	}
	b := &baseline{sum: sumFile(path)}
	if o, ok := old[path]; ok && o.sum == b.sum && o.err == nil {
		b = o
	} else {
		b.profile, b.err = profile.Load(path)
	}
	l.baselines[path] = b
	return b.profile, b.err
}

type file struct {
	path string
	data []byte
}

// read returns the YAML files of the folder and the folders they are in.
func (l *Loader) read(r *yamldoc.Report) (files []file, folders []string) {
	entries := 0
	seen := map[string]bool{} // real paths, against links in circles and files that are linked twice
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		if target, err := filepath.EvalSymlinks(dir); err == nil {
			if seen[target] {
				return
			}
			seen[target] = true
		}
		list, err := os.ReadDir(dir)
		if err != nil {
			r.Add(&yamldoc.ViolationError{File: dir, Message: reason(err)})
			return
		}
		folders = append(folders, dir)
		for _, entry := range list {
			if entries++; entries > maxEntries || len(files) > maxFiles {
				return
			}
			name := entry.Name()
			if strings.HasPrefix(name, ".") {
				continue
			}
			path := filepath.Join(dir, name)
			ext := strings.ToLower(filepath.Ext(name))
			isCard := ext == ".yaml" || ext == ".yml"
			mode := entry.Type()
			if mode&fs.ModeSymlink != 0 {
				info, err := os.Stat(path)
				if err != nil {
					if isCard {
						r.Add(&yamldoc.ViolationError{File: path, Message: reason(err)})
					}
					continue
				}
				mode = info.Mode().Type()
			}
			switch {
			case mode.IsDir() && depth < maxFolders:
				walk(path, depth+1)
			case mode.IsDir():
				r.Add(&yamldoc.ViolationError{File: path, Message: fmt.Sprintf("is nested more than %d folders deep", maxFolders)})
			case isCard && mode.IsRegular():
				if target, err := filepath.EvalSymlinks(path); err == nil {
					if seen[target] {
						continue
					}
					seen[target] = true
				}
				data, err := boundedfile.Read(path, maxFileSize)
				if err != nil {
					r.Add(&yamldoc.ViolationError{File: path, Message: reason(err)})
					continue
				}
				files = append(files, file{path, data})
			case isCard:
				r.Add(&yamldoc.ViolationError{File: path, Message: reason(boundedfile.ErrNotRegular)})
			}
		}
	}
	walk(l.dir, 0)
	if entries > maxEntries {
		r.Add(&yamldoc.ViolationError{File: l.dir, Message: fmt.Sprintf("has more than %d files, a catalog needs a folder of its own", maxEntries)})
	}
	if len(files) > maxFiles {
		r.Add(&yamldoc.ViolationError{File: l.dir, Message: fmt.Sprintf("has more than %d YAML files", maxFiles)})
	}
	return files, folders
}

// reason is a file system's error without the path, which the violation has.
func reason(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return "cannot be read: " + pathErr.Err.Error()
	}
	return err.Error()
}

// fingerprint sums what a load depends on.
func fingerprint(files []file, baselines map[string]*baseline, unread []*yamldoc.ViolationError) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, f := range files {
		write(h, f.path, f.data)
	}
	for _, v := range unread {
		write(h, v.File, []byte(v.Message))
	}
	for _, path := range slices.Sorted(maps.Keys(baselines)) {
		s := sumFile(path)
		write(h, path, s[:])
	}
	h.Sum(sum[:0])
	return sum
}

func write(h hash.Hash, name string, data []byte) {
	fmt.Fprintf(h, "%d %s %d ", len(name), name, len(data))
	h.Write(data)
}

// sumFile sums a file's contents, or its error.
func sumFile(path string) (sum [sha256.Size]byte) {
	h := sha256.New()
	f, err := boundedfile.Open(path)
	if err == nil {
		_, err = io.Copy(h, io.LimitReader(f, profile.MaxFileSize+1))
		f.Close()
	}
	if err != nil {
		write(h, "error", []byte(err.Error()))
	}
	h.Sum(sum[:0])
	return sum
}

// builder makes cards of documents.
type builder struct {
	report   *yamldoc.Report
	baseline func(path string) (*profile.Profile, error)
	models   []*Model
	jobs     []*Job
	rejected Cards
	noEffect []NoEffect
	seen     map[cardKey]string
}

type cardKey struct{ kind, environment, name string }

func (m *Model) key() cardKey { return cardKey{kindModel, m.Environment, m.Name} }
func (j *Job) key() cardKey   { return cardKey{kindJob, j.Environment, j.Name} }

// The kinds of cards.
const (
	kindModel = "model"
	kindJob   = "job"
)

// add reads the documents of a file. Of those, the ones without a violation become cards.
func (b *builder) add(path string, data []byte) {
	docs, whole := yamldoc.Parse(path, data, documents, b.report)
	if !whole {
		b.rejected.Unknown++
	}
	for _, d := range docs {
		b.document(d)
	}
}

func (b *builder) document(d *yamldoc.Document) {
	cardShape().Check(d)
	m, _ := d.Value.(map[string]any)
	o := object{doc: d, m: m}
	var model *Model
	var job *Job
	kind := o.text("kind")
	switch kind {
	case kindModel:
		model = o.model(b.load)
	case kindJob:
		job = o.job()
	default: // the schema has said what is wrong
		b.rejected.Unknown++
		return
	}
	b.once(o, cardKey{kind, o.text("environment"), o.text("name")}, "name")
	for _, key := range []string{"also_known_as", "models"} {
		for i, name := range o.texts(key) {
			b.once(o, cardKey{kind, o.text("environment"), name}, key, strconv.Itoa(i))
		}
	}
	switch {
	case d.Bad() && model != nil:
		b.rejected.Models++
	case d.Bad():
		b.rejected.Jobs++
	case model != nil:
		b.models = append(b.models, model)
		b.unused(kind, d)
	default:
		b.jobs = append(b.jobs, job)
		b.unused(kind, d)
	}
}

// once reports a card whose kind, environment and name, or one of its other names, another one has.
// The name stands under keys.
func (b *builder) once(o object, k cardKey, keys ...string) {
	if k.name == "" {
		return
	}
	if b.seen == nil {
		b.seen = map[cardKey]string{}
	}
	first, ok := b.seen[k]
	if !ok {
		b.seen[k] = fmt.Sprintf("%s:%d", o.doc.File, o.doc.Root.Line)
		return
	}
	environment := "without an environment"
	if k.environment != "" {
		environment = fmt.Sprintf("for the environment %q", yamldoc.Clip(k.environment))
	}
	o.fail(keys, "the %s %q %s has a card already, %s", k.kind, yamldoc.Clip(k.name), environment, first)
}

// load reads the baseline that a model's or a version's block names; nil if it names none or a bad
// one.
func (b *builder) load(o object) *profile.Profile {
	name := o.text("baseline")
	if name == "" {
		return nil
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(o.doc.File), path)
	}
	p, err := b.baseline(path)
	if err != nil {
		o.fail([]string{"baseline"}, "cannot be loaded: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return nil
	}
	return p
}
