// Command fsrun-otel sends recorded handshakes to an OpenTelemetry collector, as spans.
//
//	fsrun-otel CONTAINER|FILE   send a container's recordings, or a file written by --trace
//	fsrun-otel --watch          send the recordings of every container as they appear
//
// It uses OTLP over HTTP with protobuf, and finds the collector through the variables that
// all exporters use: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, their TRACES
// variants, and OTEL_SERVICE_NAME. If a container's annotation traceparent names an engine's
// span, the handshakes are beneath that span. A handshake that is sent twice has the same
// IDs, and so remains one.
//
// It is separate from fsrun, because the runtime is started twice for each container, and
// every start would pay for what is linked in. It sends the recordings afterwards, without
// delaying a start.
package main
