package main

import (
	"time"

	"github.com/kubestate/kubestate/internal/answers"
)

// asked returns what is asked about some namespaces, none for all: as of now, or of the time of the snapshot.
func (b backend) asked(snapshot bool) func(namespaces []string) answers.Content {
	return func(namespaces []string) answers.Content {
		content := answers.Content{Resources: b.Resources(), Namespaces: namespaces}
		if !snapshot {
			content.Now = time.Now()
		}
		statuses, pending := b.custom.statuses(b.Watcher.Checks, b.Pending)
		for _, s := range statuses {
			if !s.Complete {
				content.Unseen = append(content.Unseen, answers.Unseen{Resource: s.Resource, Reason: string(s.State)})
			}
		}
		for _, name := range pending {
			content.Unseen = append(content.Unseen, answers.Unseen{Resource: name, Reason: "syncing"})
		}
		return content
	}
}
