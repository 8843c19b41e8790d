// Command fsrun-otel sends recorded handshakes to an OpenTelemetry collector, as
// spans.
//
//	fsrun-otel CONTAINER|FILE   send what fsrun kept of a container, or wrote by --trace
//	fsrun-otel --watch          send what is kept of every container, as it comes
//
// It speaks OTLP over HTTP in its binary form, and is told where to by the
// variables that all exporters take: OTEL_EXPORTER_OTLP_ENDPOINT,
// OTEL_EXPORTER_OTLP_HEADERS, their TRACES forms, and OTEL_SERVICE_NAME. A
// container whose annotation traceparent names an engine's span has its handshakes
// beneath that span. Sent twice, a handshake has the same ids, and is one.
//
// It is no part of fsrun, since the runtime starts twice for each container and
// would pay there for what it links. It runs after the fact, beside the start.
package main
