// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"flag"
	"log"
	"os"
	"testing"
)

// TestMain has four stories told at once, also on a machine with two cores: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}
