package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/fsrun/fsrun/child"
	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol"
)

// commandName is the name by which this test binary is the command itself.
const commandName = "fsrun-otel"

func init() {
	if os.Args[0] == protocol.ChildName {
		child.Main(os.Args, nil)
	}
	if filepath.Base(os.Args[0]) == commandName {
		main()
		os.Exit(0)
	}
}

func TestMain(m *testing.M) {
	if err := harness.Isolate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// standIn is a collector that records what it receives.
type standIn struct {
	*httptest.Server
	got chan *collectorpb.ExportTraceServiceRequest
	// header and path are those of the last request.
	header http.Header
	path   string
}

func newStandIn(t *testing.T, status int, answer proto.Message) *standIn {
	t.Helper()
	said, err := proto.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	s := &standIn{got: make(chan *collectorpb.ExportTraceServiceRequest, 100)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		request := &collectorpb.ExportTraceServiceRequest{}
		if err != nil || proto.Unmarshal(content, request) != nil {
			t.Errorf("not of OTLP: %q, %v", content, err)
		}
		s.header, s.path = r.Header, r.URL.Path
		w.WriteHeader(status)
		_, _ = w.Write(said)
		s.got <- request
	}))
	t.Cleanup(s.Close)
	return s
}

// spans maps a request's spans by name.
func spans(request *collectorpb.ExportTraceServiceRequest) map[string]*tracepb.Span {
	all := map[string]*tracepb.Span{}
	for _, resource := range request.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				all[span.Name] = span
			}
		}
	}
	return all
}

func attribute(span *tracepb.Span, key string) string {
	for _, one := range span.Attributes {
		if one.Key == key {
			return one.Value.GetStringValue()
		}
	}
	return ""
}

const (
	recordings   = "../../internal/recording/testdata/"
	engineTrace  = "0af7651916cd43dd8448eb211c80319c"
	engineSpan   = "b7ad6b7169203331"
	engineParent = "00-" + engineTrace + "-" + engineSpan + "-01"
)

