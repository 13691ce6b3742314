// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package learned writes the baselines that the engine has learned into files, each once: a file
// that is there is kept.
package learned

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-ml/otelcol-ml/internal/drift"
	"github.com/otelcol-ml/otelcol-ml/internal/profile"
	"github.com/otelcol-ml/otelcol-ml/internal/visible"
)

// Writer writes learned baselines into a folder, and says so.
type Writer struct {
	directory string
	engine    *drift.Engine
	logger    *zap.Logger
	hourly    func(key string, now time.Time) bool
}

// NewWriter returns a Writer. hourly allows a line on a key once an hour.
func NewWriter(directory string, engine *drift.Engine, logger *zap.Logger, hourly func(key string, now time.Time) bool) *Writer {
	return &Writer{directory: directory, engine: engine, logger: logger, hourly: hourly}
}

// WriteAll writes the baselines that have been learned, and says how far the others are.
func (w *Writer) WriteAll(now time.Time) {
	for _, l := range w.engine.Learned(now) {
		w.write(&l, now)
	}
	w.engine.LearningProgress(func(environment, model string, rows, wanted uint64) {
		if w.hourly("learning\x00"+environment+"\x00"+model, now) {
			w.logger.Info("A baseline is being learned (this is said once an hour)", zap.String("model", model), zap.String("environment", environment),
				zap.Uint64("rows", rows), zap.Uint64("needed", wanted))
		}
	})
}

// write writes a baseline into a file of its own. What cannot be written is tried again at the next
// emission.
func (w *Writer) write(l *drift.Learned, now time.Time) {
	fields := []zap.Field{zap.String("model", l.Model), zap.String("environment", l.Environment)}
	path := filepath.Join(w.directory, fileName(l.Environment, l.Model))
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	fields = append(fields, zap.String("file", path))
	err := l.Profile.Validate()
	if err == nil && len(l.Profile.Features) == 0 && l.Profile.Prediction == nil && l.Profile.Confidence == nil {
		err = errors.New("the rows had no features, no answer and no confidence")
	}
	if err != nil {
		w.logger.Error("No baseline can be made of the rows", append(fields, zap.Error(err))...)
		w.engine.FinishLearning(l.Environment, l.Model)
		return
	}
	switch err := writeNew(path, l.Profile); {
	case err == nil:
		if len(l.Mixed) > 0 {
			fields = append(fields, zap.Strings("numbers_and_words", l.Mixed))
		}
		visible.Lines(w.logger).Info("A baseline was learned. Look at it, and put this card into the catalog:\n"+card(l.Environment, l.Model, path), append(fields,
			zap.Uint64("rows", l.Profile.Rows), zap.Time("from", l.Profile.From), zap.Time("to", l.Profile.To), zap.Int("features", len(l.Profile.Features)))...)
	case errors.Is(err, fs.ErrExist):
		visible.Lines(w.logger).Warn("There is a file for the learned baseline already; it is kept as it is. Delete it and the state of ml_drift to learn anew. Its card:\n"+
			card(l.Environment, l.Model, path), fields...)
	default:
		if w.hourly("learned\x00"+path, now) {
			w.logger.Error("A learned baseline cannot be written; every emission tries again", append(fields, zap.Error(err))...)
		}
		return
	}
	w.engine.FinishLearning(l.Environment, l.Model)
}

// card is a card that names the baseline.
func card(environment, model, path string) string {
	out := "kind: model\nname: " + strconv.Quote(model) + "\n"
	if environment != "" {
		out += "environment: " + strconv.Quote(environment) + "\n"
	}
	return out + "baseline: " + strconv.Quote(path)
}

// fileName is the name of a file for a model. One that cannot be a file's name is told apart by a
// hash.
func fileName(environment, model string) string {
	name := model
	if environment != "" {
		name += "." + environment
	}
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, name)
	if clean != name || strings.HasPrefix(clean, ".") || len(clean) > 100 {
		h := fnv.New32a()
		h.Write([]byte(environment + "\x00" + model))
		clean = fmt.Sprintf("%s-%08x", strings.TrimLeft(clean[:min(len(clean), 100)], "."), h.Sum32())
	}
	return clean + ".json"
}

// writeNew writes a profile in one step. It is fs.ErrExist where there is such a file.
func writeNew(path string, p *profile.Profile) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".learned-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = errors.Join(p.Write(f), f.Sync(), f.Chmod(0o640), f.Close())
	if err != nil {
		return err
	}
	// Unlike a renaming, a link never replaces a file.
	if err = os.Link(f.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without links.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(f.Name(), path)
}
