package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
)

// Request is a list or a watch that the API server was asked for.
type Request struct {
	User      string
	Verb      string
	Resource  string
	Namespace string
	Query     url.Values
	Code      int
}

// Initial reports whether the request asks for all objects and not only for
// changes: it is a list, or a watch that begins with one.
func (r Request) Initial() bool {
	return r.Verb == "list" || r.Query.Get("sendInitialEvents") == "true"
}

// auditEvent is the part of audit.k8s.io/v1 Event that is read here.
type auditEvent struct {
	Stage      string `json:"stage"`
	RequestURI string `json:"requestURI"`
	Verb       string `json:"verb"`
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	ObjectRef struct {
		Resource  string `json:"resource"`
		Namespace string `json:"namespace"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// Requests returns the lists and watches since the cluster began that the API
// server has begun to answer, in order, each once. They are the API server's own record:
// proof of what a client did that does not rest on the client's word.
func (c *Cluster) Requests() ([]Request, error) {
	log, err := os.ReadFile(c.path("audit.log"))
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	var requests []Request
	for line := range bytes.Lines(log) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		var event auditEvent
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("read audit log: %w", err)
		}
		// A watch passes two stages, a list one.
		if event.Verb == "watch" && event.Stage != "ResponseStarted" {
			continue
		}
		uri, err := url.Parse(event.RequestURI)
		if err != nil {
			return nil, fmt.Errorf("read audit log: %w", err)
		}
		requests = append(requests, Request{
			User:      event.User.Username,
			Verb:      event.Verb,
			Resource:  event.ObjectRef.Resource,
			Namespace: event.ObjectRef.Namespace,
			Query:     uri.Query(),
			Code:      event.ResponseStatus.Code,
		})
	}
	return requests, nil
}
