package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
)

// Request is a list or watch request.
type Request struct {
	User      string
	Verb      string
	Resource  string
	Namespace string
	Query     url.Values
	Code      int
}

// Initial reports whether the request is for all objects, not only changes: a list, or a watch that
// begins with one.
func (r Request) Initial() bool {
	return r.Verb == "list" || r.Query.Get("sendInitialEvents") == "true"
}

// auditEvent is a part of an audit.k8s.io/v1 Event.
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

// Requests returns all lists and watches to which the API server has responded, in order, from its
// audit log.
func (c *Cluster) Requests() ([]Request, error) {
	log, err := os.ReadFile(c.path("audit.log"))
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	var requests []Request
	for line := range bytes.Lines(log) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // still being written
		}
		var event auditEvent
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("read audit log: %w", err)
		}
		// A watch has two stages, a list one.
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
