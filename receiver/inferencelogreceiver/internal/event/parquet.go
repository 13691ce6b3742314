// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/otelcol-ml/otelcol-ml/internal/table"
	"github.com/otelcol-ml/otelcol-ml/receiver/inferencelogreceiver/internal/refusal"
)

// parquetRequests reads a blob of Parquet as the agent writes it: without compression, so that a
// body cannot unfold.
func parquetRequests(data []byte, limit int) (out Posted, err error) {
	defer func() { // the library panics on some damaged files
		if p := recover(); p != nil {
			out, err = Posted{}, refusal.New(refusal.BadEvent, fmt.Sprintf("the Parquet file is damaged: %v", p))
		}
	}()
	if err := table.CheckParquet(bytes.NewReader(data), int64(len(data))); err != nil {
		return Posted{}, refusal.New(refusal.BadEvent, "the Parquet file cannot be read: "+err.Error())
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return Posted{}, refusal.New(refusal.BadEvent, "the Parquet file cannot be read: "+err.Error())
	}
	if file.NumRows() > int64(limit) {
		return Posted{}, tooMany(limit, "records")
	}
	if _, ok := file.Schema().Lookup("reqType"); !ok {
		return Posted{}, errNoEvent
	}
	for _, group := range file.Metadata().RowGroups {
		for _, column := range group.Columns {
			if column.MetaData.Codec != format.Uncompressed {
				return Posted{}, refusal.New(refusal.UnsupportedPayload, fmt.Sprintf("the Parquet file's column %s is compressed, which KServe's are not",
					strings.Join(column.MetaData.PathInSchema, ".")))
			}
			if column.MetaData.NumValues > int64(limit) {
				return Posted{}, tooMany(limit, "records")
			}
		}
	}
	reader := parquet.NewGenericReader[logRow](file)
	defer func() { _ = reader.Close() }()
	size, rows := 0, make([]logRow, 64)
	for {
		n, err := reader.Read(rows)
		for i := range rows[:n] {
			if size += len(rows[i].Bytes) + len(rows[i].Metadata) + len(rows[i].Annotations); size > maxLogBytes {
				return Posted{}, refusal.New(refusal.TooLarge, fmt.Sprintf("the Parquet file's records take more than %d bytes", maxLogBytes))
			}
			out.Events = append(out.Events, rows[i].event())
		}
		switch {
		case errors.Is(err, io.EOF) || err == nil && n == 0:
			return out, nil
		case err != nil:
			return Posted{}, refusal.New(refusal.BadEvent, "the Parquet file cannot be read: "+err.Error())
		case len(out.Events) > limit:
			return Posted{}, tooMany(limit, "records")
		}
	}
}
