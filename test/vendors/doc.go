// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

// Package vendors tests the configs of examples/vendors, as they lie there: the built collector sends to a stand-in for each vendor that
// enforces what the vendor's documentation says, and answers as the vendor does. Each rule names its source, and is shown to bite. No
// vendor's host is ever asked: the stand-in is the collector's HTTPS proxy, and has the vendor's name.
package vendors
