package main

import (
	"slices"
	"strings"
	"time"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/watcher"
)

// answerContent returns a function from the selection of a request to the content that answers are about: as of now, or
// of the time of the snapshot. limits describes the limits of the objects.
func (b backend) answerContent(snapshot bool, limits func() string) func(server.AnswerFilter) answers.Content {
	return func(f server.AnswerFilter) answers.Content {
		content := answers.Content{Resources: b.Resources(), Namespaces: f.Namespaces, Limits: limits(), Unseen: b.unseen(f.Clusters)}
		if len(f.Clusters) > 0 {
			content.Resources = nil
			for _, c := range b.clusters() {
				if slices.Contains(f.Clusters, c.Name) {
					content.Resources = append(content.Resources, c.Resources...)
				}
			}
		}
		if !snapshot {
			content.Now = time.Now()
		}
		return content
	}
}

func (c *cluster) unseen([]string) (all []answers.Unseen) {
	statuses := c.watched.Statuses()
	all = append(unseen(statuses), outOfDate(statuses)...)
	_, pending := c.custom.statuses(c.watched.Checks, c.watched.Pending)
	for _, name := range pending {
		all = append(all, answers.Unseen{Resource: name, State: string(watcher.Syncing)})
	}
	return all
}

// outOfDate returns the resources that have been complete, and whose requests fail now.
func outOfDate(statuses []watcher.Status) (all []answers.Unseen) {
	for _, s := range statuses {
		if s.Complete && watcher.Worse(s.State, watcher.Absent) {
			reason := strings.TrimPrefix(s.Reason+", state of "+s.Contact.UTC().Format(time.RFC3339), ", ")
			all = append(all, answers.Unseen{Resource: s.Resource, State: string(s.State), Reason: reason, OutOfDate: true})
		}
	}
	return all
}

// unseen returns the unreadable resources of some clusters, none for all, with the cluster in the reason.
func (s *clusterSet) unseen(of []string) (all []answers.Unseen) {
	for _, m := range s.set.Members() {
		if len(of) > 0 && !slices.Contains(of, m.Name) {
			continue
		}
		if m.Content == nil {
			all = append(all, answers.Unseen{Resource: "all", State: string(healthOf(m).State), Reason: "cluster " + m.Name})
			continue
		}
		for _, u := range (*m.Content).unseen(nil) {
			u.Reason = strings.TrimSuffix("cluster "+m.Name+": "+u.Reason, ": ")
			all = append(all, u)
		}
	}
	return all
}
