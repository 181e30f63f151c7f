package server_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/pipe"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// levels is a log handler that keeps levels.
type levels struct {
	mu    sync.Mutex
	more  sync.Cond // of mu
	noted []slog.Level
}

func (*levels) Enabled(context.Context, slog.Level) bool { return true }
func (l *levels) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l *levels) WithGroup(string) slog.Handler          { return l }

func (l *levels) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noted = append(l.noted, r.Level)
	l.more.Broadcast()
	return nil
}

// await waits for n levels since the last call of take or await, and returns them.
func (l *levels) await(n int) []slog.Level {
	l.mu.Lock()
	l.more.L = &l.mu
	for len(l.noted) < n {
		l.more.Wait()
	}
	l.mu.Unlock()
	return l.take()
}

// take returns the levels since the last call of take or await.
func (l *levels) take() []slog.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	noted := l.noted
	l.noted = nil
	return noted
}

// closing is a listener with a channel for its end.
type closing struct {
	net.Listener
	once   sync.Once
	closed chan struct{}
}

func (l *closing) Close() error {
	err := l.Listener.Close()
	l.once.Do(func() { close(l.closed) })
	return err
}

func listen(t *testing.T) *closing {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &closing{Listener: l, closed: make(chan struct{})}
}

// serving is a running server.
type serving struct {
	interrupt func(error)
	ended     chan error // what execute returned
	evicted   prometheus.Counter
}

// newEvicted makes a counter of evictions.
func newEvicted() prometheus.Counter {
	evicted, _ := server.Evictions(prometheus.NewRegistry())
	return evicted
}

func serve(l net.Listener, h http.Handler, writeTimeout time.Duration, log slog.Handler) serving {
	return serveWithin(writeTimeout, server.WebConfig{}, l, h, log)
}

func serveWithin(writeTimeout time.Duration, config server.WebConfig, l net.Listener, h http.Handler, log slog.Handler) serving {
	timeouts, evicted := server.TelemetryTimeouts, newEvicted()
	timeouts.Write = writeTimeout
	execute, interrupt := server.Serve(l, h, config, timeouts, evicted, slog.New(log))
	s := serving{interrupt, make(chan error, 1), evicted}
	go func() { s.ended <- execute() }()
	return s
}

// serveWeb runs a server with a web configuration.
func serveWeb(l net.Listener, h http.Handler, path string, log slog.Handler) serving {
	return serveBy(server.WebConfig{Path: path}, l, h, log)
}

func serveBy(config server.WebConfig, l net.Listener, h http.Handler, log slog.Handler) serving {
	return serveWithin(time.Minute, config, l, h, log)
}

