// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/nesting"
)

// protoCodec is the name under which gRPC knows the codec of protocol buffers, which for OTLP is
// pdata's.
const protoCodec = "proto"

// Codec returns the codec that looks at a request before it is decoded. Interceptors come after
// that.
func (g *Guard) Codec() (encoding.CodecV2, error) {
	inner := encoding.GetCodecV2(protoCodec)
	if inner == nil {
		return nil, errors.New("gRPC has no codec for protocol buffers")
	}
	return &codec{CodecV2: inner, guard: g}, nil
}

// codec checks requests of OTLP and leaves the rest to the codec that was there.
type codec struct {
	encoding.CodecV2
	guard *Guard
}

// Unmarshal refuses a request that nests too deep. gRPC answers Internal, which clients do not send
// again.
func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	if signal, ok := signalOfRequest(v); ok {
		buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer buffer.Free()
		if nesting.OTLP(buffer.ReadOnlyData(), signal, c.guard.MaxDepth) {
			return c.guard.Refuse(context.Background(), GRPC, "")
		}
		data = mem.BufferSlice{buffer}
	}
	return c.CodecV2.Unmarshal(data, v)
}

// otlpRequest is what pdata's requests have in common.
type otlpRequest interface{ UnmarshalProto([]byte) error }

// signalOfRequest tells the signal by the request's type; ok is false where the request is not one
// of OTLP.
func signalOfRequest(v any) (nesting.Signal, bool) {
	if _, ok := v.(otlpRequest); !ok {
		return nesting.Unknown, false
	}
	switch name := reflect.TypeOf(v).String(); {
	case strings.Contains(name, "ExportTrace"):
		return nesting.Traces, true
	case strings.Contains(name, "ExportMetrics"):
		return nesting.Metrics, true
	case strings.Contains(name, "ExportLogs"):
		return nesting.Logs, true
	case strings.Contains(name, "ExportProfiles"):
		return nesting.Profiles, true
	default:
		return nesting.Unknown, true
	}
}