// read reads a recording made by the flight recorder.
func read(t *testing.T, name string) []*recording.Recording {
	t.Helper()
	found, err := find(t.TempDir(), recordings+name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A recording becomes a tree of spans: the handshake, beneath it the states of both
// machines, and beneath the child's states the operations. No span outlasts its parent.
func TestSpansOfARecording(t *testing.T) {
	for _, name := range []string{"run.json", "create-start.json", "failed.json"} {
		found := read(t, name)
		request := requestOf("fsrun", found)
		byID, counts := map[string]*tracepb.Span{}, map[string]int{}
		var all []*tracepb.Span
		for _, span := range request.ResourceSpans[0].ScopeSpans[0].Spans {
			all = append(all, span)
			if byID[string(span.SpanId)] != nil {
				t.Errorf("%s: two spans have one id", name)
			}
			byID[string(span.SpanId)] = span
		}
		for _, span := range all {
			if len(span.TraceId) != 16 || len(span.SpanId) != 8 || !bytes.Equal(span.TraceId, all[0].TraceId) {
				t.Errorf("%s: %s has the ids %x %x", name, span.Name, span.TraceId, span.SpanId)
			}
			if span.EndTimeUnixNano < span.StartTimeUnixNano {
				t.Errorf("%s: %s ends before it begins", name, span.Name)
			}
			above := byID[string(span.ParentSpanId)]
			if above == nil {
				counts["whole"]++
				counts["frames"] += len(span.Events)
				continue
			}
			if span.StartTimeUnixNano < above.StartTimeUnixNano || span.EndTimeUnixNano > above.EndTimeUnixNano {
				t.Errorf("%s: %s outlasts %s", name, span.Name, above.Name)
			}
			counts["beneath"]++
		}
		want := map[string]int{"whole": len(found)}
		for _, r := range found {
			line := tables.Timeline(r)
			want["beneath"] += len(line.Spans) + len(line.Operations)
			want["frames"] += len(line.Arrows)
		}
		for what, count := range want {
			if counts[what] != count || count == 0 {
				t.Errorf("%s: %d %s, want %d", name, counts[what], what, count)
			}
		}
		again := requestOf("fsrun", read(t, name))
		if !proto.Equal(request, again) {
			t.Errorf("%s: sent twice it is another trace", name)
		}
	}
}

func TestSpanOfAFailure(t *testing.T) {
	span := spans(requestOf("fsrun", read(t, "failed.json")))["fsrun run"]
	if span == nil || span.Status.Code != tracepb.Status_STATUS_CODE_ERROR || attribute(span, "fsrun.config") == "" || !strings.Contains(span.Status.Message, attribute(span, "fsrun.config")) {
		t.Errorf("%v", span)
	}
}

// A traceparent puts everything beneath the engine's span.
func TestJoinsTheEnginesTrace(t *testing.T) {
	found := read(t, "create-start.json")
	for _, r := range found {
		r.Traceparent = engineParent
	}
	all := spans(requestOf("fsrun", found))
	for _, name := range []string{"fsrun create", "fsrun start"} {
		span := all[name]
		if span == nil || hex.EncodeToString(span.TraceId) != engineTrace || hex.EncodeToString(span.ParentSpanId) != engineSpan {
			t.Errorf("%s: %v", name, span)
		}
	}
	if inner := all["parent: reserving"]; inner == nil || hex.EncodeToString(inner.TraceId) != engineTrace || !bytes.Equal(inner.ParentSpanId, all["fsrun create"].SpanId) {
		t.Errorf("%v", inner)
	}
}

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

// The exporters' variables have their usual meaning.
func TestCollectorIsWhereItIsNamed(t *testing.T) {
	to := newStandIn(t, http.StatusOK, &collectorpb.ExportTraceServiceResponse{})
	for path, variables := range map[string]map[string]string{
		"/v1/traces":        {endpointVariable: to.URL, headersVariable: "api-key=a%20b, tenant = t "},
		"/prefix/v1/traces": {endpointVariable: to.URL + "/prefix/", headersVariable: "api-key=overruled", tracesHeadersVariable: "api-key=a%20b,tenant=t"},
		"/whole":            {tracesEndpointVariable: to.URL + "/whole", endpointVariable: "http://127.0.0.1:1", tracesHeadersVariable: "api-key=a b,tenant=t", protocolVariable: onlyProtocol},
	} {
		c, err := newCollector(environment(variables), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.send(context.Background(), requestOf("web tier", read(t, "run.json"))); err != nil {
			t.Error(err)
		}
		request := <-to.got
		if to.path != path || to.header.Get("Api-Key") != "a b" || to.header.Get("Tenant") != "t" || to.header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s: %s %v", path, to.path, to.header)
		}
		if name := request.ResourceSpans[0].Resource.Attributes[0].Value.GetStringValue(); name != "web tier" {
			t.Errorf("the service is %q", name)
		}
	}
}

func TestCollectorsFailuresAreExplained(t *testing.T) {
	for _, c := range []struct {
		status int
		answer proto.Message
		want   string
	}{
		{http.StatusServiceUnavailable, &collectorpb.ExportTraceServiceResponse{}, "503"},
		{http.StatusOK, &collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "too old"}}, `rejects 3 spans: "too old"`},
		{http.StatusOK, &tracepb.Status{Message: "a page of some other server"}, ""},
	} {
		to := newStandIn(t, c.status, c.answer)
		collector, err := newCollector(environment(map[string]string{endpointVariable: to.URL}), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := collector.send(context.Background(), requestOf("fsrun", read(t, "run.json"))); c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	nobody, err := newCollector(environment(map[string]string{endpointVariable: "http://127.0.0.1:1"}), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.send(context.Background(), requestOf("fsrun", nil)); err == nil || !strings.Contains(err.Error(), endpointVariable) {
		t.Errorf("%v", err)
	}
	if err := refused([]byte("<html>")); err == nil {
		t.Error("a web page is taken for an answer")
	}
	for _, variables := range []map[string]string{
		{endpointVariable: "collector:4318"}, {endpointVariable: "ftp://collector"}, {protocolVariable: "grpc"},
		{headersVariable: "hunter2"}, {headersVariable: "key=hunter2%zz"},
	} {
		if _, err := newCollector(environment(variables), time.Minute); err == nil || !strings.Contains(err.Error(), "allowed: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: %v", variables, err)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, wrong := range []string{"", "a b", "--watch web", "--interval=0s --watch", "--nope web"} {
		if o, err := parse(strings.Fields(wrong)); err == nil {
			t.Errorf("%q is %+v", wrong, o)
		}
	}
	if _, err := find(t.TempDir(), "missing"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("%v", err)
	}
}

// The command lines in the documentation send what they should.
func TestDocumentedLines(t *testing.T) {
	content, err := os.ReadFile("../../docs/tracing.md")
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile(recordings + "run.json")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	to := newStandIn(t, http.StatusOK, &collectorpb.ExportTraceServiceResponse{})
	tested := 0
	for _, line := range regexp.MustCompile(`(?m)^(?:OTEL_\S+ )?fsrun-otel (?:[^-]|- ).*$`).FindAllString(string(content), -1) {
		tested++
		work, binaries := t.TempDir(), t.TempDir()
		if err := os.Symlink(self, filepath.Join(binaries, commandName)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(work, "web.json"), recorded, 0o600); err != nil {
			t.Fatal(err)
		}
		shell := exec.Command("sh", "-c", strings.ReplaceAll(line, "http://collector:4318", to.URL))
		shell.Dir = work
		shell.Env = append(os.Environ(), "PATH="+binaries+":"+os.Getenv("PATH"), endpointVariable+"="+to.URL)
		if said, err := shell.CombinedOutput(); err != nil {
			t.Fatalf("$ %s\n%v: %s", line, err, said)
		}
		if spans(<-to.got)["fsrun run"] == nil {
			t.Errorf("$ %s\nsends no handshake", line)
		}
	}
	if tested == 0 {
		t.Error("no line is documented")
	}
}

// A container's annotation reaches the collector, from its configuration, with the
// recordings of its creation and its start, each sent once.
func TestWatchedContainer(t *testing.T) {
	harness.Need(t, harness.Container...)
	root, id := t.TempDir(), harness.ID(t)
	bundle := harness.Bundle(t, harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) {
		spec.Annotations = map[string]string{recording.Annotation: engineParent}
	})
	if _, err := parent.Create(parent.Options{StateRoot: root, ID: id, Bundle: bundle}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := parent.Delete(root, id, true); err != nil {
			t.Error(err)
		}
	})
	to := newStandIn(t, http.StatusOK, &collectorpb.ExportTraceServiceResponse{})
	collector, err := newCollector(environment(map[string]string{endpointVariable: to.URL}), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- watch(ctx, &options{root: root, watch: true, interval: 10 * time.Millisecond}, collector)
	}()
	created := spans(<-to.got)
	if span := created["fsrun create"]; span == nil || hex.EncodeToString(span.ParentSpanId) != engineSpan || attribute(span, "container.id") != id {
		t.Errorf("created: %v", span)
	}
	if err := parent.Start(root, id, parent.Handshake{}); err != nil {
		t.Fatal(err)
	}
	started := spans(<-to.got)
	if span := started["fsrun start"]; span == nil || hex.EncodeToString(span.ParentSpanId) != engineSpan {
		t.Errorf("started: %v", span)
	}
	if created["fsrun create"] != nil && started["fsrun create"] != nil && !bytes.Equal(created["fsrun create"].SpanId, started["fsrun create"].SpanId) {
		t.Error("the creation is sent as two")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if more := len(to.got); more > 0 {
		t.Errorf("%d more requests: what is sent is sent again", more)
	}
}
