package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// The variables of an OTLP exporter (OpenTelemetry specification, "OpenTelemetry Protocol
// Exporter"). Where there is one for traces only, it is that one.
const (
	endpointVariable       = "OTEL_EXPORTER_OTLP_ENDPOINT"
	tracesEndpointVariable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	headersVariable        = "OTEL_EXPORTER_OTLP_HEADERS"
	tracesHeadersVariable  = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
	protocolVariable       = "OTEL_EXPORTER_OTLP_PROTOCOL"
	tracesProtocolVariable = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"

	defaultEndpoint = "http://localhost:4318"
	tracesPath      = "/v1/traces"
	onlyProtocol    = "http/protobuf"
)

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 64 << 10

// collector is where the spans are sent.
type collector struct {
	address string
	headers http.Header
	client  http.Client
}

func newCollector(variable func(string) string, timeout time.Duration) (*collector, error) {
	for _, name := range []string{tracesProtocolVariable, protocolVariable} {
		if wanted := variable(name); wanted != "" && wanted != onlyProtocol {
			return nil, fmt.Errorf("%s is %q; allowed: %s", name, wanted, onlyProtocol)
		}
	}
	address, name := variable(tracesEndpointVariable), tracesEndpointVariable
	if address == "" {
		address, name = variable(endpointVariable), endpointVariable
		if address == "" {
			address = defaultEndpoint
		}
		address = strings.TrimSuffix(address, "/") + tracesPath
	}
	if parsed, err := url.Parse(address); err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("%s leads to %q; allowed: an address such as %s", name, address, defaultEndpoint)
	}
	c := &collector{address: address, headers: http.Header{}, client: http.Client{Timeout: timeout}}
	for _, name := range []string{headersVariable, tracesHeadersVariable} {
		if err := c.addHeaders(name, variable(name)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// addHeaders parses a list such as "api-key=secret,tenant=a%20b". No error shows a value,
// which may be a secret.
func (c *collector) addHeaders(variable, list string) error {
	for pair := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil || strings.TrimSpace(name) == "" {
			return fmt.Errorf("%s: allowed: NAME=VALUE,…, with values in percent-encoding", variable)
		}
		c.headers.Set(strings.TrimSpace(name), decoded)
	}
	return nil
}

// send sends the spans to the collector. It is an error if any of them is rejected.
func (c *collector) send(ctx context.Context, spans *collectorpb.ExportTraceServiceRequest) error {
	content, err := proto.Marshal(spans)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header = c.headers.Clone()
	request.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("no collector answers: %w; start one, or name it by %s", err, endpointVariable)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the collector's answer: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the collector at %s answers %s: %.200q", c.address, answer.Status, said)
	}
	return refused(said)
}

// refused returns an error if the collector's answer says that it rejected some of the
// spans.
func refused(said []byte) error {
	var answer collectorpb.ExportTraceServiceResponse
	if err := proto.Unmarshal(said, &answer); err != nil {
		return errors.New("the collector's answer is none of OTLP's; is it one?")
	}
	if partial := answer.GetPartialSuccess(); partial.GetRejectedSpans() > 0 {
		return fmt.Errorf("the collector rejects %d spans: %q", partial.GetRejectedSpans(), partial.GetErrorMessage())
	}
	return nil
}
