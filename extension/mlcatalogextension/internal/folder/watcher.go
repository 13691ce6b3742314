// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package folder

import (
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// Watch tells what may have changed. It is for one goroutine.
type Watch interface {
	Events() <-chan fsnotify.Event
	// Errors are lost events.
	Errors() <-chan error
	// Matters says whether an event can have changed the catalog.
	Matters(e fsnotify.Event) bool
	// Update says what the last load has read.
	Update(folders, baselines []string)
	Close() error
}

// None leaves everything to polling.
type None struct{}

// Events implements Watch.
func (None) Events() <-chan fsnotify.Event { return nil }

// Errors implements Watch.
func (None) Errors() <-chan error { return nil }

// Matters implements Watch.
func (None) Matters(fsnotify.Event) bool { return false }

// Update implements Watch.
func (None) Update([]string, []string) {}

// Close implements Watch.
func (None) Close() error { return nil }

var (
	_ Watch = None{}
	_ Watch = (*watcher)(nil)
)

// watcher watches the folders of the catalog and of the baselines that its cards name.
type watcher struct {
	fs *fsnotify.Watcher
	// directory is the catalog's folder: its own coming and going is seen in the folder above it.
	directory string
	watched   map[string]bool
	cards     map[string]bool // folders in which every file matters
	files     map[string]bool // files that matter in other folders
}

// New watches a folder.
func New(directory string) (Watch, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &watcher{fs: w, directory: filepath.Clean(directory), watched: map[string]bool{}}, nil
}

// Events are those of all folders that are watched.
func (w *watcher) Events() <-chan fsnotify.Event { return w.fs.Events }

// Errors are lost events.
func (w *watcher) Errors() <-chan error { return w.fs.Errors }

// Update watches what a load has read and forgets the rest. Folders that cannot be watched are left
// to polling.
func (w *watcher) Update(folders, baselines []string) {
	w.cards, w.files = map[string]bool{}, map[string]bool{w.directory: true}
	want := map[string]bool{filepath.Dir(w.directory): true}
	for _, f := range folders {
		f = filepath.Clean(f)
		w.cards[f], want[f] = true, true
	}
	for _, b := range baselines {
		b = filepath.Clean(b)
		w.files[b], want[filepath.Dir(b)] = true, true
	}
	for f := range w.watched {
		if !want[f] {
			_ = w.fs.Remove(f) // an error says that the folder is gone, and its watch with it
			delete(w.watched, f)
		}
	}
	for f := range want {
		w.watched[f] = w.fs.Add(f) == nil // again where it is watched: the folder may be another one of that name
	}
}

// Matters is true for files among the cards, baselines, and the catalog's folder itself.
func (w *watcher) Matters(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod {
		return false
	}
	name := filepath.Clean(e.Name)
	return w.files[name] || w.cards[name] || w.cards[filepath.Dir(name)]
}

// Close ends the watcher's goroutine.
func (w *watcher) Close() error { return w.fs.Close() }
