package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/recording"
)

// scope is the instrumentation scope of the spans.
const scope = "github.com/fsrun/fsrun"

// serviceOf returns the service's name.
func serviceOf(variable func(string) string) string {
	if name := variable("OTEL_SERVICE_NAME"); name != "" {
		return name
	}
	return "fsrun"
}

// requestOf converts recordings to spans. Each recording becomes a span, with a child for
// each state of both machines; the operations are children of the child's states.
func requestOf(service string, all []*recording.Recording) *collectorpb.ExportTraceServiceRequest {
	made := &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: scope}}
	for _, r := range all {
		made.Spans = append(made.Spans, spansOf(r, all[0])...)
	}
	return &collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", service)}},
		ScopeSpans: []*tracepb.ScopeSpans{made},
	}}}
}

// spanning converts one recording. The span IDs are derived from the recording, so that it
// can be sent again.
type spanning struct {
	recorded *recording.Recording
	trace    [16]byte
	spans    []*tracepb.Span
}

func spansOf(r, first *recording.Recording) []*tracepb.Span {
	s := &spanning{recorded: r, trace: traceOf(first)}
	var above []byte
	if engine, err := recording.ParseTraceparent(r.Traceparent); err == nil {
		s.trace, above = engine.Trace, engine.Span[:]
	}
	line := tables.Timeline(r)
	whole := s.add("fsrun "+r.Verb, above, 0, r.Ended-r.At, text("container.id", r.Container), text("fsrun.verb", r.Verb))
	whole.Status = statusOf(r.Fault)
	whole.Attributes = append(whole.Attributes, faultAttributes(r.Fault)...)
	for _, arrow := range line.Arrows {
		whole.Events = append(whole.Events, s.event(&arrow))
	}
	states := make([]*tracepb.Span, len(line.Spans))
	for i := range line.Spans {
		span := &line.Spans[i]
		states[i] = s.add(span.Machine+": "+span.Name, whole.SpanId, span.From, span.To,
			text("fsrun.machine", span.Machine), text("fsrun.state", span.Name), text("fsrun.row", span.Row),
			truth("fsrun.waiting", span.Waiting), truth("fsrun.inferred", span.Inferred))
	}
	for i := range line.Operations {
		span := &line.Operations[i]
		above := whole
		if at := stateAt(line, span); at >= 0 {
			above = states[at]
		}
		s.add(span.Name, above.SpanId, span.From, span.To, text("fsrun.machine", span.Machine), text("fsrun.config", span.Row))
	}
	return s.spans
}

// stateAt returns the index of the state in which an operation was carried out, -1 if
// unknown.
func stateAt(line *recording.Timeline, operation *recording.Span) int {
	return slices.IndexFunc(line.Spans, func(span recording.Span) bool {
		return span.Machine == operation.Machine && span.From <= operation.From && operation.To <= span.To
	})
}

// traceOf returns the trace ID of recordings that no engine has joined to its own trace:
// the same for all recordings of a container.
func traceOf(r *recording.Recording) [16]byte {
	sum := sha256.Sum256([]byte(scope + "\x00" + r.Container + "\x00" + r.Began.Format(time.RFC3339Nano)))
	return [16]byte(sum[:])
}

func (s *spanning) add(name string, above []byte, from, to uint64, attributes ...*commonpb.KeyValue) *tracepb.Span {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(s.recorded.Verb+"\x00"+s.recorded.Container+"\x00"+
		s.recorded.Began.Format(time.RFC3339Nano)), uint32(len(s.spans))))
	span := &tracepb.Span{
		TraceId: s.trace[:], SpanId: sum[:8], ParentSpanId: above, Name: name, Kind: tracepb.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: s.at(from), EndTimeUnixNano: s.at(to), Attributes: known(attributes),
	}
	s.spans = append(s.spans, span)
	return span
}

// at converts a time in the recording to wall-clock time.
func (s *spanning) at(since uint64) uint64 { return uint64(s.recorded.Began.UnixNano()) + since }

// event converts a frame. Its time is that of sending; its latency is an attribute.
func (s *spanning) event(arrow *recording.Arrow) *tracepb.Span_Event {
	from := tables.Child.Name
	if arrow.FromParent {
		from = tables.Parent.Name
	}
	return &tracepb.Span_Event{Name: arrow.Kind.String(), TimeUnixNano: s.at(arrow.Left), Attributes: []*commonpb.KeyValue{
		text("fsrun.from", from), number("fsrun.bytes", int64(arrow.Bytes)), number("fsrun.under_way_nsec", int64(arrow.Came-arrow.Left)),
	}}
}

func statusOf(fault *recording.Fault) *tracepb.Status {
	if fault == nil {
		return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_OK}
	}
	message := fmt.Sprintf("%s in %s", fault.Code, fault.State)
	if fault.Path != "" {
		message += ", config.json " + fault.Path
	}
	if fault.Call != "" {
		message += fmt.Sprintf(": %s %s: %s", fault.Call, fault.Object, errnoName(fault.Errno))
	}
	return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: message}
}

func faultAttributes(fault *recording.Fault) []*commonpb.KeyValue {
	if fault == nil {
		return nil
	}
	return known([]*commonpb.KeyValue{
		text("error.type", fault.Code), text("fsrun.machine", fault.Machine), text("fsrun.state", fault.State), text("fsrun.awaited", fault.Awaited),
		text("fsrun.op", fault.Op), text("fsrun.config", fault.Path), text("fsrun.call", fault.Call), text("fsrun.errno", errnoName(fault.Errno)),
		text("fsrun.object", fault.Object),
	})
}

// errnoName returns "" for zero.
func errnoName(errno int) string {
	if errno == 0 {
		return ""
	}
	if name := unix.ErrnoName(unix.Errno(errno)); name != "" {
		return name
	}
	return strconv.Itoa(errno)
}

func text(key, value string) *commonpb.KeyValue {
	if value == "" {
		return nil
	}
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
}

func truth(key string, value bool) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: value}}}
}

// known leaves out attributes without a value.
func known(attributes []*commonpb.KeyValue) []*commonpb.KeyValue {
	var told []*commonpb.KeyValue
	for _, attribute := range attributes {
		if attribute != nil {
			told = append(told, attribute)
		}
	}
	return told
}
