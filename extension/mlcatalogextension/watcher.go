// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package mlcatalogextension

import (
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// watch tells what may have changed. It is for one goroutine.
type watch interface {
	events() <-chan fsnotify.Event
	// errors are lost events.
	errors() <-chan error
	// matters says whether an event can have changed the catalog.
	matters(e fsnotify.Event) bool
	// update says what the last load has read.
	update(folders, baselines []string)
	close() error
}

// noWatch leaves everything to polling.
type noWatch struct{}

func (noWatch) events() <-chan fsnotify.Event { return nil }
func (noWatch) errors() <-chan error          { return nil }
func (noWatch) matters(fsnotify.Event) bool   { return false }
func (noWatch) update([]string, []string)     {}
func (noWatch) close() error                  { return nil }

var (
	_ watch = noWatch{}
	_ watch = (*watcher)(nil)
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

func newWatcher(directory string) (*watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &watcher{fs: w, directory: filepath.Clean(directory), watched: map[string]bool{}}, nil
}

func (w *watcher) events() <-chan fsnotify.Event { return w.fs.Events }

func (w *watcher) errors() <-chan error { return w.fs.Errors }

// update watches what a load has read and forgets the rest. Folders that cannot be watched are left to polling.
func (w *watcher) update(folders, baselines []string) {
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

// matters is true for files among the cards, baselines, and the catalog's folder itself.
func (w *watcher) matters(e fsnotify.Event) bool {
	if e.Op == fsnotify.Chmod {
		return false
	}
	name := filepath.Clean(e.Name)
	return w.files[name] || w.cards[name] || w.cards[filepath.Dir(name)]
}

// close ends the watcher's goroutine.
func (w *watcher) close() error { return w.fs.Close() }
