// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package datafile tells where contrib's file_storage keeps the data of a component.
package datafile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// Path is where the data of a component are. A test compares it with contrib's.
func Path(directory string, kind component.Kind, id component.ID, name string) string {
	return filepath.Join(directory, fileName(kind, id, name))
}

// HashedPath is where they are if the file's name would be too long for the system.
func HashedPath(directory string, kind component.Kind, id component.ID, name string) string {
	sum := sha256.Sum256([]byte(fileName(kind, id, name)))
	return filepath.Join(directory, hex.EncodeToString(sum[:]))
}

func fileName(kind component.Kind, id component.ID, name string) string {
	raw := strings.ToLower(kind.String()) + "_" + id.Type().String() + "_" + id.Name()
	if name != "" {
		raw += "_" + name
	}
	var safe strings.Builder
	for _, c := range raw {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' {
			safe.WriteRune(c)
		} else {
			fmt.Fprintf(&safe, "~%04X", c)
		}
	}
	return safe.String()
}