// stop ends an idle server.
func (s serving) stop(t *testing.T) {
	t.Helper()
	s.interrupt(nil)
	if err := <-s.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// pipes is a listener of in-memory connections, for synctest bubbles.
type pipes struct{ *pipe.Listener }

func newPipes() *pipes { return &pipes{pipe.Listen()} }

// dial connects and sends the text.
func (p *pipes) dial(t *testing.T, text string) net.Conn {
	t.Helper()
	client, err := p.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(client, text); err != nil {
		t.Fatal(err)
	}
	return client
}

const scrape = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"

// resource makes a resource with one family of its name and one line per object.
func resource(name string, objects ...string) *store.Resource {
	r := store.NewResource(name, []store.Family{{Name: name, Header: []byte("# TYPE " + name + " gauge\n")}}, 1)
	for _, object := range objects {
		r.Partitions()[0].Set(rendered(name, object))
	}
	return r
}

// rendered is an object for a resource of the function resource. The first letter of its name is its
// namespace.
func rendered(name, object string) store.Rendered {
	text := fmt.Appendf(nil, "%s{o=%q} 1\n", name, object)
	return store.Rendered{UID: object, Namespace: object[:1], Text: text, Ends: []int{len(text)}}
}

// Four resources, and the text of those with objects.
var (
	resources = []*store.Resource{resource("nodes", "n"), resource("pods", "p1", "p2"), resource("leases"), resource("jobs", "j")}

	nodes = "# TYPE nodes gauge\nnodes{o=\"n\"} 1\n"
	pods  = "# TYPE pods gauge\npods{o=\"p1\"} 1\npods{o=\"p2\"} 1\n"
	jobs  = "# TYPE jobs gauge\njobs{o=\"j\"} 1\n"
)

func metrics() http.Handler {
	return metricsOf(resources...)
}

func metricsOf(resources ...*store.Resource) http.Handler {
	return server.Metrics(func() []*store.Resource { return resources }, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
}

// answer is a response without most headers.
type answer struct {
	Status      int
	ContentType string
	Body        string
}

// ask sends a request. The header alternates keys and values.
func ask(h http.Handler, method, target string, header ...string) answer {
	request := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	r := httptest.NewRecorder()
	h.ServeHTTP(r, request)
	return answer{r.Code, r.Header().Get("Content-Type"), r.Body.String()}
}

const plainText = "text/plain; version=0.0.4; charset=utf-8"

// large makes a resource whose text takes many writes, with a value in every line.
func large(value int) (r *store.Resource, text string) {
	r = store.NewResource("large", []store.Family{{Name: "a", Header: []byte("# TYPE a gauge\n")}, {Name: "b", Header: []byte("# TYPE b gauge\n")}}, 1)
	fill(r.Partitions()[0], value)
	var b strings.Builder
	if err := store.NewResponse([]store.View{r.View()}, "").WriteText(&b); err != nil {
		panic(err)
	}
	return r, b.String()
}

// larges makes n resources with the content of a large one. size is that of their text.
func larges(n int) (all []*store.Resource, size int) {
	content, text := large(1)
	for i := range n {
		families := []store.Family{
			{Name: fmt.Sprint("a", i), Header: []byte("# TYPE a gauge\n")},
			{Name: fmt.Sprint("b", i), Header: []byte("# TYPE b gauge\n")},
		}
		r := store.NewResource(fmt.Sprint("large", i), families, 1)
		r.Partitions()[0].Merge(content.Partitions()...)
		all = append(all, r)
	}
	return all, n * len(text)
}

func fill(p *store.Partition, value int) {
	g := p.Begin()
	for i := range 10000 {
		name := fmt.Sprintf("%0100d", i)
		text := fmt.Appendf(nil, "a{o=%q} %d\n", name, value)
		end := len(text)
		text = fmt.Appendf(text, "b{o=%q} %d\n", name, value)
		g.Set(store.Rendered{UID: name, Text: text, Ends: []int{end, len(text)}})
	}
	p.Replace(g)
}

// source is a server.Source that does not change.
type source struct {
	resources []*store.Resource
	unsynced  []string
	shard     string
	closed    bool
}

func (s *source) Resources() []*store.Resource { return s.resources }
func (s *source) Clusters() []server.Cluster   { return nil }
func (s *source) Shard() string                { return s.shard }

func (s *source) Open() bool { return !s.closed }

// Checks pass except those of unsynced.
func (s *source) Checks() []server.Check {
	var checks []server.Check
	for _, r := range s.resources {
		if !slices.ContainsFunc(s.unsynced, func(name string) bool { return name == r.Name() || strings.HasPrefix(name, r.Name()+" in") }) {
			checks = append(checks, server.Check{Name: r.Name(), Passed: true, Detail: "synced"})
		}
	}
	for _, name := range s.unsynced {
		checks = append(checks, server.Check{Name: name, Detail: "syncing"})
	}
	return checks
}

// mainOf is a main port that serves incomplete resources.
func mainOf(s server.Source, limits server.Limits, exceeded server.Exceeded, reg prometheus.Registerer) http.Handler {
	return server.Main(s, server.ScrapeConfig{Limits: limits, Exceeded: exceeded}, server.NewProbes(s.Checks), reg)
}

func mainPort(reg prometheus.Registerer) http.Handler {
	return mainOf(&source{resources: resources}, server.Limits{Scrapes: 2, Answer: time.Minute}, never, reg)
}

// never is a server.Exceeded.
func never(func(string) bool) string { return "" }

// telemetryOf is a telemetry port with profiles.
func telemetryOf(s server.Source, own prometheus.Gatherer, probes *server.Probes) http.Handler {
	return server.Telemetry(s, server.TelemetryConfig{Own: own, Profiling: true}, probes, prometheus.NewRegistry())
}

func telemetryPort(own prometheus.Gatherer, missing ...string) http.Handler {
	s := &source{resources: resources, unsynced: missing}
	return telemetryOf(s, own, server.NewProbes(s.Checks))
}

const (
	plain = "text/plain; charset=utf-8"
	html  = "text/html; charset=UTF-8"
)
