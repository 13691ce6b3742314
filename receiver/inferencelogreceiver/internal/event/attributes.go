// Copyright The otelcol-ml Authors
// SPDX-License-Identifier: Apache-2.0

package event

// The types of events and their extension attributes.
//
// KServe (kserve/kserve, pkg/logger/worker.go and handler.go): CloudEvents 1.0, binary mode; the id
// is the request's in both events; data is the body as it was; only responses with status 200 are
// logged; time is when the logger sends the event; attributes inferenceservicename, namespace,
// component, endpoint, metadata (JSON, name to list of header values), annotations (JSON, name to
// string). The traceparent is that of the sending of the event, unsampled, and differs between
// request and response. Events are sent once; any answer but 200 is logged as an error there.
//
// Seldon Core 1 (SeldonIO/seldon-core, executor/logger/worker.go): CloudEvents 1.0, binary mode;
// ids differ, requestid joins the pair; attributes modelid (the node of the graph),
// inferenceservicename, namespace, endpoint (the predictor's name), protocol. MLServer and Tempo
// send specification version 0.3 with NOTIMPLEMENTED for what they do not know.
const (
	KServeRequest  = "org.kubeflow.serving.inference.request"
	KServeResponse = "org.kubeflow.serving.inference.response"
	SeldonRequest  = "io.seldon.serving.inference.request"
	SeldonResponse = "io.seldon.serving.inference.response"

	AttributeRequestID   = "requestid"
	AttributeService     = "inferenceservicename"
	AttributeNamespace   = "namespace"
	AttributeComponent   = "component"
	AttributeEndpoint    = "endpoint"
	AttributeModelID     = "modelid"
	AttributeTraceparent = "traceparent"
	// AttributeStatusCode is the HTTP status of a response. Neither logger sends it; one of your
	// own may.
	AttributeStatusCode = "statuscode"
)
