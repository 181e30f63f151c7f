package listwatch

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
)

// calls records the calls of a sink and its batches.
type calls []string

func (c *calls) note(s string) { *c = append(*c, s) }

func (c *calls) Begin() Batch { c.note("begin"); return (*batchCalls)(c) }

func (c *calls) Set(o metav1.Object) error { c.note("set " + o.GetName()); return nil }

func (c *calls) Delete(o metav1.Object) { c.note("delete " + o.GetName()) }

type batchCalls calls

func (c *batchCalls) note(s string) { *c = append(*c, s) }

func (c *batchCalls) Set(o metav1.Object) error { c.note("batch " + o.GetName()); return nil }

func (c *batchCalls) Finish() { c.note("finish") }

func (c *batchCalls) Commit(func(_, _ string) bool) { c.note("commit") }

func (c *batchCalls) Abandon() { c.note("abandon") }

// responses are a status and a body for each request.
type responses []string

func (r *responses) RoundTrip(*http.Request) (*http.Response, error) {
	status, body, _ := strings.Cut((*r)[0], " ")
	*r = (*r)[1:]
	code := map[string]int{"200": http.StatusOK, "422": http.StatusUnprocessableEntity, "500": http.StatusInternalServerError}[status]
	header := http.Header{"Content-Type": {runtime.ContentTypeJSON}}
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// TestBatchesOfFailedLists checks that a batch is committed or abandoned, and nothing after that.
func TestBatchesOfFailedLists(t *testing.T) {
	const (
		pod   = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","uid":"1","resourceVersion":"5"}}`
		first = `200 {"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7","continue":"more"},"items":[` + pod + `]}`
		last  = `200 {"apiVersion":"v1","kind":"PodList","metadata":{"resourceVersion":"7"},"items":[]}`
		fails = `500 {"apiVersion":"v1","kind":"Status","status":"Failure","reason":"InternalError","code":500}`
		added = `{"type":"ADDED","object":` + pod + "}\n"
		ends  = `{"type":"BOOKMARK","object":{"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}` + "\n"
	)
	f := func(want []string, request func(*Loop) outcome, outcome outcome, answers ...string) {
		t.Helper()
		config := &rest.Config{Host: "http://api", Transport: (*responses)(&answers)}
		client, err := apiclient.New(config, scheme.Scheme)
		if err != nil {
			t.Fatal(err)
		}
		log, reg, got := slog.New(slog.DiscardHandler), prometheus.NewRegistry(), new(calls)
		m := NewMetrics(reg)
		shard := NewShard("pods", sharding.All(), nil, m)
		l := New(Config{Resource: "pods", Shard: shard, Sink: got, OnListed: func() {}, Metrics: m, Log: log})
		l.client = client.Resource(&generators.Pods, apiclient.Options{Wants: shard.Wants, Metrics: apiclient.NewMetrics(reg), Log: log})
		if o := request(l); o != outcome {
			t.Errorf("%q: %s, want %s", answers, o, outcome)
		}
		l.closeStream()
		if d := cmp.Diff(want, []string(*got)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	pages := func(l *Loop) outcome {
		l.machine.state = paging
		return l.list(t.Context(), pageSize)
	}
	stream := func(l *Loop) outcome { return l.streamList(t.Context()) }
	f([]string{"begin", "batch x", "finish", "commit"}, pages, listed, first, last)
	f([]string{"begin", "batch x", "abandon"}, pages, failing, first, fails)
	f([]string{"begin", "batch x", "finish", "commit"}, stream, listed, "200 "+added+ends)
	f([]string{"begin", "batch x", "abandon"}, stream, incomplete, "200 "+added)
	f(nil, stream, failing, fails)
}
