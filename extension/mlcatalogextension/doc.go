// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../tools/generate/go.mod mdatagen metadata.yaml

// Package mlcatalogextension serves the cards of a folder, with what registries know laid under
// them, to every ml_* component.
//
// One goroutine waits for an event of the file system or for the next poll, compares a hash of the
// folder with the last one, loads the folder where it differs (internal/catalog) and swaps the set
// that readers see. A card that is not good keeps back no other one:
//
//	event ──► debounce ─┐                              ┌─► good cards ───────────────────────────────────┐
//	poll ───────────────┴─► hash differs? ──► Load ────┤                                                 ├─► swap the set
//	                                                   └─► bad ones: log and count; what their file had ─┘
//
// Once a minute another goroutine compares what components have looked up (catalog.Sightings) with
// the cards, and names those that no span meets.
//
// Each source (an MLflow or a Feast registry) has a goroutine of its own (follower). Cards and
// facts are merged where one of them has changed, and readers see the two in one set:
//
//	cards of the folder ──┐
//	facts of source 1  ───┼─► Merge ──► swap the set
//	facts of source 2  ───┘
package mlcatalogextension
