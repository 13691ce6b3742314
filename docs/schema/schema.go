// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package schema embeds the JSON schemas that describe the files people write.
package schema

import _ "embed"

// Card is the JSON schema (draft 2020-12) of a card of the catalog, one YAML document.
//
//go:embed card.schema.json
var Card []byte

// Dialect is the JSON schema (draft 2020-12) of a table of ml_normalize, one YAML document.
//
//go:embed dialect.schema.json
var Dialect []byte

// Action is the JSON schema (draft 2020-12) of an action of ml_action, one YAML document.
//
//go:embed action.schema.json
var Action []byte
