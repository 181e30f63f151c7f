package main

import (
	"time"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/watcher"
)

// asked returns what is asked about some namespaces, none for all: as of now, or of the time of the snapshot.
func (b backend) asked(snapshot bool) func(namespaces []string) answers.Content {
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
		all = append(all, answers.Unseen{Resource: name, Reason: string(watcher.Syncing)})
	}
	return all
}

// unseen names resources as if there were one cluster, and the cluster beside the reason.
func (s *clusterSet) unseen() (all []answers.Unseen) {
	for _, m := range s.set.Members() {
		if m.Content == nil {
			all = append(all, answers.Unseen{Resource: "all", Reason: "cluster " + m.Name + ": " + string(healthOf(m).State)})
			continue
		}
		for _, u := range (*m.Content).unseen() {
			u.Reason = "cluster " + m.Name + ": " + u.Reason
			all = append(all, u)
		}
	}
	return all
}
