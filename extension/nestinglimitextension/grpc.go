// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package nestinglimitextension

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/otelcol-ml/otelcol-ml/extension/nestinglimitextension/internal/nesting"
)

// protoCodec is the name under which gRPC knows the codec of protocol buffers, which for OTLP is pdata's.
const protoCodec = "proto"

// GetGRPCServerOptions returns the codec that looks at a request before it is decoded. Interceptors come after that.
func (l *nestingLimit) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	inner := encoding.GetCodecV2(protoCodec)
	if inner == nil {
		return nil, errors.New("gRPC has no codec for protocol buffers")
	}
	return []grpc.ServerOption{grpc.ForceServerCodecV2(&codec{CodecV2: inner, limit: l})}, nil
}

// codec checks requests of OTLP and leaves the rest to the codec that was there.
type codec struct {
	encoding.CodecV2
	limit *nestingLimit
}

// Unmarshal refuses a request that nests too deep. gRPC answers Internal, which clients do not send again.
func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	if signal, ok := signalOfRequest(v); ok {
		buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
		defer buffer.Free()
		if nesting.OTLP(buffer.ReadOnlyData(), signal, c.limit.most) {
			return c.limit.tooDeep(context.Background(), protocolGRPC, "")
		}
		data = mem.BufferSlice{buffer}
	}
	return c.CodecV2.Unmarshal(data, v)
}

// otlpRequest is what pdata's requests have in common.
type otlpRequest interface{ UnmarshalProto([]byte) error }

// signalOfRequest tells the signal by the request's type; ok is false where the request is none of OTLP.
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
