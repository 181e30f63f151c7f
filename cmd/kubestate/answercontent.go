package main

import (
	"strings"
	"time"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/watcher"
)

// answerContent returns a function from namespaces, none for all, to the content that answers are about: as of now, or of
// the time of the snapshot.
func (b backend) answerContent(snapshot bool) func(namespaces []string) answers.Content {
	return func(namespaces []string) answers.Content {
		content := answers.Content{Resources: b.Resources(), Namespaces: namespaces, Unseen: b.unseen()}
		if !snapshot {
			content.Now = time.Now()
		}
		return content
	}
}

func (c *cluster) unseen() (all []answers.Unseen) {
	all = unseen(c.watched.Statuses())
	_, pending := c.custom.statuses(c.watched.Checks, c.watched.Pending)
	for _, name := range pending {
		all = append(all, answers.Unseen{Resource: name, State: string(watcher.Syncing)})
	}
	return all
}

// unseen returns the unreadable resources of all clusters, with the cluster in the reason.
func (s *clusterSet) unseen() (all []answers.Unseen) {
	for _, m := range s.set.Members() {
		if m.Content == nil {
			all = append(all, answers.Unseen{Resource: "all", State: string(healthOf(m).State), Reason: "cluster " + m.Name})
			continue
		}
		for _, u := range (*m.Content).unseen() {
			u.Reason = strings.TrimSuffix("cluster "+m.Name+": "+u.Reason, ": ")
			all = append(all, u)
		}
	}
	return all
}
