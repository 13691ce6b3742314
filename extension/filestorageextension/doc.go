// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package filestorageextension is contrib's file_storage extension with a look at each file before
// it is opened.
//
// A file that is damaged or that another process has open is an error that names the file, or, with
// on_corrupt set_aside, is moved away. All else, the options among it, is contrib's:
//
//	GetClient ──► boltfile.Check ──► whole ────────────────────────────► contrib's GetClient
//	                   │                                                       ▲
//	                   ├──► damaged ──► set_aside: rename, warn, count ────────┘
//	                   │           └──► refuse: error
//	                   └──► in use ───► error
//
// The client looks after its file (heldfile): one that is deleted while it is open is written anew.
package filestorageextension
