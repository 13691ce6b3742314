// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package trainingjob

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"
)

// publish is the stage publish: it puts the model where the service that answers will find it.
func (r *run) publish(ctx context.Context) error {
	name := "fraud-" + r.date + ".json"
	folder, err := r.registryFolder()
	if err != nil {
		return err
	}
	return r.step(ctx, "upload "+name, func(ctx context.Context) error {
		if err := r.step(ctx, "connect", func(context.Context) error { return r.registry.connect() }); err != nil {
			return err
		}
		if err := r.step(ctx, "write "+name, func(ctx context.Context) error {
			if err := r.work(ctx, 50*time.Millisecond); err != nil {
				return err
			}
			return r.write(folder, name, r.model)
		}, attribute.String("file.directory", folder)); err != nil {
			return err
		}
		r.result.File = filepath.Join(folder, name)
		r.told = r.result.File
		return nil
	})
}

// registryFolder is where models are published.
func (r *run) registryFolder() (string, error) {
	if !r.breaks(Publish, Error) {
		return filepath.Join(r.Folder, "models"), nil
	}
	// Somebody has saved a file under the name that the registry's folder should have.
	folder := filepath.Join(r.Folder, "registry")
	if err := os.MkdirAll(r.Folder, 0o755); err != nil {
		return "", err
	}
	return folder, os.WriteFile(folder, []byte("notes\n"), 0o644)
}
