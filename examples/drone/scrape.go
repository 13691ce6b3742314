// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-ml/otelcol-ml/examples/internal/story"
)

// sum adds up the series of a metric, on a page of Prometheus' text format, that have the given labels in them.
func sum(ctx context.Context, address, metric string, labels ...string) (total int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, value, ok := cutValue(lines.Text())
		if !ok || !isOf(series, metric, labels) {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", lines.Text(), err)
		}
		total += int64(v)
	}
	return total, lines.Err()
}

// cutValue splits a line into the series and its value.
func cutValue(line string) (series, value string, ok bool) {
	end := strings.LastIndexByte(line, '}') + 1
	if strings.HasPrefix(line, "#") || end == 0 {
		return "", "", false
	}
	value, _, _ = strings.Cut(strings.TrimSpace(line[end:]), " ")
	return line[:end], value, true
}

func isOf(series, metric string, labels []string) bool {
	if !strings.HasPrefix(series, metric+"{") {
		return false
	}
	for _, label := range labels {
		if !strings.Contains(series, label) {
			return false
		}
	}
	return true
}

// await returns when a number is what is wanted, or with the last one when patience is at its end.
func await(ctx context.Context, number func() (int64, error), enough func(int64) bool) (n int64, err error) {
	deadline := time.Now().Add(patience)
	for {
		n, err = number()
		if err == nil && enough(n) || time.Now().After(deadline) {
			return n, err
		}
		if err := story.Wait(ctx, 100*time.Millisecond); err != nil {
			return n, err
		}
	}
}
